"""What checks are made of, and what several of them need."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from exporter.findings.texts import alert_texts
from exporter.status.models import GatewayStatus, Severity

#: thresholds of the alerts by name
Thresholds = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which device and which value, and when all was last well."""

    detail: str = ""
    #: epoch seconds; None where it is not known
    since: float | None = None
    #: instead of the alert's own, where a case of it is told from the others
    summary: str = ""
    first: str = ""


Find = Callable[[GatewayStatus, Thresholds], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of problem: the alert, its severity, and how to find it."""

    alert: str
    severity: Severity
    find: Find


def patience(alert: str) -> float:
    """Return for how long (s) an alert waits before it fires."""
    return max(text.for_seconds for (name, _), text in alert_texts().items() if name == alert)


def islanded(status: GatewayStatus) -> bool:
    """Return whether the house is certainly off the grid."""
    return status.grid.connected is False


def shutdown_limit(status: GatewayStatus, thresholds: Thresholds) -> float:
    """Return the charge at which discharging ends off the grid."""
    limit = status.storage.shutdown_soc_ratio if status.storage else None
    return thresholds["shutdown_soc_ratio"] if limit is None else limit


def backup_charge(status: GatewayStatus) -> float | None:
    """Return the charge that carries the house off the grid; None on grid or where not known."""
    if not islanded(status) or status.storage is None:
        return None
    return status.storage.backup_soc_ratio
