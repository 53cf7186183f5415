"""What checks are made of, and what several of them ask."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from exporter.status.models import GatewayStatus, Severity

#: charge below which a house off the grid is running low
BACKUP_SOC_LOW = 0.25
#: where batteries stop discharging off the grid, for gateways that do not tell
_SHUTDOWN = 0.10
#: how many a sentence names
_NAMED = 5

#: a sentence, and when all was last well (epoch seconds) if that is known
Finding = tuple[str, float | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of problem: the alert, how bad it is, how it is found, what to do first."""

    alert: str
    severity: Severity
    find: Callable[[GatewayStatus], Iterable[Finding]]
    first: str


def islanded(status: GatewayStatus) -> bool:
    """Return whether the house is certainly off the grid."""
    return status.grid.connected is False


def shutdown_limit(status: GatewayStatus) -> float:
    """Return the charge at which discharging ends off the grid."""
    told = status.storage.shutdown_soc_ratio if status.storage else None
    return _SHUTDOWN if told is None else told


def backup_charge(status: GatewayStatus) -> float | None:
    """Return the charge that carries the house off the grid; None where it does not."""
    if not islanded(status) or status.storage is None:
        return None
    return status.storage.backup_soc_ratio


def listed(names: list[str]) -> str:
    """Return some of these names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
