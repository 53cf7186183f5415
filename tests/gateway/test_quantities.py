"""What a site tells as a whole is expected once some answer had it."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.inventory import Inventory
from exporter.gateway.quantities import note
from exporter.gateway.state_model import GatewayState
from exporter.house import House
from exporter.snapshot import HOUSE, Reading, Snapshot
from tests.polled_gateway import START

BATTERY, NO_CHARGE = SimpleNamespace(soc=80), SimpleNamespace(soc=None)
AGGREGATE = SimpleNamespace(state_of_charge=80)
EMPTY_AGGREGATE = SimpleNamespace(state_of_charge=None)


@pytest.fixture
def inventory() -> Inventory:
    """Return what is known of a gateway before its first answer."""
    return Inventory("home", GatewayState(), VirtualClock(START))


def snapshot(members: Mapping[str, dict[str, Any]], expires: float = float("inf")) -> Snapshot:
    """Return a snapshot with the members of these collectors."""
    readings = {name: Reading(data, START, expires) for name, data in members.items()}
    return Snapshot("home", readings)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, set()),
        ({HOUSE: {"house": House()}}, set()),
        ({HOUSE: {"house": House(grid_connected=0)}}, {"grid_state"}),
        ({HOUSE: {"house": House(grid_export_watts=0.0)}}, {"power"}),
        ({"battery_power": {"encharge_power": {"1": BATTERY}}}, {"soc"}),
        ({"battery_power": {"encharge_power": {"1": NO_CHARGE}}}, set()),
        ({"storage": {"encharge_aggregate": AGGREGATE}}, {"soc", "storage"}),
        ({"storage": {"battery_aggregate": EMPTY_AGGREGATE}}, {"storage"}),
    ],
)
def test_a_quantity_is_there_when_any_source_has_it(
    inventory: Inventory, members: dict[str, Any], expected: set[str]
) -> None:
    """A value of zero is one."""
    note(inventory, snapshot(members), 0.0, tried=True)
    assert inventory.remembered("quantity") == expected
    assert inventory.missing("quantity") == set()


def test_one_source_stands_for_another(inventory: Inventory) -> None:
    """The charge is there while the sum or any battery has it."""
    note(inventory, snapshot({"storage": {"encharge_aggregate": AGGREGATE}}), 0.0, tried=True)
    batteries = {"encharge_power": {"1": NO_CHARGE, "2": BATTERY}}
    note(inventory, snapshot({"battery_power": batteries}), 0.0, tried=True)
    assert inventory.missing("quantity") == {"storage"}


def test_what_has_expired_is_missing(inventory: Inventory) -> None:
    """The last word of a source counts no longer than its reading."""
    members = {HOUSE: {"house": House(grid_connected=1)}}
    note(inventory, snapshot(members, 100.0), 99.0, tried=True)
    assert inventory.missing("quantity") == set()
    note(inventory, snapshot(members, 100.0), 100.0, tried=True)
    assert inventory.missing("quantity") == {"grid_state"}


def test_nothing_is_missing_before_everything_was_tried(inventory: Inventory) -> None:
    """After a restart the first look takes its time, while what comes back is noted at once."""
    whole = snapshot({HOUSE: {"house": House(grid_connected=1)}})
    note(inventory, whole, 0.0, tried=True)
    note(inventory, snapshot({}), 0.0, tried=False)
    assert inventory.missing("quantity") == set()
    note(inventory, snapshot({}), 0.0, tried=True)
    assert inventory.missing("quantity") == {"grid_state"}
    note(inventory, whole, 0.0, tried=False)
    assert inventory.missing("quantity") == set()
