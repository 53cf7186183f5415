"""Panels, meters and the generator."""

from collections.abc import Iterator

from exporter.status.checks.base import BACKUP_SOC_LOW, Check, Finding, backup_charge, listed
from exporter.status.formatting import percent
from exporter.status.models import GatewayStatus, PanelStatus

#: seconds that a panel is silent, while it is day, before it is worth a word
_SILENCE = 6000.0


def _silent(status: GatewayStatus) -> Iterator[Finding]:
    now = status.timestamp_seconds
    yield from _panels(
        "silent by day",
        [
            panel
            for panel in status.panels
            if panel.state == "silent"
            and now - (panel.last_report_timestamp_seconds or now) > _SILENCE
        ],
    )


def _missing(status: GatewayStatus) -> Iterator[Finding]:
    gone = [panel for panel in status.panels if panel.state == "missing"]
    yield from _panels("missing from the list of the gateway", gone)


def _panels(words: str, found: list[PanelStatus]) -> Iterator[Finding]:
    if found:
        stamps = [panel.last_report_timestamp_seconds for panel in found]
        which = listed([panel.name or panel.serial for panel in found])
        many = f"{len(found)} panels are" if len(found) > 1 else "A panel is"
        last = min((stamp for stamp in stamps if stamp is not None), default=None)
        yield f"{many} {words}: {which}.", last


def _meters(status: GatewayStatus) -> Iterator[Finding]:
    for meter in status.meters:
        told = [*(w for w in (meter.metering_status,) if w not in (None, "normal")), *meter.flags]
        if meter.enabled and told:
            yield f"The meter {meter.name} reports {', '.join(map(str, told))}.", None


def _generator(status: GatewayStatus) -> Iterator[Finding]:
    soc, generator = backup_charge(status), status.generator
    if soc is None or generator is None or generator.running is not False:
        return
    if soc < BACKUP_SOC_LOW or soc <= (generator.start_soc_ratio or 0.0):
        yield f"Off the grid with {percent(soc)} left, and the generator does not run.", None


CHECKS: tuple[Check, ...] = (
    Check(
        "EnphaseGeneratorNotRunning",
        "critical",
        _generator,
        "Go and look: fuel, starter battery, its own switch; start it by hand if it can be.",
    ),
    Check(
        "EnphaseMeterFault",
        "warning",
        _meters,
        "If somebody worked at the panel board, ask them back; the clamp must sit on the right"
        " wire and the right way round.",
    ),
    Check(
        "EnphaseInverterSilent",
        "warning",
        _silent,
        "Wait for the next morning; if it stays silent, give the serial number to the installer.",
    ),
    Check(
        "EnphaseInvertersMissing",
        "warning",
        _missing,
        "Ask the installer whether they were removed.",
    ),
)
