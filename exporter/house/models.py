"""The powers and flows of a house, where they come from, and the grid state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.gateway.flow_energy import Flow

#: names of the sources, in the label `source`
METER, SECTION, INVERTERS, BATTERIES, LIVE = (
    "ct",
    "production",
    "inverters",
    "batteries",
    "livedata",
)
BALANCE, NO_GRID = "balance", "off_grid"


@dataclass(frozen=True, slots=True)
class Power:
    """A power in W with its source; `incoming` and `outgoing` are registers of its two directions.

    Registers are guarded energies in joules by name.
    """

    watts: float
    source: str
    incoming: Mapping[str, float] = field(default_factory=dict)
    outgoing: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LegFlows:
    """What flows on one leg, in W."""

    solar_watts: float | None = None
    house_watts: float | None = None
    grid_import_watts: float | None = None
    grid_export_watts: float | None = None


@dataclass(frozen=True, slots=True)
class PowerSource:
    """Where a power comes from."""

    source: str


@dataclass(frozen=True, slots=True)
class House:
    """The grid state and the powers in W; None is unknown."""

    grid_connected: int | None = None
    grid_disconnect_commanded: int | None = None
    solar_watts: float | None = None
    house_watts: float | None = None
    grid_import_watts: float | None = None
    grid_export_watts: float | None = None
    battery_charge_watts: float | None = None
    battery_discharge_watts: float | None = None


@dataclass(frozen=True, slots=True)
class DerivedHouse:
    """What was derived from a snapshot: members of a reading, flows to count, and its times."""

    data: Mapping[str, Any]
    flows: Mapping[tuple[str, ...], Flow]
    expires: float
    #: when the newest of the values behind it was read, in epoch seconds
    read_at: float
