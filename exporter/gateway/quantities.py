"""What a site tells as a whole: the grid state, the charge, all powers together, the storage.

Each of them can come from several responses. It is expected once one of them had it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.gateway.inventory import Inventory
from exporter.snapshot import HOUSE, Reading, Snapshot

KIND = "quantity"
GRID_STATE, CHARGE, POWER, STORAGE = "grid_state", "soc", "power", "storage"
_ALL = (GRID_STATE, CHARGE, POWER, STORAGE)
_POWERS = (
    "solar_watts",
    "house_watts",
    "grid_import_watts",
    "grid_export_watts",
    "battery_charge_watts",
    "battery_discharge_watts",
)


def note(inventory: Inventory, snapshot: Snapshot, now: float, *, tried: bool) -> None:
    """Take note of the quantities that a snapshot has; unless `tried`, none is missing by that."""
    readings = {
        name: reading
        for name in snapshot.readings
        if (reading := snapshot.fresh(name, now)) is not None
    }
    present = set(_present(readings))
    for quantity in _ALL:
        if tried or quantity in present:
            inventory.note(KIND, quantity, {quantity} & present)


def _present(readings: Mapping[str, Reading]) -> Iterator[str]:
    house = _member(readings, HOUSE, "house")
    if getattr(house, "grid_connected", None) is not None:
        yield GRID_STATE
    if any(getattr(house, name, None) is not None for name in _POWERS):
        yield POWER
    aggregates = [
        aggregate
        for name in ("encharge_aggregate", "battery_aggregate")
        if (aggregate := _member(readings, "storage", name)) is not None
    ]
    if aggregates:
        yield STORAGE
    batteries = (_member(readings, "battery_power", "encharge_power") or {}).values()
    if any(battery.soc is not None for battery in batteries) or any(
        aggregate.state_of_charge is not None for aggregate in aggregates
    ):
        yield CHARGE


def _member(readings: Mapping[str, Reading], collector: str, name: str) -> Any:
    reading = readings.get(collector)
    return None if reading is None else reading.data.get(name)
