"""Outages: the switch opens, batteries carry the house, go flat, and the way back."""

import pytest

from exporter.simulator.homes.models import HomeState
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import constant_sky
from tests.simulator.physics.sample_simulations import HOUR, group, house, read_json


def _dark_winter(**how: object) -> HomeSimulation:
    """Return a house without sun worth mentioning, whose batteries are at their reserve."""
    it = house("battery-home", 2026, 12, 10, 20, weather=constant_sky("snow"), **how)
    it.set("battery.*.soc", 0.2)
    return it


def _until(it: HomeSimulation, powered: bool) -> HomeState:
    """Advance minute by minute until the house has, or has not, power; two days at most."""
    for _ in range(2 * 24 * 60):
        state = it.at(it.now + 60)
        if state.powered is powered:
            return state
    raise AssertionError("it never came")


def test_the_switch_opens_at_once_and_nobody_asked() -> None:
    """Within the second the house is an island; commanded is not what is."""
    it = house()
    it.set("grid.up", False)
    state = it.state()
    assert (state.powered, state.on_grid, state.grid) == (True, False, 0)
    relay = read_json(it, "/ivp/ensemble/relay")
    assert (relay["mains_admin_state"], relay["mains_oper_state"]) == ("closed", "open")
    assert group(it, "ENPOWER")[0]["admin_state_str"] == "ENPWR_STATE_OPER_NO_GRID"
    it.advance(it.now + 900)
    assert {device["reported_enc_grid_state"] for device in group(it, "ENCHARGE")} == {
        "grid-forming"
    }


def test_it_reconnects_after_five_good_minutes() -> None:
    """The grid has to be good for 300 s without a break before the switch closes."""
    it = house()
    it.set("grid.up", False)
    it.advance(it.now + 1234.5)
    it.set("grid.up", True)
    assert group(it, "ENPOWER")[0]["admin_state_str"] == "ENPWR_STATE_OPER_SYNC_READY"
    it.advance(it.now + 200)
    it.set("grid.up", False)
    it.advance(it.now + 1)
    it.set("grid.up", True)
    returned = it.now
    assert not it.at(returned + 299.9).on_grid
    assert it.at(returned + 300).on_grid
    assert group(it, "ENPOWER")[0]["admin_state_str"] == "ENPWR_STATE_OPER_CLOSED"


@pytest.mark.parametrize(
    ("lever", "value"),
    [
        ("leg.1.volts_offset", -20.0),
        ("leg.2.volts_offset", 20.0),
        ("grid.hertz_offset", 1.5),
        ("leg.2.volts_offset", -120.0),
    ],
)
def test_a_bad_grid_is_left(lever: str, value: float) -> None:
    """Far out of band on one leg, the grid is there for the utility but not for the house."""
    it = house()
    it.set(lever, value)
    assert not it.state().on_grid
    it.set(lever, 0)
    assert not it.at(it.now + 299).on_grid
    assert it.at(it.now + 1).on_grid


def test_a_loose_neutral_shows_while_connected() -> None:
    """Legs drift apart, and the meters of both tell."""
    it = house()
    it.set_all({"leg.1.volts_offset": 10, "leg.2.volts_offset": -10})
    channels = read_json(it, "/ivp/meters/readings")[1]["channels"]
    assert it.state().on_grid
    assert channels[0]["voltage"] - channels[1]["voltage"] == pytest.approx(20, abs=4)
    assert read_json(it, "/ivp/meters/readings")[0]["voltage"] == pytest.approx(240, abs=5)


def test_with_nobody_to_take_it_solar_power_is_held_back() -> None:
    """Full batteries off grid: production follows the load, and the frequency rises."""
    it = house()
    it.set("battery.*.soc", 1.0)
    free = it.state().sun
    it.set_all({"grid.up": False, "load.extra": 500})
    state = it.state()
    assert state.sun == pytest.approx(state.load)
    assert state.sun < free / 2
    assert state.battery == pytest.approx(0)
    assert read_json(it, "/ivp/meters/readings")[0]["freq"] > 60.5
    it.advance(it.now + 900)
    # they report zeros; only the garage roof is cut off by its dry contact
    assert [inverter.gone for inverter in it.state().inverters] == [False] * 20 + [True] * 4


def test_what_the_batteries_cannot_give_is_shed() -> None:
    """A load beyond their power goes without the rest."""
    it = _dark_winter()
    it.set_all({"battery.*.soc": 0.9, "load.extra": 40_000, "grid.up": False})
    state = it.state()
    assert state.load == pytest.approx(6 * 3840)
    assert state.battery == pytest.approx(state.load)


def test_batteries_run_down_and_switch_off() -> None:
    """At the very low limit the house goes dark, and its gateway with it."""
    it = _dark_winter()
    it.set_all({"grid.up": False, "load.extra": 1000})
    last = None
    while it.state().powered:
        last = it.state()
        it.advance(it.now + 60)
    assert last is not None
    assert last.soc == pytest.approx(0.1, abs=0.005)
    state = it.state()
    assert (state.storage.shutdown, state.load, state.legs[0].volts) == (True, 0, 0)
    reported = [battery.reported for battery in state.batteries]
    assert [battery.reported for battery in it.at(it.now + 540).batteries] == reported


def test_it_tries_again_by_itself() -> None:
    """After 10, 20, 40 and 120 minutes it tries, and every try in vain costs a little."""
    it = _dark_winter()
    it.set_all({"grid.up": False, "load.extra": 1000})
    dark = _until(it, powered=False)
    tries, soc = [], dark.soc
    for minute in range(200):
        now = it.at(it.now + 60)
        if soc - now.soc > 0.001:
            tries.append(minute + 1)
        soc = now.soc
    assert tries == [10, 30, 70, 190]


def test_the_morning_brings_it_back() -> None:
    """A try while the sun gives more than is needed lights the house and charges."""
    it = house("battery-home", 2026, 6, 10, 20)
    it.set_all({"battery.*.soc": 0.12, "load.extra": 1200, "grid.up": False})
    assert _until(it, powered=False).sun == 0
    state = _until(it, powered=True)
    assert state.battery < 0
    assert (state.on_grid, state.storage.shutdown) == (False, False)
    assert it.at(it.now + 3 * HOUR).soc > 0.3


def test_the_grid_brings_it_back() -> None:
    """Five minutes after the utility the house has light, and five later its inverters feed."""
    it = _dark_winter()
    it.set_all({"grid.up": False, "load.extra": 3000})
    _until(it, powered=False)
    it.set_all({"grid.up": True, "weather.sky": "clear"})
    back = it.now
    assert not it.at(back + 299).powered
    assert it.at(back + 301).battery < 0
    it = house()
    it.set_all({"battery.*.soc": 0.1, "solar.connected": False, "grid.up": False})
    assert not it.state().powered
    it.set_all({"grid.up": True, "solar.connected": True})
    assert it.at(it.now + 599).sun == 0
    assert it.at(it.now + 1).sun > 1000


def test_below_two_percent_it_needs_a_technician() -> None:
    """A battery left flat does not come back with the grid, but with somebody's help."""
    it = _dark_winter()
    it.set_all({"grid.up": False, "load.extra": 3000})
    _until(it, powered=False)
    it.advance(it.now + 5 * 24 * HOUR)
    it.set("grid.up", True)
    state = it.at(it.now + 2 * HOUR)
    assert (state.powered, state.battery, state.soc) == (True, 0, 0)
    assert state.storage.available_capacity == 0
    assert not any(device["communicating"] for device in group(it, "ENCHARGE"))
    it.set_all({"battery.*.exhausted": False, "battery.*.soc": 0.03})
    assert it.at(it.now + HOUR).soc > 0.03
    assert all(device["communicating"] for device in group(it, "ENCHARGE"))


def test_off_grid_by_command() -> None:
    """The owner opens the switch and closes it again: it obeys, as soon as it can."""
    it = house()
    it.set("switch.commanded", "open")
    controller = group(it, "ENPOWER")[0]
    assert (controller["mains_admin_state"], controller["mains_oper_state"]) == ("open", "open")
    assert controller["admin_state"] == 10
    it.advance(it.now + HOUR)
    it.set("switch.commanded", "closed")
    assert not it.at(it.now + 9).on_grid
    assert it.at(it.now + 1).on_grid


def test_a_switch_can_be_stuck() -> None:
    """The utility is up and well, and the house stays an island."""
    it = house()
    it.set("switch.stuck", "open")
    assert not it.at(it.now + 3 * HOUR).on_grid
    it.set("switch.stuck", None)
    assert it.state().on_grid


def test_a_switch_can_flap() -> None:
    """It opens and closes at its rhythm until that ends."""
    it = house()
    it.set("switch.flap_seconds", 200)
    start = it.now
    seen = [it.at(start + 100 + 200 * turn).on_grid for turn in range(6)]
    assert seen == [False, True] * 3
    it.set("switch.flap_seconds", 0)
    assert it.at(it.now + 400).on_grid


def test_the_grid_mode_can_lie() -> None:
    """In the middle of an outage the mode may still say that all is well."""
    it = house()
    it.set_all({"grid.up": False, "switch.grid_mode": "multimode-ongrid"})
    relay = read_json(it, "/ivp/ensemble/relay")
    assert (relay["Solar_grid_mode"], relay["mains_oper_state"]) == ("multimode-ongrid", "open")


def test_a_collar_has_its_own_state_names() -> None:
    """Mode and switch of the meter collar follow the grid; its date stands still."""
    it = house("collar")
    before = group(it, "COLLAR")[0]
    it.set("grid.up", False)
    it.advance(it.now + HOUR)
    after = group(it, "COLLAR")[0]
    assert (before["admin_state_str"], before["mid_state"]) == ("ENCMN_MDE_ON_GRID", "close")
    assert (after["admin_state_str"], after["mid_state"]) == ("ENCMN_MDE_OFF_GRID", "open")
    assert before["last_rpt_date"] == after["last_rpt_date"] == before["installed"]


@pytest.mark.parametrize("name", ["solar-only", "acb"])
def test_without_a_switch_an_outage_is_dark(name: str) -> None:
    """No island: no power, no answers; afterwards the inverters watch the grid for five minutes."""
    it = house(name)
    it.set("grid.up", False)
    assert not it.state().powered
    it.advance(it.now + HOUR)
    it.set("grid.up", True)
    state = it.state()
    assert (state.powered, state.on_grid, state.sun) == (True, True, 0)
    assert it.at(it.now + 301).sun > 500
