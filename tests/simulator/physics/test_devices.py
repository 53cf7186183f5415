"""Generator, dry contacts and AC Batteries do what they are set to."""

import pytest

from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import constant_sky
from tests.simulator.physics.sample_simulations import HOUR, house, read_json


def _winter_island(soc: float = 0.5, **levers: object) -> HomeSimulation:
    it = house("generator", 2026, 12, 10, 6, weather=constant_sky("snow"))
    it.set_all({"battery.*.soc": soc, "grid.up": False, "load.extra": 800, **levers})
    return it


def _generator(it: HomeSimulation) -> tuple[str, str, int]:
    answer = read_json(it, "/ivp/ensemble/generator")
    return answer["admin_state"], answer["oper_state"], answer["exc_on"]


def _contacts(it: HomeSimulation) -> dict[str, str]:
    listed = read_json(it, "/ivp/ensemble/dry_contacts")["dry_contacts"]
    return {contact["id"]: contact["status"] for contact in listed}


def test_the_generator_starts_and_stops_at_its_charges() -> None:
    """Off grid it starts when the batteries are low, warms up, charges them, and stops."""
    it = _winter_island()
    started: list[float] = []
    stopped: list[float] = []
    running = False
    for _ in range(24 * 60):
        state = it.at(it.now + 60)
        if state.unit.running != running:
            running = state.unit.running
            (started if running else stopped).append(state.soc)
        assert state.soc > 0.2
    assert len(started) >= 2
    assert all(soc == pytest.approx(0.25, abs=0.03) for soc in started)
    assert all(soc == pytest.approx(0.65, abs=0.03) for soc in stopped)


def test_the_generator_warms_up_before_it_feeds() -> None:
    """It is called at once and loaded three minutes later; then it feeds house and batteries."""
    it = _winter_island(0.24)
    assert _generator(it) == ("closed", "open", 0)
    assert it.at(it.now + 179).generator == 0
    state = it.at(it.now + 1)
    assert _generator(it) == ("closed", "close", 0)
    assert state.generator == pytest.approx(state.load - state.battery)
    assert state.battery < -1000
    controller = read_json(it, "/ivp/ensemble/inventory")[1]["devices"][0]
    assert controller["admin_state_str"] == "ENPWR_STATE_OPER_GEN_CLOSE"


def test_the_generator_lights_a_dark_house() -> None:
    """It does not need the batteries to start."""
    it = _winter_island(0.05)
    assert not it.state().powered
    assert it.at(it.now + 181).powered


def test_a_generator_can_fail() -> None:
    """Broken or switched off, it does not run; switched on, it runs whatever the charge."""
    it = _winter_island(0.2, **{"generator.broken": True})
    assert _generator(it) == ("closed", "open", 0)
    assert not it.at(it.now + HOUR).unit.running
    it.set("generator.broken", False)
    assert it.at(it.now + 300).unit.running
    it.set("generator.mode", "off")
    assert _generator(it) == ("open", "open", 0)
    it.set_all({"generator.mode": "on", "battery.*.soc": 0.9})
    assert it.at(it.now + 300).unit.running
    assert read_json(it, "/ivp/ss/gen_mode")["gen_cmd"] == "on"


def test_the_generator_stops_for_the_grid() -> None:
    """With the grid back there is no need for it."""
    it = _winter_island(0.2)
    assert it.at(it.now + 300).unit.running
    it.set("grid.up", True)
    it.advance(it.now + 301)
    assert _generator(it) == ("open", "open", 0)
    assert it.state().generator == 0


def test_the_generator_has_its_exercise() -> None:
    """Every other Wednesday at eleven it runs for a quarter of an hour, without load."""
    it = house("generator", 2026, 6, 1, 0)
    runs = []
    for _ in range(28 * 24 * 6):
        it.advance(it.now + 600)
        if it.state().unit.exercising:
            runs.append(it.now)
            assert it.state().generator == 0
    hours = [HOUR * 24 * 14] if len(runs) == 4 else []
    assert [runs[2] - runs[0]] == hours
    assert runs[1] - runs[0] == 600


def test_contacts_shed_what_they_are_set_to() -> None:
    """On grid all loads are on; on batteries those go that the settings shed."""
    it = house("battery-home", 2026, 6, 10, 11)
    it.set_all({"contact.NC2.mode": "manual", "battery.*.soc": 0.9})
    on_grid, possible = it.state().load, it.state().sun
    assert _contacts(it) == {"NC1": "closed", "NC2": "closed", "NO1": "closed", "NO2": "open"}
    it.set("grid.up", False)
    # the pool pump stops, the garage roof is cut off, the heat pump has charge enough
    assert _contacts(it) == {"NC1": "closed", "NC2": "open", "NO1": "open", "NO2": "open"}
    assert it.state().load == pytest.approx(on_grid - 900)
    assert it.state().sun < possible
    it.set("contact.NC2.micro_grid_action", "apply")
    assert it.state().load == pytest.approx(on_grid)


def test_contacts_follow_the_charge() -> None:
    """In SOC mode a load goes at the low limit and returns at the high one."""
    it = house()
    seen = []
    it.set_all({"battery.*.soc": 0.5, "grid.up": False})
    for soc in (0.5, 0.29, 0.5, 0.71, 0.5):
        it.set("battery.*.soc", soc)
        seen.append(_contacts(it)["NC1"])
    assert seen == ["closed", "open", "open", "closed", "closed"]


def test_contacts_can_follow_the_clock() -> None:
    """With action schedule, a load runs in its hours."""
    it = house("battery-home", 2026, 6, 10, 8)
    it.set("contact.NC1.grid_action", "schedule")
    seen = [_contacts(it)["NC1"]]
    for hours in (2, 5, 3):
        it.advance(it.now + hours * HOUR)
        seen.append(_contacts(it)["NC1"])
    assert seen == ["open", "closed", "closed", "open"]


def test_contacts_obey_commands() -> None:
    """A commanded contact stays as commanded until its settings count again."""
    it = house()
    it.set("contact.NC1.command", "open")
    settings = read_json(it, "/ivp/ss/dry_contact_settings")["dry_contacts"][0]
    assert (_contacts(it)["NC1"], settings["manual_override"]) == ("open", "true")
    it.set("contact.NC1.command", None)
    assert _contacts(it)["NC1"] == "closed"
    it.set_all({"contact.NC1.name": "Sauna", "contact.NC1.soc_low": 12})
    settings = read_json(it, "/ivp/ss/dry_contact_settings")["dry_contacts"][0]
    assert (settings["load_name"], settings["soc_low"]) == ("Sauna", 12)


def _acb(it: HomeSimulation, index: int = 0) -> dict[str, object]:
    devices: list[dict[str, object]] = read_json(it, "/inventory.json?deleted=1")[1]["devices"]
    return devices[index]


def _sleep(it: HomeSimulation) -> tuple[object, bool]:
    device = _acb(it)
    status = device["device_status"]
    assert isinstance(status, list)
    return device["sleep_enabled"], "envoy.cond_flags.pcu_ctrl.sleep-mode" in status


def test_acbs_take_what_is_left_and_give_it_back() -> None:
    """By day they charge from the sun, in the evening they feed the house."""
    it = house("acb", 2026, 6, 10, 8)
    it.set("acb.*.soc", 0.3)
    it.advance(it.now + HOUR)
    assert it.flows.acb < -200
    assert _acb(it)["charge_status"] == "charging"
    it.advance(it.now + 13 * HOUR)
    assert it.flows.acb > 50
    assert read_json(it, "/production.json?details=1")["storage"][0]["state"] == "discharging"


def test_acbs_report_late() -> None:
    """Their telemetry is up to a quarter of an hour old, and values come with the stamps."""
    it = house("acb", 2026, 6, 10, 9)
    ages = []
    for _ in range(60):
        it.advance(it.now + 60)
        ages += [it.now - acb.reported for acb in it.state().acbs]
    assert 600 < max(ages) <= 900


def test_acbs_sleep_and_wake() -> None:
    """Asleep comes after the right charge, awake a while after waking; both are seen late."""
    it = house("acb", 2026, 6, 10, 9)
    it.set_all({"acb.*.soc": 0.5, "acb.*.sleep_requested": True})
    assert _sleep(it) == (False, False)
    it.advance(it.now + 900)
    assert _sleep(it) == (True, False)
    it.advance(it.now + 5 * HOUR)
    assert _sleep(it) == (True, True)
    assert 25 <= round(100 * it.state().acbs[0].soc) <= 30
    assert it.flows.acb == 0
    it.set("acb.*.sleep_requested", False)
    it.advance(it.now + 700)
    assert _sleep(it) == (False, True)
    it.advance(it.now + 2400)
    assert _sleep(it) == (False, False)


def test_acbs_can_change_their_mind() -> None:
    """Called back while they fall asleep, they are awake at once."""
    it = house("acb")
    it.set("acb.1.sleep_requested", True)
    it.set("acb.1.sleep_requested", False)
    it.advance(it.now + HOUR)
    assert it.state().acbs[0].sleep == "awake"
