"""Whether the house is connected to the grid, and if not, whether somebody asked for that.

Only the switch between house and grid knows: the system controller or the meter collar. Where
there is neither, or it does not communicate, nothing is claimed.
"""

from collections.abc import Mapping
from typing import Any

from exporter.metrics.table import Table, derived
from exporter.metrics.units import closed, flag, on_grid


def _heard(data: Mapping[str, Any], member: str) -> Any:
    """Return the device if the gateway hears it; what it last knew of a lost one proves nothing."""
    device = data.get(member)
    return device if device is not None and flag(device.communicating) == 1 else None


def connected(data: Mapping[str, Any]) -> float | None:
    """Return whether the switch towards the grid is closed."""
    enpower = _heard(data, "enpower")
    if enpower is not None:
        # No look at `grid_mode`, which says on-grid in the middle of an outage.
        return closed(enpower.mains_oper_state)
    collar = _heard(data, "collar")
    if collar is None:
        return None
    # No look at `grid_state`, which stays wrong in the field.
    known = on_grid(collar.admin_state_str)
    return closed(collar.mid_state) if known is None else known


def disconnect_commanded(data: Mapping[str, Any]) -> float | None:
    """Return whether somebody told the system controller to leave the grid."""
    enpower = _heard(data, "enpower")
    stay = None if enpower is None else closed(enpower.mains_admin_state)
    return None if stay is None else 1 - stay


DERIVED = Table(
    "Grid",
    "ensemble",
    "",
    (
        derived(
            "enphase_grid_connected",
            "Whether the house is connected to the grid: 1 connected, 0 islanded.",
            connected,
            (
                "enpower.communicating",
                "enpower.mains_oper_state",
                "collar.communicating",
                "collar.admin_state_str",
                "collar.mid_state",
            ),
            flag,
        ),
        derived(
            "enphase_grid_disconnect_commanded",
            "Whether somebody commanded the house off the grid: 1 commanded, 0 not.",
            disconnect_commanded,
            ("enpower.communicating", "enpower.mains_admin_state"),
            flag,
        ),
    ),
)

TABLES = (DERIVED,)
