"""What is wrong with a house, as far as one snapshot can confirm it, worst first.

A check names the alert and finds what it fires for. Thresholds and texts are those of the rules;
what is added here is which device and which value. The rules look at hours and days as well, so
they see more. A condition that a rule judges by its length is never ranked worse than the rule
does.
"""

from collections.abc import Mapping

from exporter.findings.texts import AlertText, alert_texts
from exporter.status.checks import batteries, devices, equipment, gateway, grid
from exporter.status.models import SEVERITIES, GatewayStatus, Problem

#: among problems of one severity, the order here is the order on the page
CHECKS = (
    *devices.CHECKS,
    *gateway.CHECKS,
    *grid.CHECKS,
    *batteries.CHECKS,
    *equipment.CHECKS,
)


def problems(status: GatewayStatus, thresholds: Mapping[str, float]) -> tuple[Problem, ...]:
    """Return what is wrong, worst first."""
    result = []
    for check in CHECKS:
        for finding in check.find(status, thresholds):
            text = alert_text(check.alert, check.severity)
            summary = finding.summary or text.summary
            sentence = summary
            if finding.detail:
                end = "" if finding.detail.endswith("?") else "."
                sentence = f"{summary.rstrip('.')}: {finding.detail}{end}"
            result.append(
                Problem(
                    check.alert,
                    check.severity,
                    sentence,
                    finding.first or text.first,
                    text.runbook_url,
                    finding.since,
                    summary,
                    finding.detail,
                )
            )
    return tuple(sorted(result, key=lambda problem: SEVERITIES.index(problem.severity)))


def alert_text(alert: str, severity: str) -> AlertText:
    """Return the text of an alert, of another severity where it has none of this one."""
    texts = alert_texts()
    other = (text for (name, _), text in texts.items() if name == alert)
    return texts.get((alert, severity)) or next(other)
