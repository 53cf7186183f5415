"""The state of a house, read from its gateway over the real protocol."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.simulator import replay as captures
from exporter.simulator.faults import Edit, Fault, body, login_page, redirect
from exporter.simulator.faults import status as answer
from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES
from exporter.status.models import GatewayStatus, GridStatus, StorageStatus
from exporter.status.summary import verdict
from tests.polled_gateway import START, PolledGateway, polled_gateway

INVENTORY, RELAY = "/ivp/ensemble/inventory", "/ivp/ensemble/relay"
LIVE = "/ivp/livedata/status"


@pytest.mark.parametrize(
    ("home", "summary"),
    [
        ("battery-home", "On grid. Batteries 64 %, charging. Last cloud report 5 min ago."),
        ("collar", "On grid. Batteries 64 %, charging. Last cloud report 5 min ago."),
        ("generator", "On grid. Batteries 64 %, charging. Last cloud report 5 min ago."),
        ("acb", "Batteries 52 %, charging. Last cloud report 5 min ago."),
        ("solar-only", "Solar 3.6 kW. Last cloud report 5 min ago."),
        ("three-phase", "Solar 5.5 kW, 3.6 kW to the grid. Last cloud report 5 min ago."),
        ("legacy", "Solar 4.2 kW. Last cloud report 5 min ago."),
        ("big-home", "On grid. Batteries 64 %, charging. Last cloud report 5 min ago."),
    ],
)
async def test_a_healthy_home_is_summarized_in_words(
    home: str, summary: str, tmp_path: Path
) -> None:
    """State, charge and the cloud are summarized in a few sentences, without problems."""
    async with polled_gateway(home, tmp_path) as watched:
        await watched.pass_time(121)
        status = watched.status()
    assert status.summary == summary
    assert status.problems == ()
    assert status.contact == "answers"
    site = SAMPLE_HOMES[home]
    assert len(status.panels) == site.inverters
    assert {panel.state for panel in status.panels} == {"reporting"}
    assert len(status.batteries) == site.batteries + site.acbs
    assert all(collector.up for collector in status.collectors)


def test_every_sample_home_has_a_status() -> None:
    """The table above leaves out none."""
    marks = test_a_healthy_home_is_summarized_in_words.pytestmark  # type: ignore[attr-defined]  # pytest's
    assert {case[0] for case in marks[0].args[1]} == set(SAMPLE_HOME_NAMES)


@pytest.mark.parametrize("home", ["battery-home", "collar", "generator", "three-phase", "acb"])
async def test_the_house_uses_what_flows_in(home: str, tmp_path: Path) -> None:
    """Batteries that charge are not the house, though the gateway counts them as consumers."""
    async with polled_gateway(home, tmp_path) as watched:
        await watched.pass_time(121)
        power = watched.status().power
        consumption = watched.value("enphase_consumption_watts")
    assert power.house_watts == 1900
    assert power.storage_watts is None or power.storage_watts < 0
    assert consumption == 1900 - (power.storage_watts or 0)


async def test_a_house_whose_batteries_are_not_read_is_not_known(tmp_path: Path) -> None:
    """Without the batteries the sum would be wrong, so there is none."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/power"] = answer(503)
        watched.gateway.faults[LIVE] = answer(503)
        await watched.pass_time(121)
        status = watched.status()
    assert status.power.storage_watts is None
    assert status.power.house_watts is None
    assert status.storage is not None
    assert status.summary.startswith("On grid. Batteries 64 %. ")
    assert {battery.state for battery in status.batteries} == {"not known"}


async def test_a_gateway_that_was_not_asked_yet_is_no_problem(tmp_path: Path) -> None:
    """In the first seconds nothing is known and nothing is wrong."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        status = watched.status()
    assert status.contact == "waiting"
    assert status.problems == ()
    assert status.summary == "The gateway has not answered yet: first poll in progress."


async def test_a_gateway_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    """The last values expire, and are then reported as unknown."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        watched.gateway.up = False
        await watched.pass_time(1200)
        status = watched.status()
    assert status.contact == "silent"
    assert status.summary == (
        "The gateway does not answer; last answer 20 min ago."
        " Last known 20 min ago: on grid, batteries 64 %, charging."
    )
    assert [problem.alert for problem in status.problems] == ["EnphaseGatewayUnreachable"]
    unknown = GatewayStatus("home", status.host, status.timestamp_seconds, "silent")
    assert status.grid == GridStatus(has_switch=True)
    for name in ("power", "today", "panels", "switch", "meters", "cloud", "legs_volts"):
        assert getattr(status, name) == getattr(unknown, name), name
    assert status.storage == StorageStatus()
    assert {battery.state for battery in status.batteries} == {"not known"}
    assert {battery.soc_ratio for battery in status.batteries} == {None}
    assert {battery.last_known_soc_ratio for battery in status.batteries} == {0.64}
    assert [(each.kind, each.id) for each in status.missing] == [("gateway", "")]
    assert status.health == "act"


@pytest.mark.parametrize("minutes", [2, 5, 15])
async def test_the_last_charge_is_displayed_from_the_first_minute(
    minutes: int, tmp_path: Path
) -> None:
    """A reading that has not expired is the last word of a gateway that is silent, too."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(600)
        watched.gateway.up = False
        await watched.pass_time(60 * minutes)
        status = watched.status()
    if status.contact == "silent":
        assert "on grid, batteries 64 %, charging." in status.summary
    else:
        assert minutes == 2
        assert "Batteries 64 %" in status.summary


async def test_a_gateway_that_answers_with_errors_is_not_called_dead(tmp_path: Path) -> None:
    """It has power, so nobody is sent to its lights and its breaker."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(120)
        watched.gateway.faults["*"] = answer(500)
        await watched.pass_time(600)
        (problem,) = watched.status().problems
    assert problem.alert == "EnphaseGatewayUnreachable"
    assert problem.summary == "The gateway answers with errors only."
    assert problem.text.endswith("/info: status 500; is this an Enphase gateway?")
    assert problem.first.startswith("Restart the gateway")


@pytest.mark.parametrize("minutes", [4, 15])
@pytest.mark.parametrize("refusal", [login_page(), redirect("/login.html", code=302), answer(401)])
async def test_a_login_refused_by_each_endpoint_is_no_silence(
    refusal: Fault, minutes: int, tmp_path: Path
) -> None:
    """The gateway still says who it is, and nothing else: that is the login, from the first on."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(120)
        watched.gateway.faults |= {"*": refusal, "/info": Fault(), "/auth/check_jwt": Fault()}
        await watched.pass_time(60 * minutes)
        status = watched.status()
    assert status.contact == "refused"
    assert [problem.alert for problem in status.problems] == ["EnphaseAuthenticationFailing"]


async def test_a_failure_lasts_from_its_own_beginning(tmp_path: Path) -> None:
    """Another endpoint of the collector that answers does not make it younger."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(120)
        watched.gateway.faults["/ivp/meters/readings"] = body(b"[]")
        await watched.pass_time(1200)
        status = watched.status()
    since = {each.id: each.since_timestamp_seconds for each in status.missing}["meters"]
    assert since is not None
    assert status.timestamp_seconds - since == pytest.approx(1200, abs=60)


async def test_a_gateway_that_fell_silent_off_grid_leaves_its_last_word(tmp_path: Path) -> None:
    """When the batteries are empty, the page has the last known values and their age."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[INVENTORY] = Edit(islanding)
        watched.gateway.faults[RELAY] = Edit(relay("open"))
        await watched.pass_time(120)
        assert watched.status().grid.connected is False
        watched.gateway.up = False
        await watched.pass_time(3600)
        status = watched.status()
    assert status.last_known["connected"].value == 0
    assert status.last_known["soc_ratio"].value == 0.64
    age = status.timestamp_seconds - status.last_known["soc_ratio"].timestamp_seconds
    assert age == pytest.approx(3600, abs=120)
    assert status.summary.endswith("Last known 60 min ago: off grid, batteries 64 %, charging.")


def islanding(inventory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the inventory of a house whose grid relay is open without a command."""
    for group in inventory:
        if group["type"] == "ENPOWER":
            group["devices"][0]["mains_oper_state"] = "open"
    return inventory


def relay(state: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a change of the answer that has the state of the switch alone."""
    return lambda answer: {**answer, "mains_oper_state": state}


def unknown_relay(inventory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the inventory of a house whose controller communicates but reports nothing usable."""
    for group in inventory:
        if group["type"] == "ENPOWER":
            group["devices"][0]["mains_oper_state"] = "unknown"
    return inventory


async def test_nothing_is_well_while_the_grid_state_is_unknown(tmp_path: Path) -> None:
    """A controller that communicates and reports no state leaves the house partly blind."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(121)
        assert watched.status().health == "well"
        watched.gateway.faults[INVENTORY] = Edit(unknown_relay)
        watched.gateway.faults[RELAY] = Edit(relay("unknown"))
        watched.gateway.faults[LIVE] = answer(404)
        await watched.pass_time(600)
        status = watched.status()
    assert status.grid.connected is None
    assert status.health == "blind"
    assert verdict(status) == "Partly blind"
    missing = status.missing[0]
    assert missing.name == "Grid state"
    assert missing.reason == "the system controller reports no usable state of its switch"
    assert missing.since_timestamp_seconds is not None


async def test_a_sick_battery_is_missing_from_the_sums(tmp_path: Path) -> None:
    """The headline has the number of working batteries, and the capacity of the others."""

    def silence(inventory: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for group in inventory:
            if group["type"] == "ENCHARGE":
                group["devices"][0]["communicating"] = False
        return inventory

    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[INVENTORY] = Edit(silence)
        await watched.pass_time(121)
        status = watched.status()
    assert status.storage is not None
    assert status.storage.missing_capacity_joules == pytest.approx(5.0 * 3.6e6)
    assert "Batteries 64 %, charging (5 of 6 batteries; 5.0 kWh missing)" in status.summary


async def test_names_of_the_owner_are_displayed(tmp_path: Path) -> None:
    """Batteries and meters have their names from the configuration."""
    names: dict[str, Any] = {
        "batteries": {"492900000001": {"name": "Garage left"}},
        "meters": {"production": {"name": "Roof"}},
    }
    async with polled_gateway("battery-home", tmp_path, **names) as watched:
        await watched.pass_time(121)
        status = watched.status()
    assert status.batteries[0].label == "Garage left"
    assert status.batteries[1].label == status.batteries[1].serial
    assert {meter.title for meter in status.meters if meter.name == "production"} == {"Roof"}


async def test_a_home_of_panels_alone_says_what_cannot_be_known(tmp_path: Path) -> None:
    """Without meters and controller there is no house power and no grid state to expect."""
    async with polled_gateway("legacy", tmp_path) as watched:
        await watched.pass_time(121)
        status = watched.status()
    assert status.system == "Solar only"
    assert status.health == "well"
    assert [limit.partition(" cannot ")[0] for limit in status.limits] == [
        "Power of house and grid",
        "Grid outages",
    ]


async def test_expired_data_is_not_displayed_as_fresh(tmp_path: Path) -> None:
    """A part that cannot be read any more is not known after its time, the rest goes on."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        assert watched.status().grid.connected
        for path in (INVENTORY, RELAY, LIVE):
            watched.gateway.faults[path] = answer(503)
        await watched.pass_time(180)
        status = watched.status()
    assert status.grid.connected is None
    assert status.grid.has_switch is True
    assert status.summary.startswith("Grid not known. Batteries 64 %, charging. ")
    assert status.power.house_watts == 1900


async def test_a_snapshot_grows_old_by_itself(tmp_path: Path) -> None:
    """Expired data is not reported, even without a new snapshot."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        assert watched.status().contact == "answers"
        await watched.clock.sleep(3600)
        status = watched.status()
    assert status.contact == "silent"
    assert status.power.solar_watts is None


async def test_a_refused_login_is_reported_as_such(tmp_path: Path) -> None:
    """A refusal is a response; the sentence has the remedy."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.login.refuse = True
        await watched.pass_time(60)
        status = watched.status()
    assert status.contact == "refused"
    assert status.summary.startswith("The gateway refuses the login. ")
    assert [problem.alert for problem in status.problems] == ["EnphaseAuthenticationFailing"]
    assert status.problems[0].text.startswith("Gateway rejects the exporter's credentials: ")


async def test_a_capture_has_the_values_of_its_metrics(capture: Path, tmp_path: Path) -> None:
    """Every number in a real gateway's state equals the one on /metrics."""
    clock = VirtualClock(START)
    async with polled_gateway(
        captures.load_capture(capture, now=clock.time), tmp_path, clock
    ) as watched:
        await watched.pass_time(121)
        status = watched.status()
        if watched.value("enphase_up") != 1:
            assert status.unreadable
            return
        _compare(status, watched)
    assert status.contact == "answers"
    assert status.problems == ()


def _positive(watts: float | None) -> float | None:
    return None if watts is None else max(0.0, watts)


def _compare(status: GatewayStatus, watched: PolledGateway) -> None:
    single = {
        "enphase_solar_watts": status.power.solar_watts,
        "enphase_house_watts": status.power.house_watts,
        "enphase_grid_import_watts": _positive(status.power.grid_watts),
        "enphase_storage_watts": status.power.storage_watts,
        "enphase_grid_connected": status.grid.connected,
        "enphase_grid_disconnect_commanded": status.grid.disconnect_commanded,
        "enphase_production_today_joules": status.today.produced_joules,
        "enphase_consumption_today_joules": status.today.consumed_joules,
    }
    for name, value in single.items():
        assert value == watched.value(name), name
    samples = watched.samples()
    communicating = {b.serial: b for b in status.batteries if b.communicating is not False}
    for field, name in (
        ("soc_ratio", "enphase_encharge_soc_ratio"),
        ("watts", "enphase_encharge_watts"),
        ("temperature_celsius", "enphase_encharge_temperature_celsius"),
    ):
        by_serial = {dict(labels)["serial"]: v for labels, v in samples.get(name, {}).items()}
        ours = {s: getattr(b, field) for s, b in communicating.items() if b.kind == "encharge"}
        assert {s: v for s, v in ours.items() if v is not None} == {
            s: v for s, v in by_serial.items() if s in communicating
        }
    serials = {dict(labels)["serial"] for labels in samples.get("enphase_inverter_info", {})}
    assert {panel.serial for panel in status.panels} == serials
