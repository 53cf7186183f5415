"""Panels, meters and the generator."""

from collections.abc import Iterator

from exporter.status.checks.base import Check, Finding, Thresholds, backup_charge, islanded
from exporter.status.device_models import PanelStatus
from exporter.status.formatting import ago, listed, percent
from exporter.status.models import GatewayStatus

#: seconds without a report of any panel; those silent for a day are left to the alert, which knows
#: whether they ever reported
_DARK_SECONDS, _LONG_DARK_SECONDS = 3600.0, 86_400.0
#: share of their peak that a meter measures by day
_LIGHT_RATIO = 0.02


def _silent(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    now = status.timestamp_seconds
    yield from _panels(
        [
            panel
            for panel in status.panels
            if panel.state == "silent"
            and now - (panel.last_report_timestamp_seconds or now)
            > thresholds["inverter_silent_seconds"]
        ]
    )


def _all_silent(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    """Yield a finding where light is known by other means than the panels, none of which reports.

    Off the grid, and where somebody wants it, they may be held back.
    """
    limits = status.production_limits
    if islanded(status) or (limits is not None and limits.forced_off):
        return
    panels = [panel for panel in status.panels if panel.state != "missing"]
    stamps = [stamp for p in panels if (stamp := p.last_report_timestamp_seconds) is not None]
    age = status.timestamp_seconds - max(stamps, default=0.0)
    if not _DARK_SECONDS <= age < _LONG_DARK_SECONDS:
        return
    peak = sum(panel.max_watts or 0.0 for panel in panels)
    by_meter = peak > 0 and (status.power.solar_watts or 0.0) > _LIGHT_RATIO * peak
    if status.daylight or by_meter:
        yield Finding(f"{len(panels)} panels", max(stamps))


def _missing(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    yield from _panels([panel for panel in status.panels if panel.state == "missing"])


def _panels(panels: list[PanelStatus]) -> Iterator[Finding]:
    if panels:
        stamps = [panel.last_report_timestamp_seconds for panel in panels]
        last = min((stamp for stamp in stamps if stamp is not None), default=None)
        yield Finding(listed([panel.label for panel in panels]), last)


def _meters(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    for meter in status.meters:
        states = [state for state in (meter.metering_status,) if state not in (None, "normal")]
        if meter.enabled and (states or meter.flags):
            yield Finding(
                f"{meter.title or meter.name}, {', '.join(map(str, (*states, *meter.flags)))}"
            )


def _stale(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    if status.contact != "answers":
        return
    for meter in status.meters:
        stamp, now = meter.last_report_timestamp_seconds, status.timestamp_seconds
        if meter.enabled and stamp is not None and now - stamp > thresholds["data_stale_seconds"]:
            yield Finding(f"{meter.title or meter.name}, values of {ago(stamp, now)}", stamp)


def _generator(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    soc, generator = backup_charge(status), status.generator
    if soc is None or generator is None or generator.running is not False:
        return
    if soc < thresholds["backup_soc_low_ratio"] or soc <= (generator.start_soc_ratio or 0.0):
        yield Finding(f"{percent(soc)} left")


CHECKS: tuple[Check, ...] = (
    Check("EnphaseGeneratorNotRunning", "critical", _generator),
    Check("EnphaseMeterFault", "warning", _meters),
    Check("EnphaseDataStale", "warning", _stale),
    Check("EnphaseAllInvertersSilent", "warning", _all_silent),
    Check("EnphaseInverterSilent", "warning", _silent),
    Check("EnphaseInvertersMissing", "warning", _missing),
)
