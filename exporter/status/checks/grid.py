"""The grid: lost, bad, or not known."""

from collections.abc import Iterator

from exporter.status.checks.base import Check, Find, Finding, Thresholds, islanded, patience
from exporter.status.formatting import ago, duration
from exporter.status.models import GatewayStatus

#: a frequency below this is that of a 50 Hz grid
_BETWEEN_HERTZ = 55.0


def _outage(*, prolonged: bool) -> Find:
    def find(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
        grid = status.grid
        if not islanded(status) or grid.disconnect_commanded or grid.reconnecting:
            return
        since = grid.since_timestamp_seconds
        lasting = 0.0 if since is None else status.timestamp_seconds - since
        if (lasting >= patience("EnphaseGridOutageProlonged")) == prolonged:
            yield Finding("" if since is None else f"for {duration(lasting)}", since)

    return find


def _commanded(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if islanded(status) and status.grid.disconnect_commanded:
        yield Finding(since=status.grid.since_timestamp_seconds)


def _switch_silent(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    switch = status.switch
    if switch is not None and switch.communicating is False:
        name = {"enpower": "system controller", "collar": "meter collar"}[switch.kind]
        yield Finding(f"{name} {switch.serial}")


def _switch_stale(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    switch = status.switch
    if switch is None or switch.communicating is False:
        return
    stamp = switch.last_report_timestamp_seconds
    limit = thresholds["report_stale_seconds"]
    if stamp is not None and status.timestamp_seconds - stamp > limit:
        last = ago(stamp, status.timestamp_seconds)
        yield Finding(f"{switch.serial}, last report {last}", stamp)


def _collar(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if status.switch is not None and status.switch.control_error:
        yield Finding(f"error {status.switch.control_error:g}")


def _legs(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    legs = status.legs_volts
    if len(legs) < 2:
        return
    spread = max(legs.values()) - min(legs.values())
    if spread > thresholds["leg_imbalance_ratio"] * sum(legs.values()) / len(legs):
        yield Finding(", ".join(f"{phase} {volts:.0f} V" for phase, volts in legs.items()))


def _hertz(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    # Off grid the batteries shift the frequency on purpose, to hold back the inverters.
    if status.hertz is None or islanded(status):
        return
    nominal = 50.0 if status.hertz < _BETWEEN_HERTZ else 60.0
    if abs(status.hertz - nominal) > thresholds["grid_hertz_ratio"] * nominal:
        yield Finding(f"{status.hertz:.2f} Hz")


CHECKS: tuple[Check, ...] = (
    Check("EnphaseGridVoltageImbalance", "critical", _legs),
    Check("EnphaseGridOutage", "critical", _outage(prolonged=False)),
    Check("EnphaseGridOutageProlonged", "critical", _outage(prolonged=True)),
    Check("EnphaseSystemControllerNotCommunicating", "critical", _switch_silent),
    Check("EnphaseOffGridByCommand", "warning", _commanded),
    Check("EnphaseSystemControllerReportStale", "warning", _switch_stale),
    Check("EnphaseCollarControlError", "warning", _collar),
    Check("EnphaseGridFrequencyAbnormal", "warning", _hertz),
)
