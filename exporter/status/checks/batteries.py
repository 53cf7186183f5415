"""The batteries, in an outage and at all times."""

from collections import Counter
from collections.abc import Callable, Iterator

from exporter.status.checks.base import (
    Check,
    Find,
    Finding,
    Thresholds,
    backup_charge,
    shutdown_limit,
)
from exporter.status.device_models import BatteryStatus
from exporter.status.formatting import ago, celsius, duration, listed, percent
from exporter.status.models import GatewayStatus

#: the gateway rounds the charge to percent, so this much above the limit is at the limit
_ROUNDING = 0.011


def _exhausted(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    soc = backup_charge(status)
    if soc is not None and soc <= shutdown_limit(status, thresholds) + _ROUNDING:
        yield Finding(f"{percent(soc)} left")


def _low(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    soc = backup_charge(status)
    limit = shutdown_limit(status, thresholds) + _ROUNDING
    if soc is not None and limit < soc < thresholds["backup_soc_low_ratio"]:
        yield Finding(f"{percent(soc)} left")


def _runtime_short(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    left = status.storage.runtime_seconds if status.storage else None
    if (
        backup_charge(status) is not None
        and left is not None
        and left < thresholds["backup_runtime_seconds"]
    ):
        yield Finding(f"{duration(left)} left")


def _mode(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    storage = status.storage
    if storage is None or storage.mode_current is False:
        return
    if storage.mode and storage.wanted_mode and storage.mode != storage.wanted_mode:
        yield Finding(f"{storage.mode} instead of {storage.wanted_mode}")


def _each(
    applies: Callable[[GatewayStatus, Thresholds, BatteryStatus], bool],
    detail: Callable[[GatewayStatus, BatteryStatus], str] = lambda *_: "",
) -> Find:
    """Return what finds the batteries to which a condition applies."""

    def find(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
        for battery in status.batteries:
            if applies(status, thresholds, battery):
                more = detail(status, battery)
                text = f"{battery.label}, {more}" if more else battery.label
                yield Finding(text, battery.last_report_timestamp_seconds)

    return find


def _in_state(state: str, kind: str = "encharge") -> Find:
    return _each(lambda _, __, battery: battery.state == state and battery.kind == kind)


def _flat(status: GatewayStatus, thresholds: Thresholds, battery: BatteryStatus) -> bool:
    limit = min(0.75 * shutdown_limit(status, thresholds), thresholds["battery_flat_soc_ratio"])
    return (
        battery.kind == "encharge" and battery.soc_ratio is not None and battery.soc_ratio < limit
    )


def _temperature(_: GatewayStatus, thresholds: Thresholds, battery: BatteryStatus) -> bool:
    degrees = battery.temperature_celsius
    return degrees is not None and not (
        thresholds["battery_cold_celsius"] <= degrees <= thresholds["battery_hot_celsius"]
    )


def _stale(status: GatewayStatus, thresholds: Thresholds, battery: BatteryStatus) -> bool:
    stamp = battery.last_report_timestamp_seconds
    if stamp is None or battery.kind != "encharge" or battery.communicating is False:
        return False
    return status.timestamp_seconds - stamp > thresholds["report_stale_seconds"]


def _asleep(status: GatewayStatus, thresholds: Thresholds, battery: BatteryStatus) -> bool:
    """Return whether an AC Battery sleeps although nobody wants it to."""
    return battery.kind == "acb" and battery.state == "asleep" and battery.sleep_enabled is False


def _capacity_lost(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    storage = status.storage
    if storage is None or storage.commissioning or not storage.backup_capacity_joules:
        return
    expected = (storage.commissioned_capacity_joules or 0.0) * min(storage.health_ratio or 1.0, 1.0)
    expected -= storage.missing_capacity_joules or 0.0
    if expected <= 0:
        return
    share = storage.backup_capacity_joules / expected
    if share < thresholds["storage_capacity_ratio"]:
        yield Finding(f"{percent(share)} of what is expected for their age")


def _degraded(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    health = status.storage.health_ratio if status.storage else None
    if health is not None and health < thresholds["storage_health_ratio"]:
        yield Finding(percent(health))


def _firmware_mismatch(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    """Find batteries whose firmware is not that of most others with the same part number."""
    by_part: dict[str, list[BatteryStatus]] = {}
    for battery in status.batteries:
        if battery.part_number and battery.firmware:
            by_part.setdefault(battery.part_number, []).append(battery)
    for alike in by_part.values():
        versions = Counter(battery.firmware for battery in alike)
        if len(versions) > 1:
            usual = versions.most_common(1)[0][0]
            others = [battery.label for battery in alike if battery.firmware != usual]
            yield Finding(f"{listed(others)}, unlike {usual}")


CHECKS: tuple[Check, ...] = (
    Check("EnphaseBackupBatteryExhausted", "critical", _exhausted),
    Check("EnphaseBackupBatteryLow", "critical", _low),
    Check("EnphaseBackupRuntimeShort", "critical", _runtime_short),
    Check(
        "EnphaseBatteryDeepDischarge",
        "critical",
        _each(_flat, lambda _, battery: percent(battery.soc_ratio)),
    ),
    Check("EnphaseBatteryNotCommunicating", "critical", _in_state("not communicating")),
    Check("EnphaseBatteryMissing", "critical", _in_state("missing")),
    Check("EnphaseBatteryDcSwitchOff", "warning", _in_state("switched off")),
    Check("EnphaseBatteryNotReady", "warning", _in_state("not ready")),
    Check(
        "EnphaseBatteryTemperatureAbnormal",
        "warning",
        _each(_temperature, lambda _, battery: celsius(battery.temperature_celsius)),
    ),
    Check(
        "EnphaseBatteryReportStale",
        "warning",
        _each(
            _stale,
            lambda status, battery: (
                "last report "
                + ago(battery.last_report_timestamp_seconds, status.timestamp_seconds)
            ),
        ),
    ),
    Check("EnphaseAcbNotCommunicating", "warning", _in_state("not communicating", "acb")),
    Check("EnphaseAcbAsleep", "warning", _each(_asleep)),
    Check("EnphaseStorageCapacityLost", "warning", _capacity_lost),
    Check("EnphaseStorageModeChanged", "warning", _mode),
    Check("EnphaseBatteryFirmwareMismatch", "info", _firmware_mismatch),
    Check("EnphaseStorageDegraded", "info", _degraded),
)
