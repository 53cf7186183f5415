"""The batteries, in an outage and at all times."""

from collections import Counter
from collections.abc import Callable, Iterator

from exporter.status.checks.base import (
    BACKUP_SOC_LOW,
    Check,
    Finding,
    backup_charge,
    listed,
    shutdown_limit,
)
from exporter.status.formatting import ago, celsius, duration, percent
from exporter.status.models import BatteryStatus, GatewayStatus

#: thresholds as in alertmanager/rules/thresholds.rules.yml: shares, seconds, degrees Celsius
_BACKUP_RUNTIME = 7200.0
_FLAT = 0.05
_HOT, _COLD = 55.0, -15.0
_STALE = 1800.0


def _exhausted(status: GatewayStatus) -> Iterator[Finding]:
    soc = backup_charge(status)
    if soc is not None and soc <= shutdown_limit(status) + 0.011:
        yield f"Off the grid with {percent(soc)} left: the batteries are about to switch off.", None


def _low(status: GatewayStatus) -> Iterator[Finding]:
    soc = backup_charge(status)
    if soc is not None and shutdown_limit(status) + 0.011 < soc < BACKUP_SOC_LOW:
        yield f"Off the grid, and the batteries hold only {percent(soc)}.", None


def _short(status: GatewayStatus) -> Iterator[Finding]:
    left = status.storage.runtime_seconds if status.storage else None
    if backup_charge(status) is not None and left is not None and left < _BACKUP_RUNTIME:
        yield f"Off the grid, and the batteries last {duration(left)} at this rate.", None


def _mode(status: GatewayStatus) -> Iterator[Finding]:
    storage = status.storage
    if storage and storage.mode and storage.wanted_mode and storage.mode != storage.wanted_mode:
        yield f"The storage mode is {storage.mode}; wanted is {storage.wanted_mode}.", None


def _each(
    true: Callable[[GatewayStatus, BatteryStatus], bool],
    words: Callable[[GatewayStatus, BatteryStatus], str],
) -> Callable[[GatewayStatus], Iterator[Finding]]:
    """Return what finds the batteries of which something is true."""

    def find(status: GatewayStatus) -> Iterator[Finding]:
        for battery in status.batteries:
            if true(status, battery):
                since = battery.last_report_timestamp_seconds
                yield f"Battery {battery.serial} {words(status, battery)}.", since

    return find


def _flat(status: GatewayStatus, battery: BatteryStatus) -> bool:
    least = min(0.75 * shutdown_limit(status), _FLAT)
    return (
        battery.kind == "encharge" and battery.soc_ratio is not None and battery.soc_ratio < least
    )


def _temperature(_: GatewayStatus, battery: BatteryStatus) -> bool:
    degrees = battery.temperature_celsius
    return degrees is not None and not _COLD <= degrees <= _HOT


def _stale(status: GatewayStatus, battery: BatteryStatus) -> bool:
    stamp = battery.last_report_timestamp_seconds
    if stamp is None or battery.kind != "encharge" or battery.communicating is False:
        return False
    return status.timestamp_seconds - stamp > _STALE


def _unheard(kind: str) -> Callable[[GatewayStatus, BatteryStatus], bool]:
    return lambda _, battery: battery.state == "not heard" and battery.kind == kind


def _mismatch(status: GatewayStatus) -> Iterator[Finding]:
    """Find batteries whose firmware is not that of most others of the same part number."""
    parts: dict[str, list[BatteryStatus]] = {}
    for battery in status.batteries:
        if battery.part_number and battery.firmware:
            parts.setdefault(battery.part_number, []).append(battery)
    for part, alike in parts.items():
        versions = Counter(battery.firmware for battery in alike)
        if len(versions) > 1:
            usual = versions.most_common(1)[0][0]
            others = [b.serial for b in alike if b.firmware != usual]
            yield f"Of the batteries {part}, {listed(others)} has another firmware.", None


CHECKS: tuple[Check, ...] = (
    Check(
        "EnphaseBackupBatteryExhausted",
        "critical",
        _exhausted,
        "Switch everything off but the fridge, and do not let them go lower.",
    ),
    Check(
        "EnphaseBackupBatteryLow",
        "critical",
        _low,
        "Switch off what heats, cools, cooks or charges a car; start a generator if there is one.",
    ),
    Check(
        "EnphaseBackupRuntimeShort",
        "critical",
        _short,
        "Find the largest load and switch it off: car, oven, dryer, heat pump, pool.",
    ),
    Check(
        "EnphaseBatteryDeepDischarge",
        "critical",
        _each(_flat, lambda _, b: f"is nearly flat at {percent(b.soc_ratio)}, which damages it"),
        "See whether it is charging; if not, call Enphase now and ask for a forced charge.",
    ),
    Check(
        "EnphaseBatteryNotCommunicating",
        "critical",
        _each(_unheard("encharge"), lambda *_: "is not heard by the gateway"),
        "Look at its light; note colour, or that there is none; check its DC switch and breaker.",
    ),
    Check(
        "EnphaseBatteryMissing",
        "critical",
        _each(
            lambda _, b: b.state == "missing",
            lambda *_: "has vanished from the list of the gateway",
        ),
        "Look whether its light is on; ask the installer whether somebody removed it, and why.",
    ),
    Check(
        "EnphaseBatteryDcSwitchOff",
        "warning",
        _each(lambda _, b: b.state == "switched off", lambda *_: "has its DC switch off"),
        "Ask who switched it off and why; if nobody did, turn it on again.",
    ),
    Check(
        "EnphaseBatteryNotReady",
        "warning",
        _each(lambda _, b: b.state == "not ready", lambda *_: "is not ready"),
        "Wait if an upgrade is under way; else look at its light and call Enphase.",
    ),
    Check(
        "EnphaseBatteryTemperatureAbnormal",
        "warning",
        _each(_temperature, lambda _, b: f"is at {celsius(b.temperature_celsius)}"),
        "If it is hot, touch nothing and air the room; if it smells or smokes, leave and call the"
        " fire brigade. If it is cold, expect less power until it is warm.",
    ),
    Check(
        "EnphaseBatteryReportStale",
        "warning",
        _each(
            _stale,
            lambda s, b: (
                f"last reported {ago(b.last_report_timestamp_seconds, s.timestamp_seconds)}"
            ),
        ),
        "Look at its light. If other batteries are stale too, restart the gateway.",
    ),
    Check(
        "EnphaseAcbNotCommunicating",
        "warning",
        _each(_unheard("acb"), lambda *_: "(an AC Battery) is not heard by the gateway"),
        "Look at its breaker; it speaks over the power line, so look for what is new on it.",
    ),
    Check(
        "EnphaseStorageModeChanged",
        "warning",
        _mode,
        "If it was not you, set it back in the app.",
    ),
    Check(
        "EnphaseBatteryFirmwareMismatch",
        "info",
        _mismatch,
        "Wait, as an upgrade takes days; after a week call Enphase with these numbers.",
    ),
)
