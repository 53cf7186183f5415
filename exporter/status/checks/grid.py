"""The grid: lost, bad, or not known."""

from collections.abc import Callable, Iterator

from exporter.status.checks.base import Check, Finding, islanded
from exporter.status.formatting import ago, duration
from exporter.status.models import GatewayStatus

#: thresholds as in alertmanager/rules/
_STALE = 1800.0
_LEG_IMBALANCE = 0.10
_PROLONGED = 900.0


def _outage(*, prolonged: bool) -> Callable[[GatewayStatus], Iterator[Finding]]:
    def find(status: GatewayStatus) -> Iterator[Finding]:
        grid = status.grid
        if not islanded(status) or grid.disconnect_commanded or grid.reconnecting:
            return
        since = grid.since_timestamp_seconds
        long = since is not None and status.timestamp_seconds - since >= _PROLONGED
        if long and since is not None and prolonged:
            lasting = duration(status.timestamp_seconds - since)
            yield f"The house has been off the grid for {lasting}; nobody asked for it.", since
        elif not long and not prolonged:
            yield "The house has lost the grid, and nobody asked for it.", since

    return find


def _commanded(status: GatewayStatus) -> Iterator[Finding]:
    if islanded(status) and status.grid.disconnect_commanded:
        since = status.grid.since_timestamp_seconds
        yield "The house is off the grid because somebody commanded it.", since


def _switch_unheard(status: GatewayStatus) -> Iterator[Finding]:
    switch = status.switch
    if switch is not None and switch.communicating is False:
        name = {"enpower": "system controller", "collar": "meter collar"}[switch.kind]
        yield (
            f"The gateway does not hear the {name} {switch.serial}, so the grid is not known.",
            None,
        )


def _switch_stale(status: GatewayStatus) -> Iterator[Finding]:
    switch = status.switch
    if switch is None or switch.communicating is False:
        return
    stamp = switch.last_report_timestamp_seconds
    if stamp is not None and status.timestamp_seconds - stamp > _STALE:
        told = ago(stamp, status.timestamp_seconds)
        yield f"The system controller {switch.serial} last reported {told}.", stamp


def _collar(status: GatewayStatus) -> Iterator[Finding]:
    if status.switch is not None and status.switch.control_error:
        yield f"The meter collar reports error {status.switch.control_error:g}.", None


def _legs(status: GatewayStatus) -> Iterator[Finding]:
    legs = status.legs_volts
    if len(legs) < 2:
        return
    spread = max(legs.values()) - min(legs.values())
    if spread > _LEG_IMBALANCE * sum(legs.values()) / len(legs):
        told = ", ".join(f"{phase} {volts:.0f} V" for phase, volts in legs.items())
        yield f"The legs of the service are far apart: {told}.", None


CHECKS: tuple[Check, ...] = (
    Check(
        "EnphaseGridVoltageImbalance",
        "critical",
        _legs,
        "Switch off what is sensitive, call the emergency number of the utility and say: loose"
        " neutral.",
    ),
    Check(
        "EnphaseGridOutage",
        "critical",
        _outage(prolonged=False),
        "See whether the neighbours have light. If they have, call the utility and say that the"
        " connection of your house is bad.",
    ),
    Check(
        "EnphaseGridOutageProlonged",
        "critical",
        _outage(prolonged=True),
        "If the neighbours have power, report a bad connection at your house, and insist; then"
        " save power.",
    ),
    Check(
        "EnphaseSystemControllerNotCommunicating",
        "critical",
        _switch_unheard,
        "Look at the light of the controller; if it is dark, check its breaker.",
    ),
    Check(
        "EnphaseOffGridByCommand",
        "warning",
        _commanded,
        "Ask at home who did that; reconnect in the app if it was forgotten.",
    ),
    Check(
        "EnphaseSystemControllerReportStale",
        "warning",
        _switch_stale,
        "Look at the controller; restart the gateway if its light is as usual.",
    ),
    Check(
        "EnphaseCollarControlError",
        "warning",
        _collar,
        "Call the installer with this number; leave the collar alone, it sits on the meter.",
    ),
)
