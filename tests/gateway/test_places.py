"""Names, arrays and places of inverters are the owner's word, also of those that are gone."""

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
    """Return where `/metrics` says that inverters lie, by serial."""
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
    """Zero is a place like any other; one that the gateway never told of is not made up."""
    async with polled_gateway("solar-only", tmp_path, inverters=LABELS) as watched:
        await watched.pass_time(10)
        assert places(watched) == {FIRST: (0, 2.5), SECOND: (-1.5, 0)}
        panels = {panel.serial: panel for panel in watched.status().panels}
    assert (panels[SECOND].x, panels[SECOND].y) == (-1.5, 0)
    assert (panels[THIRD].x, panels[THIRD].y) == (None, None)


async def test_no_place_is_told_where_none_is_configured(tmp_path: Path) -> None:
    """Who has no plan has no series for it."""
    async with polled_gateway("solar-only", tmp_path) as watched:
        await watched.pass_time(10)
        assert not {name for name in watched.names() if "position" in name}


async def test_one_that_leaves_the_list_keeps_its_place(tmp_path: Path) -> None:
    """Whoever looks for the gap finds it by name and place, also after a restart."""

    def without_first(told: list[dict[str, Any]]) -> object:
        return [each for each in told if each["serialNumber"] != FIRST]

    async with polled_gateway("solar-only", tmp_path, inverters=LABELS) as watched:
        await watched.pass_time(10)
    async with polled_gateway("solar-only", tmp_path, inverters=LABELS) as watched:
        watched.gateway.faults[INVERTERS] = Edit(without_first)
        await watched.pass_time(240)
        assert watched.value("enphase_inverter_present", serial=FIRST) == 0
        assert watched.value("enphase_inverter_watts", serial=FIRST) is None
        info = {
            dict(told)["serial"]: dict(told) for told in watched.samples()["enphase_inverter_info"]
        }
        assert (info[FIRST]["name"], info[FIRST]["array"]) == ("Ridge 1", "Ridge")
        assert places(watched)[FIRST] == (0, 2.5)
        (gone,) = (panel for panel in watched.status().panels if panel.state == "missing")
    assert (gone.serial, gone.name, gone.array, gone.x, gone.y) == (
        FIRST,
        *("Ridge 1", "Ridge", 0, 2.5),
    )
