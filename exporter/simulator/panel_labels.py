"""Names of the panels of a simulated home, and their places on the plan of the roof.

As `inverters:` in the configuration has it, so that demo and pictures show a roof with names.
"""

from collections.abc import Sequence
from itertools import count
from math import ceil, sqrt
from typing import Any

from exporter.simulator.homes.device_states import inverter_serial
from exporter.simulator.physics.pv_array import PanelPlane, default_planes
from exporter.simulator.scenario import Scenario

_BY_AZIMUTH = {0: "North roof", 180: "South roof", 265: "West roof"}
_GARAGE, _ROOF, _WEST = "Garage", "Roof", "West roof"
#: from left to right; between two of them one place stays free
_ORDER = (_WEST, *(name for name in _BY_AZIMUTH.values() if name != _WEST), _ROOF, _GARAGE)
#: an array is so many times as wide as high, but never a single row
_WIDE, _FEWEST_ROWS = 4, 2


def panel_labels(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Return name, array and place of each inverter of a scenario's home, by serial number."""
    arrays = [
        _array(plane)
        for plane in default_planes(scenario.site, scenario.latitude)
        for _ in range(plane.panels)
    ]
    places = _places(arrays)
    numbers = {array: count(1) for array in arrays}
    return {
        inverter_serial(index): {
            "array": array,
            "name": f"{array.split()[0]} {next(numbers[array])}",
            "x": x,
            "y": y,
        }
        for index, (array, (x, y)) in enumerate(zip(arrays, places, strict=True))
    }


def _array(plane: PanelPlane) -> str:
    return _GARAGE if plane.contact else _BY_AZIMUTH.get(round(plane.azimuth), _ROOF)


def _places(arrays: Sequence[str]) -> list[tuple[int, int]]:
    """Return the place of each panel: its array left to right, from the top row down."""
    positions: dict[str, list[tuple[int, int]]] = {}
    left = 0
    for array in _ORDER:
        if not (panels := arrays.count(array)):
            continue
        rows = max(_FEWEST_ROWS, round(sqrt(panels / _WIDE)))
        columns = ceil(panels / rows)
        if array == _WEST:
            # its ridge runs north to south
            rows, columns = columns, rows
        positions[array] = [
            (left + number % columns, rows - 1 - number // columns) for number in range(panels)
        ]
        left += columns + 1
    free = {array: iter(places) for array, places in positions.items()}
    return [next(free[array]) for array in arrays]
