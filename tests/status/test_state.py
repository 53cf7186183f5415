"""The state of a house, from what its gateway says over the real protocol."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.clock import VirtualClock
from exporter.simulator import replay as captures
from exporter.simulator.faults import status as answer
from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES
from exporter.status.models import GatewayStatus
from tests.polled_gateway import START, PolledGateway, polled_gateway

INVENTORY = "/ivp/ensemble/inventory"


@pytest.mark.parametrize(
    ("home", "summary"),
    [
        ("battery-home", "On grid. Batteries 64 %, charging. Told Enphase 4 min ago."),
        ("collar", "On grid. Batteries 64 %, charging. Told Enphase 4 min ago."),
        ("generator", "On grid. Batteries 64 %, charging. Told Enphase 4 min ago."),
        ("acb", "Batteries 52 %, charging. Told Enphase 4 min ago."),
        ("solar-only", "Solar 3.6 kW. Told Enphase 4 min ago."),
        ("three-phase", "Solar 5.5 kW, 3.6 kW to the grid. Told Enphase 4 min ago."),
        ("legacy", "Solar 4.2 kW. Told Enphase 4 min ago."),
        ("big-home", "On grid. Batteries 64 %, charging. Told Enphase 4 min ago."),
    ],
)
async def test_a_healthy_home_is_told_in_words(home: str, summary: str, tmp_path: Path) -> None:
    """State, charge and the cloud stand in a few sentences, and nothing is wrong."""
    async with polled_gateway(home, tmp_path) as watched:
        await watched.pass_time(61)
        status = watched.status()
    assert status.summary == summary
    assert status.problems == ()
    assert status.contact == "answers"
    site = SAMPLE_HOMES[home]
    assert len(status.panels) == site.inverters
    assert {panel.state for panel in status.panels} == {"reporting"}
    assert len(status.batteries) == site.batteries + site.acbs
    assert all(collector.up for collector in status.collectors)


def test_every_sample_home_is_told() -> None:
    """The table above leaves out none."""
    marks = test_a_healthy_home_is_told_in_words.pytestmark  # type: ignore[attr-defined]  # pytest's
    assert {case[0] for case in marks[0].args[1]} == set(SAMPLE_HOME_NAMES)


@pytest.mark.parametrize("home", ["battery-home", "collar", "generator", "three-phase", "acb"])
async def test_the_house_uses_what_flows_in(home: str, tmp_path: Path) -> None:
    """Batteries that charge are not the house, though the gateway counts them as consumers."""
    async with polled_gateway(home, tmp_path) as watched:
        await watched.pass_time(61)
        power = watched.status().power
        consumption = watched.value("enphase_consumption_watts")
    assert power.house_watts == 1900
    assert power.storage_watts is None or power.storage_watts < 0
    assert consumption == 1900 - (power.storage_watts or 0)


async def test_a_house_whose_batteries_are_not_read_is_not_known(tmp_path: Path) -> None:
    """Without the batteries the sum would be wrong, so there is none."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/power"] = answer(503)
        await watched.pass_time(1)
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
    assert status.summary == "The gateway is being asked for the first time."


async def test_a_gateway_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    """What it said last is not what is: it expires, and is said to be not known."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        watched.gateway.up = False
        await watched.pass_time(1200)
        status = watched.status()
    assert status.contact == "silent"
    assert status.summary == (
        "The gateway does not answer; last heard 20 min ago."
        " Grid, batteries and panels are not known."
    )
    assert [problem.alert for problem in status.problems] == ["EnphaseGatewayUnreachable"]
    unknown = GatewayStatus("home", status.host, status.timestamp_seconds, "silent")
    for name in ("grid", "power", "today", "panels", "switch", "meters", "cloud", "legs_volts"):
        assert getattr(status, name) == getattr(unknown, name), name
    assert status.storage is not None
    assert set(vars_of(status.storage)) == {None}
    assert status.batteries == ()


def vars_of(item: object) -> Iterator[object]:
    """Yield the values of a dataclass with slots."""
    for name in type(item).__slots__:  # type: ignore[attr-defined]  # it has slots
        yield getattr(item, name)


async def test_data_that_expired_is_not_shown_as_fresh(tmp_path: Path) -> None:
    """A part that cannot be read any more is not known after its time, the rest goes on."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        assert watched.status().grid.connected
        watched.gateway.faults[INVENTORY] = answer(503)
        await watched.pass_time(180)
        status = watched.status()
    assert status.grid.connected is None
    assert status.grid.has_switch is None
    assert status.summary.startswith("Grid not known. Batteries 64 %, charging. ")
    assert status.power.house_watts == 1900


async def test_a_snapshot_grows_old_by_itself(tmp_path: Path) -> None:
    """Even when nobody publishes a new one, what has expired is not told."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        assert watched.status().contact == "answers"
        await watched.clock.sleep(3600)
        status = watched.status()
    assert status.contact == "silent"
    assert status.power.solar_watts is None


async def test_a_refused_login_is_told_as_such(tmp_path: Path) -> None:
    """Who answers "no" does answer; the sentence says what to do."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.login.refuse = True
        await watched.pass_time(60)
        status = watched.status()
    assert status.contact == "refused"
    assert status.summary.startswith("The gateway refuses the login. ")
    assert [problem.alert for problem in status.problems] == ["EnphaseAuthenticationFailing"]
    assert status.problems[0].text.startswith("The exporter is not let in: ")


async def test_a_capture_says_the_same_as_its_metrics(capture: Path, tmp_path: Path) -> None:
    """A real gateway's state is told, and every number is the one on /metrics."""
    clock = VirtualClock(START)
    async with polled_gateway(
        captures.load_capture(capture, now=clock.time), tmp_path, clock
    ) as watched:
        await watched.pass_time(1)
        status = watched.status()
        if watched.value("enphase_up") != 1:
            assert status.unreadable
            return
        _compare(status, watched)
    assert status.contact == "answers"
    assert status.problems == ()


def _compare(status: GatewayStatus, watched: PolledGateway) -> None:
    single = {
        "enphase_production_watts": status.power.solar_watts,
        "enphase_net_consumption_watts": status.power.grid_watts,
        "enphase_storage_watts": status.power.storage_watts,
        "enphase_grid_connected": status.grid.connected,
        "enphase_grid_disconnect_commanded": status.grid.disconnect_commanded,
        "enphase_production_today_joules": status.today.produced_joules,
        "enphase_consumption_today_joules": status.today.consumed_joules,
    }
    for name, value in single.items():
        assert value == watched.value(name), name
    samples = watched.samples()
    heard = {b.serial: b for b in status.batteries if b.communicating is not False}
    for field, name in (
        ("soc_ratio", "enphase_encharge_soc_ratio"),
        ("watts", "enphase_encharge_watts"),
        ("temperature_celsius", "enphase_encharge_temperature_celsius"),
    ):
        told = {dict(labels)["serial"]: v for labels, v in samples.get(name, {}).items()}
        ours = {s: getattr(b, field) for s, b in heard.items() if b.kind == "encharge"}
        assert {s: v for s, v in ours.items() if v is not None} == {
            s: v for s, v in told.items() if s in heard
        }
    serials = {dict(labels)["serial"] for labels in samples.get("enphase_inverter_watts", {})}
    assert {panel.serial for panel in status.panels} == serials
