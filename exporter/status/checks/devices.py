"""What devices report of themselves: danger, faults, limits, open relays, failed updates."""

import re
from collections.abc import Iterator
from itertools import groupby

from exporter.status.checks.base import Check, Find, Finding, Thresholds, islanded
from exporter.status.device_models import DeviceCondition, ProductionLimits
from exporter.status.formatting import KINDS, listed, percent, power
from exporter.status.models import GatewayStatus

#: share of the inverters that complain of the grid before it is the grid
_COMPLAINTS = 0.3
#: an open relay says so itself, and is a problem of its own
_OPEN_RELAY = re.compile("relay-?open", re.IGNORECASE)
_RELAY = "iq_relay"


def _in_category(category: str) -> Find:
    """Return what finds conditions of a category, those of one kind and name together."""

    def find(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
        matching = [each for each in status.conditions if each.category == category]
        for (kind, condition), group in groupby(sorted(matching, key=_kind), key=_kind):
            names = listed([each.label for each in group])
            yield Finding(f"{KINDS.get(kind, kind)} {names}, {condition}")

    return find


def _kind(condition: DeviceCondition) -> tuple[str, str]:
    return condition.kind, condition.condition


def _grid_fault(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if islanded(status):
        return
    complaints = [each for each in status.conditions if each.category == "grid"]
    relays = [
        each
        for each in complaints
        if each.kind == _RELAY and not _OPEN_RELAY.search(each.condition)
    ]
    inverters = {each.serial for each in complaints if each.kind == "inverter"}
    present = sum(panel.state != "missing" for panel in status.panels)
    if relays:
        names = listed(sorted({each.label for each in relays}))
        yield Finding(f"IQ Relay {names}, {relays[0].condition}")
    elif present and len(inverters) / present > _COMPLAINTS:
        yield Finding(f"{len(inverters)} of {present} inverters")


def _relay_open(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if islanded(status) or not status.daylight:
        return
    for relay in status.relays:
        if relay.closed is False and relay.communicating is not False:
            yield Finding(", ".join(filter(None, (relay.label, relay.reason))))


def _forced_off(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if status.production_limits is not None and status.production_limits.forced_off:
        yield Finding()


def _limited(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    limits = status.production_limits or ProductionLimits()
    held_back = [each.label for each in status.conditions if each.category == "limited"]
    limited = (
        (limits.production_limited, f"production to {percent(limits.production_ratio)}"),
        (limits.export_limited, f"export to {_export(limits)}"),
        (limits.dynamic_limited, f"{_dynamic(limits)} to {power(limits.dynamic_watts)}"),
        (held_back, listed(list(dict.fromkeys(held_back)))),
    )
    parts = [text for applies, text in limited if applies]
    if parts:
        yield Finding(", ".join(parts))


def _export(limits: ProductionLimits) -> str:
    watts = limits.export_watts
    return power(watts) if watts is not None else percent(limits.export_ratio)


def _dynamic(limits: ProductionLimits) -> str:
    return "production" if limits.dynamic_exports is False else "export"


def _update_failed(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    update = status.firmware_update
    if update is not None and update.failed:
        yield Finding(update.failure_reason)


def _overload(*, critical: bool) -> Find:
    """Return what finds a house that takes nearly or more than the batteries can give."""

    def find(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
        storage, watts = status.storage, status.power.storage_watts
        if not islanded(status) or storage is None or watts is None or not storage.rated_watts:
            return
        share = watts / storage.rated_watts
        most = 1.0 if critical else thresholds["backup_load_ratio"]
        if share >= most and (critical or share < 1):
            yield Finding(f"{percent(share)} of what they can give")

    return find


CHECKS: tuple[Check, ...] = (
    Check("EnphaseDeviceDanger", "critical", _in_category("danger")),
    Check("EnphaseBackupOverload", "critical", _overload(critical=True)),
    Check("EnphaseIqRelayOpen", "critical", _relay_open),
    Check("EnphaseBackupOverload", "warning", _overload(critical=False)),
    Check("EnphaseDeviceBroken", "warning", _in_category("broken")),
    Check("EnphaseInverterGridFault", "warning", _grid_fault),
    Check("EnphaseProductionForcedOff", "warning", _forced_off),
    Check("EnphaseFirmwareUpdateFailed", "warning", _update_failed),
    Check("EnphaseProductionLimited", "info", _limited),
)
