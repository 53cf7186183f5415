"""The endpoints that explain: conditions, relays, live data, updates, limits, events, signals.

The exporter's own readers read them without a value that they cannot read, and what they say
follows the simulated home.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
import pytest

from exporter.gateway.endpoints import ENDPOINTS
from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES, sample_home
from exporter.simulator.homes.device_states import (
    acb_serial,
    battery_serial,
    inverter_serial,
    iq_relay_serial,
)
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import serve
from tests.simulator.physics.sample_simulations import house
from tests.simulator.reference_homes import NOW

RELAY, STATUS, ERRORS = "/ivp/ensemble/relay", "/ivp/ensemble/status", "/ivp/ensemble/errors"
LIVE, UPDATE = "/ivp/livedata/status", "/ivp/firmware_manager/state"
EXPORT, DYNAMIC, PRODUCTION = "/ivp/ss/pel_settings", "/ivp/ss/dpel", "/ivp/sc/pvlimit"
CURRENT = "/ivp/ss/enc_settings"
POWER, PROFILE = "/ivp/mod/603980032/mode/power", "/ivp/arf/profile"
EVENTS = "/datatab/event_dt.rb?iDisplayStart=0&iDisplayLength=100"
DEVICES, LEVELS = "/ivp/peb/devstatus", "/installer/pcu_comm_check"
INSTALLER = (DYNAMIC, POWER, DEVICES, LEVELS)


def body(it: HomeSimulation, target: str) -> Any:
    """Return what the gateway of a home answers."""
    answer = LiveGateway(it).answer(target)
    assert answer is not None
    assert answer.status == 200
    return orjson.loads(answer.body)


def parsed(it: HomeSimulation, target: str) -> dict[str, Any]:
    """Return what the exporter reads of an endpoint; everything in it must be readable."""
    answer = LiveGateway(it).answer(target)
    assert answer is not None
    result = ENDPOINTS[target].parse(answer.body)
    assert result.unreadable == {}
    return result.data


def statuses(it: HomeSimulation, kind: str, target: str = "/inventory") -> Mapping[str, list[str]]:
    """Return the conditions of the devices of a kind by serial."""
    groups = {group["type"]: group["devices"] for group in body(it, target)}
    return {device["serial_num"]: device["device_status"] for device in groups[kind]}


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
def test_every_endpoint_can_be_read(name: str) -> None:
    """What a sample home answers, standing still or alive, is read to the last value."""
    alive = HomeSimulation(SAMPLE_HOMES[name], seed=1, start=NOW, past_days=0)
    for gateway in (sample_home(name, lambda: NOW), LiveGateway(alive)):
        answered = 0
        for target, endpoint in ENDPOINTS.items():
            answer = gateway.answer(target)
            if answer is not None:
                answered += 1
                assert endpoint.parse(answer.body).unreadable == {}, target
        assert answered >= (9 if name == "legacy" else 28)


async def test_an_owner_may_not_read_everything(client: aiohttp.ClientSession) -> None:
    """What is for installers is refused to an owner's token and session, with 403."""
    async with serve(sample_home("battery-home", lambda: NOW), now=lambda: NOW) as running:
        for user, statuses in (("owner", {403}), ("installer", {200})):
            token = running.issue("installer" if user == "installer" else "owner")
            headers = {"Authorization": f"Bearer {token}"}
            seen = set()
            for target in INSTALLER:
                async with client.get(f"{running.url}{target}", headers=headers) as response:
                    seen.add(response.status)
            assert seen == statuses
            async with client.get(f"{running.url}{LIVE}", headers=headers) as response:
                assert response.status == 200


def test_the_relay_alone_knows_an_outage() -> None:
    """The small endpoint follows the switch at once, and is there without one as well."""
    it = house()
    assert body(it, RELAY)["mains_oper_state"] == "closed"
    it.set("grid.up", False)
    relay = body(it, RELAY)
    assert (relay["mains_admin_state"], relay["mains_oper_state"]) == ("closed", "open")
    assert body(it, LIVE)["meters"]["main_relay_state"] == 2
    assert len(orjson.dumps(relay)) < 400
    assert body(house("solar-only"), RELAY)["mains_oper_state"] == "closed"


@pytest.mark.parametrize("name", ["battery-home", "three-phase", "acb", "generator"])
def test_live_powers_add_up(name: str) -> None:
    """Panels, storage, grid and generator feed the load, in total and on every phase."""
    it = house(name)
    for hours in (1, 5, 9, 14):
        it.advance(it.now + 3600 * hours)
        meters = body(it, LIVE)["meters"]
        for part in ("", "_ph_a", "_ph_b", "_ph_c"):
            powers = {
                flow: meters[flow][f"agg_p{part}_mw"]
                for flow in ("pv", "storage", "grid", "generator", "load")
            }
            load = powers.pop("load")
            assert sum(powers.values()) == pytest.approx(load, abs=2000 if name == "acb" else 5)
        total = meters["grid"]["agg_p_mw"]
        phases = [meters["grid"][f"agg_p_ph_{phase}_mw"] for phase in "abc"]
        assert sum(phases) == pytest.approx(total, abs=3)


def test_the_live_channel_falls_with_the_reports() -> None:
    """A gateway that is silent towards the cloud has no channel, and counts its attempts."""
    it = house()
    before = body(it, LIVE)
    assert before["connection"]["mqtt_state"] == "connected"
    it.set("cloud.reporting", False)
    it.advance(it.now + 600)
    after = body(it, LIVE)
    assert after["connection"]["mqtt_state"] == "not_connected"
    errors = [each["counters"]["MqttClient_connect_err"] for each in (before, after)]
    assert errors[1] - errors[0] == 10
    it.set("cloud.reporting", True)
    it.advance(it.now + 600)
    assert body(it, LIVE)["connection"]["mqtt_state"] == "connected"


def test_the_live_stream_ends_by_itself() -> None:
    """It is switched on by a write, and is off again after a quarter of an hour."""
    it = house()
    gateway = LiveGateway(it)
    response = gateway.command("POST", "/ivp/livedata/stream", b'{"enable": 1}')
    assert response is not None
    assert orjson.loads(response.body) == {"sc_stream": "enabled"}
    it.advance(it.now + 100)
    live = body(it, LIVE)
    assert live["connection"]["sc_stream"] == "enabled"
    assert live["meters"]["last_update"] == int(it.now)
    it.advance(it.now + 1000)
    assert body(it, LIVE)["connection"]["sc_stream"] == "disabled"


def test_conditions_are_those_of_their_device() -> None:
    """A condition that is set stands in the list of its device, and goes when it is taken back."""
    it = house("acb")
    it.set("inverter.2.conditions", ["pcu_chan.gfitripped"])
    it.set("acb.1.conditions", ["acb_ctrl.cellmaxtemperror"])
    serial = inverter_serial(1)
    assert statuses(it, "PCU")[serial] == ["envoy.cond_flags.pcu_chan.gfitripped"]
    assert statuses(it, "PCU")[inverter_serial(0)] == ["envoy.global.ok"]
    assert statuses(it, "ACB")[acb_serial(0)] == ["envoy.cond_flags.acb_ctrl.cellmaxtemperror"]
    it.set("inverter.2.conditions", None)
    assert statuses(it, "PCU")[serial] == ["envoy.global.ok"]
    it = house()
    it.set("battery.3.communicating", False)
    groups = {group["type"]: group["devices"] for group in body(it, "/ivp/ensemble/inventory")}
    silent = [each["device_status"] for each in groups["ENCHARGE"]][2]
    assert silent == ["envoy.cond_flags.obs_strs.failure"]


def test_a_relay_that_is_open_stops_the_panels() -> None:
    """It says why it is open, counts its changes, and nothing is produced behind it."""
    it = house("solar-only")
    assert it.flows.sun > 100
    it.set("relay.1.held_open", True)
    assert it.flows.sun == 0
    serial = iq_relay_serial(0)
    assert statuses(it, "NSRB")[serial] == ["envoy.cond_flags.nsrb_ctrl.relayopen"]
    groups = {group["type"]: group["devices"] for group in body(it, "/inventory")}
    assert (groups["NSRB"][0]["relay"], groups["NSRB"][0]["reason"]) == ("open", "relay fault")
    it.set("relay.1.held_open", False)
    it.advance(it.now + 60)
    assert it.flows.sun > 100


def test_a_relay_follows_the_grid() -> None:
    """Out of band it opens, and closes after five good minutes."""
    it = house("three-phase")
    it.set("leg.1.volts_offset", 40)
    relay = it.state().iq_relays[0]
    assert (relay.closed, relay.reason) == (False, "grid out of range")
    it.set("leg.1.volts_offset", 0)
    it.advance(it.now + 120)
    assert it.state().iq_relays[0].reason == "reconnecting"
    it.advance(it.now + 300)
    assert it.state().iq_relays[0].closed
    data = body(it, "/ivp/pdm/device_data")
    (channel,) = (
        each["channels"][0]["lastReading"]
        for each in data.values()
        if isinstance(each, dict) and each["devName"] == "nsrb"
    )
    assert channel["VrmsL3N"] == pytest.approx(230_000, rel=0.02)
    assert channel["stateChngCnt"] == 4


def test_an_update_runs_hangs_and_fails() -> None:
    """Progress follows the time, never reaches the end by itself, and a failure has a reason."""
    it = house()
    assert body(it, UPDATE)["SiteSync"]["Current_Status_str"] == "No Update Running"
    it.set_all({"update.running": True, "update.battery": 2})
    it.advance(it.now + 3600)
    running = body(it, UPDATE)
    assert running["SiteSync"]["Progress"] == "50.00"
    assert running["SiteSync"]["Total Duration"] == "01::00::00"
    assert [each["serial_num"] for each in running["updates"]] == [battery_serial(1)]
    it.advance(it.now + 36000)
    assert body(it, UPDATE)["SiteSync"]["Progress"] == "98.00"
    it.set_all({"update.running": False, "update.last_result": "failed"})
    failed = body(it, UPDATE)["SiteSync"]
    assert (failed["Last_Status_str"], failed["Failure Reason"]) == (
        "Update Failed",
        "Device not communicating",
    )
    assert body(it, UPDATE)["updates"] == []


def test_a_module_that_runs_other_firmware_than_it_should() -> None:
    """`dmir` and `procload` differ on the board of that battery alone."""
    it = house()
    it.set("battery.5.expected_firmware", "3.0.8120_rel/31.50")
    different = {
        serial
        for serial, device in body(it, STATUS)["inventory"]["serial_nums"].items()
        for module in device["submodules"].values()
        if module["dmir"]["assembly_number"] not in ("", module["procload"]["assembly_number"])
    }
    assert different == {battery_serial(4)}
    it.set("switch.error_flags", 4)
    assert body(it, ERRORS) == {"enpower_error_flags": 4}


def test_limits_hold_back_what_is_produced_and_exported() -> None:
    """A limit of export, a share of the rated power, and an off switch: each as it says."""
    it = house("three-phase")
    assert -it.flows.grid > 1500
    it.set("limit.export_watts", 500.0)
    assert -it.flows.grid == pytest.approx(500)
    assert body(it, EXPORT)["PEL_Limit"] == 500
    it.set_all({"limit.export_watts": None, "limit.production_ratio": 0.1})
    assert it.flows.sun <= 0.1 * 18 * 366 + 1
    assert body(it, PRODUCTION) == {"enable": True, "pv_limit_pct": 10}
    it.set("limit.production_ratio", 1.0)
    gateway = LiveGateway(it)
    off = gateway.command("PUT", POWER, b'{"length": 1, "arr": [1]}')
    assert off is not None
    assert orjson.loads(off.body) == {"powerForcedOff": True}
    assert it.flows.sun == 0
    gateway.command("PUT", POWER, b'{"length": 1, "arr": [0]}')
    assert it.flows.sun > 1500
    settings = {"enable": True, "export_limit": True, "limit_value_W": 50.0, "slew_rate": 50.0}
    limited = gateway.command("POST", DYNAMIC, orjson.dumps({"dynamic_pel_settings": settings}))
    assert limited is not None
    assert orjson.loads(limited.body)["dynamic_pel_settings"]["limit_value_W"] == 50
    assert -it.flows.grid == pytest.approx(50)
    refused = gateway.command("PUT", POWER, b'{"length": 1, "arr": [2]}')
    assert refused is not None
    assert refused.status == 400
    assert "1547" not in body(it, PROFILE)["name"]


def test_a_limit_of_current_holds_the_batteries_back() -> None:
    """They give no more than the current allows on all legs, and the settings say so."""
    it = house("battery-home", 2026, 6, 10, 22)
    assert parsed(it, CURRENT)["battery_settings"].limited is False
    assert it.flows.battery > 500
    it.set("limit.battery_amperes", 2.0)
    assert it.flows.battery == pytest.approx(2.0 * 240)
    settings = parsed(it, CURRENT)["battery_settings"]
    assert (settings.limited, settings.current_limit, settings.country) == (True, 2.0, "US")
    assert LiveGateway(house("three-phase")).answer(CURRENT) is None


def test_the_event_log_has_what_began_and_ended() -> None:
    """Newest first, in pages, with Set and Clear."""
    it = house()
    it.set("inverter.4.conditions", ["pcu_chan.gfitripped"])
    it.advance(it.now + 600)
    it.set("inverter.4.conditions", None)
    it.set("grid.up", False)
    rows = body(it, EVENTS)["aaData"]
    texts = [(row[1], row[2], row[3]) for row in rows]
    serial = inverter_serial(3)
    assert texts[0] == ("Disconnected from grid: Set", "", "enpower ")
    assert ("Ground fault detected: Clear", serial, "pcu ") in texts
    assert ("Ground fault detected: Set", serial, "pcu ") in texts
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    page = body(it, "/datatab/event_dt.rb?iDisplayStart=1&iDisplayLength=1")
    assert page["aaData"] == [rows[1]]
    assert page["iTotalRecords"] >= len(rows) == 100
    assert parsed(it, EVENTS)


def test_installers_see_counts_and_levels() -> None:
    """Each device is counted, listed and has a level; one that does not communicate has none."""
    it = house("acb")
    it.set("acb.2.communicating", False)
    it.set("inverter.3.plc_level", 2)
    counters = body(it, DEVICES)["counters"]
    assert counters["acb"]["ctrlsGone"] == 1
    assert counters["pcu"]["expected"] == it.site.inverters
    assert len(body(it, DEVICES)["pcu"]["values"]) == it.site.inverters
    levels = body(it, LEVELS)
    assert levels[inverter_serial(2)] == 2
    assert len(levels) == it.site.inverters + it.site.acbs + it.site.iq_relays
