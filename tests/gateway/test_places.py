"""Names, arrays and positions of inverters come from the configuration, also of missing ones."""

from pathlib import Path
from typing import Any

from exporter.simulator.faults import Edit
from exporter.simulator.homes.device_states import inverter_serial
from tests.polled_gateway import PolledGateway, polled_gateway

INVERTERS = "/api/v1/production/inverters"
FIRST, SECOND, THIRD = map(inverter_serial, range(3))
LABELS: dict[str, dict[str, Any]] = {
    FIRST: {"name": "Ridge 1", "array": "Ridge", "x": 0, "y": "2.5"},
    SECOND: {"name": "Ridge 2", "x": -1.5, "y": 0},
    THIRD: {"name": "Ridge 3"},
    "no such serial": {"x": 7, "y": 7},
}


def places(watched: PolledGateway) -> dict[str, tuple[float, float]]:
    """Return the positions of inverters on `/metrics`, by serial."""
    across, up = (
        {
            dict(labels)["serial"]: value
            for labels, value in watched.samples()[f"enphase_inverter_position_{axis}"].items()
        }
        for axis in "xy"
    )
    assert across.keys() == up.keys()
    return {serial: (x, up[serial]) for serial, x in across.items()}


async def test_only_inverters_with_a_place_have_one(tmp_path: Path) -> None:
    """Zero is a valid position; an inverter unknown to the gateway has none."""
    async with polled_gateway("solar-only", tmp_path, inverters=LABELS) as watched:
        await watched.pass_time(10)
        assert places(watched) == {FIRST: (0, 2.5), SECOND: (-1.5, 0)}
        panels = {panel.serial: panel for panel in watched.status().panels}
    assert (panels[SECOND].x, panels[SECOND].y) == (-1.5, 0)
    assert (panels[THIRD].x, panels[THIRD].y) == (None, None)


async def test_no_position_is_exported_where_none_is_configured(tmp_path: Path) -> None:
    """Without positions there are no series of them."""
    async with polled_gateway("solar-only", tmp_path) as watched:
        await watched.pass_time(10)
        assert not {name for name in watched.names() if "position" in name}


async def test_one_that_leaves_the_list_keeps_its_place(tmp_path: Path) -> None:
    """A missing inverter keeps its name and position, also after a restart."""

    def without_first(document: list[dict[str, Any]]) -> object:
        return [each for each in document if each["serialNumber"] != FIRST]

    async with polled_gateway("solar-only", tmp_path, inverters=LABELS) as watched:
        await watched.pass_time(10)
    async with polled_gateway("solar-only", tmp_path, inverters=LABELS) as watched:
        watched.gateway.faults[INVERTERS] = Edit(without_first)
        await watched.pass_time(240)
        assert watched.value("enphase_inverter_present", serial=FIRST) == 0
        assert watched.value("enphase_inverter_watts", serial=FIRST) is None
        info = {
            dict(labels)["serial"]: dict(labels)
            for labels in watched.samples()["enphase_inverter_info"]
        }
        assert (info[FIRST]["name"], info[FIRST]["array"]) == ("Ridge 1", "Ridge")
        assert places(watched)[FIRST] == (0, 2.5)
        (gone,) = (panel for panel in watched.status().panels if panel.state == "missing")
    assert (gone.serial, gone.name, gone.array, gone.x, gone.y) == (
        FIRST,
        *("Ridge 1", "Ridge", 0, 2.5),
    )
