"""What is wrong with a house, worst first, with where its runbook stands."""

from exporter.status.checks import batteries, equipment, gateway, grid
from exporter.status.models import SEVERITIES, GatewayStatus, Problem

#: as in the annotations of the rules
RUNBOOKS = "https://github.com/enphase-exporter/enphase-exporter/blob/main/alertmanager/runbooks"
#: among equals, what stands first here is told first
CHECKS = (*gateway.CHECKS, *grid.CHECKS, *batteries.CHECKS, *equipment.CHECKS)


def problems(status: GatewayStatus) -> tuple[Problem, ...]:
    """Return what is wrong, worst first."""
    found = [
        Problem(check.alert, check.severity, text, check.first, runbook(check.alert), since)
        for check in CHECKS
        for text, since in check.find(status)
    ]
    return tuple(sorted(found, key=lambda problem: SEVERITIES.index(problem.severity)))


def runbook(alert: str) -> str:
    """Return where the runbook of an alert stands."""
    return f"{RUNBOOKS}/{alert}.md"
