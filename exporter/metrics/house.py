"""What flows in the house, from the best source of each power, and whether it is on the grid."""

from exporter.metrics.table import (
    EnergyCounter,
    EnergyGauge,
    InfoMetric,
    MetricRow,
    Table,
    gauge,
)
from exporter.metrics.units import flag, watts
from exporter.snapshot import HOUSE

#: name of each flow in metrics and fields, and what it is
_FLOWS = (
    ("solar", "that the panels produce"),
    ("house", "that the house uses"),
    ("grid_import", "drawn from the grid"),
    ("grid_export", "fed into the grid"),
    ("battery_charge", "charged into the batteries"),
    ("battery_discharge", "discharged from the batteries"),
)
_LEG_FLOWS = _FLOWS[:4]


def _rows(name: str, what: str) -> tuple[MetricRow, ...]:
    """Return the rows of one flow: its power, and its energy so far and by day."""
    field = f"{name}_watts"
    return (
        gauge(f"enphase_{name}_watts", f"Power {what}, from its best source.", field, watts),
        EnergyCounter(
            f"enphase_{name}_joules_total",
            f"Energy {what}, from the registers of its best source, else from its power.",
            f"{name}_joules",
            reads=(field,),
        ),
        EnergyGauge(
            f"enphase_{name}_today_joules",
            f"Energy {what} since midnight.",
            f"{name}_today",
            reads=(field,),
        ),
        EnergyGauge(
            f"enphase_{name}_yesterday_joules",
            f"Energy {what} yesterday.",
            f"{name}_yesterday",
            reads=(field,),
        ),
    )


def _leg_rows(name: str, what: str) -> tuple[MetricRow, ...]:
    field = f"{name}_watts"
    return (
        gauge(f"enphase_{name}_phase_watts", f"Power {what} on the phase.", field, watts),
        EnergyCounter(
            f"enphase_{name}_phase_joules_total",
            f"Energy {what} on the phase.",
            f"{name}_joules",
            reads=(field,),
        ),
    )


GRID = Table(
    "Grid",
    HOUSE,
    "house",
    (
        gauge(
            "enphase_grid_connected",
            "Whether the house is connected to the grid: 1 connected, 0 islanded.",
            "grid_connected",
            flag,
        ),
        gauge(
            "enphase_grid_disconnect_commanded",
            "Whether somebody commanded the house off the grid: 1 commanded, 0 not.",
            "grid_disconnect_commanded",
            flag,
        ),
    ),
)

FLOWS = Table(
    "House", HOUSE, "house", tuple(row for name, what in _FLOWS for row in _rows(name, what))
)

LEGS = Table(
    "House",
    HOUSE,
    "house_legs.*",
    tuple(row for name, what in _LEG_FLOWS for row in _leg_rows(name, what)),
    keys=("phase",),
)

SOURCES = Table(
    "House",
    HOUSE,
    "power_sources.*",
    (
        InfoMetric(
            "enphase_power_source_info",
            "Where a power comes from, or came from last: a meter, other devices or a balance.",
            describes=(("source", "source"),),
        ),
    ),
    keys=("quantity",),
)

TABLES = (GRID, FLOWS, LEGS, SOURCES)
