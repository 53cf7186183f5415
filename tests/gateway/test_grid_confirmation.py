"""A grid state is believed when a second answer agrees; one odd answer is no outage."""

from types import SimpleNamespace

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.endpoints import ensemble_inventory, ensemble_relay, meters
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.grid_state import GridConfirmation
from tests.polled_gateway import START

RELAY, INVENTORY = ensemble_relay.ENDPOINT.path, ensemble_inventory.ENDPOINT.path


def relay(oper: str | None, admin: str = "closed") -> Parsed:
    """Return the answer of the small endpoint."""
    return Parsed({"relay": SimpleNamespace(mains_oper_state=oper, mains_admin_state=admin)})


def collar(state: str) -> Parsed:
    """Return an inventory with a meter collar."""
    return Parsed({"collar": SimpleNamespace(admin_state_str=state, mid_state="close")})


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that a test moves."""
    return VirtualClock(START)


@pytest.fixture
def grid(clock: VirtualClock) -> GridConfirmation:
    """Return what believes nothing yet."""
    return GridConfirmation(clock)


def test_the_first_answer_is_believed(grid: GridConfirmation) -> None:
    """There is nothing that it could contradict, and nothing has changed."""
    assert grid.confirmed(RELAY, relay("open"))
    assert not grid.changed


def test_a_slip_is_held_back(grid: GridConfirmation) -> None:
    """The answer after it is as before, and no change was ever believed."""
    states = ["closed", "open", "closed", "open", "closed"]
    assert [grid.confirmed(RELAY, relay(s)) for s in states] == [True, False, True, False, True]
    assert not grid.changed


def test_an_outage_is_believed_with_its_second_answer(grid: GridConfirmation) -> None:
    """So is its end, and each is a change."""
    for state in ("open", "closed"):
        grid.confirmed(RELAY, relay("closed" if state == "open" else "open"))
        grid.changed = False
        assert not grid.confirmed(RELAY, relay(state))
        assert not grid.changed
        assert grid.confirmed(RELAY, relay(state))
        assert grid.changed


def test_a_command_is_a_change_too(grid: GridConfirmation) -> None:
    """What was commanded says whether an open relay is an outage."""
    grid.confirmed(RELAY, relay("closed"))
    assert not grid.confirmed(RELAY, relay("closed", admin="open"))
    assert grid.confirmed(RELAY, relay("closed", admin="open"))


async def test_what_switches_all_the_time_is_reported_in_the_end(
    grid: GridConfirmation, clock: VirtualClock
) -> None:
    """A doubt ends after some seconds, whatever the answers say."""
    grid.confirmed(RELAY, relay("closed"))
    believed = []
    for number in range(8):
        believed.append(grid.confirmed(RELAY, relay(f"state {number}")))
        await clock.sleep(3)
    assert believed == [False, False, False, False, False, False, True, False]


def test_each_endpoint_has_its_own_memory(grid: GridConfirmation) -> None:
    """The inventory does not confirm what the small endpoint says."""
    grid.confirmed(RELAY, relay("closed"))
    grid.confirmed(INVENTORY, collar("ENCMN_MDE_ON_GRID"))
    assert not grid.confirmed(RELAY, relay("open"))
    assert not grid.confirmed(INVENTORY, collar("ENCMN_MDE_OFF_GRID"))
    assert grid.confirmed(INVENTORY, collar("ENCMN_MDE_OFF_GRID"))
    assert grid.confirmed(RELAY, relay("open"))


def test_other_answers_need_no_confirmation(grid: GridConfirmation) -> None:
    """They say nothing of the grid state."""
    assert grid.confirmed(meters.SETUP.path, relay("closed"))
    assert grid.confirmed(meters.SETUP.path, relay("open"))
    assert not grid.changed
