"""Relays, conditions, firmware update and events, from the answers that have them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble, ensemble_status
from exporter.gateway.endpoints.context import Context
from exporter.gateway.endpoints.events import GatewayEvent
from exporter.pager import Pager
from exporter.snapshot import SELF, Reading, Snapshot
from exporter.status import equipment
from exporter.status.device_models import ProductionLimits
from exporter.status.models import GatewayStatus
from exporter.status.store import StatusStore
from exporter.status.view import SnapshotView
from exporter.web.rendering import render
from tests.gateway.endpoints.samples import NOW, SAMPLES
from tests.polled_gateway import polled_gateway

STATUS = ensemble_status.ENDPOINT.path
COLLECTORS = ("devices", "firmware", "events", "livedata")


@pytest.fixture
async def store(tmp_path: Path) -> StatusStore:
    """Return the store of a home whose gateway has all diagnostic endpoints."""
    parsed = {p: ENDPOINTS[p].parse(json.dumps(d).encode()) for p, d in SAMPLES.items()}
    context = Context(gateway_time=float(NOW))
    async with polled_gateway("battery-home", tmp_path, VirtualClock(NOW)) as polled:
        await polled.pass_time(61)
        readings = dict(polled.poller.readings)
        for collector in COLLECTORS:
            answers = {path: parsed[path] for path in PATHS[collector] if path in parsed}
            readings[collector] = Reading(assemble(collector, answers, context), float(NOW))
        answer = polled.gateway.gateway.answer(STATUS)
        assert answer is not None
        status = json.loads(answer.body)
        batteries = status["inventory"]["serial_nums"]
        outdated = next(iter(readings["ensemble"].data["encharge_inventory"]))
        module = next(iter(batteries[outdated]["submodules"].values()))
        module["procload"]["assembly_number"] = "3.28.1-D48"
        answers = {STATUS: ENDPOINTS[STATUS].parse(json.dumps(status).encode())}
        modules = assemble("ensemble_status", answers, context)
        readings["ensemble_status"] = Reading(modules, float(NOW))
        store = StatusStore(polled.clock)
        store.update(Snapshot("home", readings))
    return store


@pytest.fixture
def status(store: StatusStore) -> GatewayStatus:
    """Return that status."""
    return store.status("home")


def test_relays_say_whether_the_panels_are_connected(status: GatewayStatus) -> None:
    """With voltage by line and, open, the reason in the gateway's words."""
    assert status.relays
    for relay in status.relays:
        assert relay.closed in (True, False, None)
        assert set(relay.legs_volts) <= {"L1", "L2", "L3"}
    assert any(relay.legs_volts for relay in status.relays)


def test_conditions_of_every_day_are_left_out(status: GatewayStatus) -> None:
    """Only dangerous, broken or limited devices are listed, the worst first."""
    categories = [each.category for each in status.conditions]
    assert categories
    assert not {"dark", "passing"} & set(categories)
    ranks = ("danger", "broken", "grid", "silent", "limited", "other")
    assert categories == sorted(categories, key=ranks.index)


def test_a_battery_whose_module_should_run_other_firmware_is_told(
    store: StatusStore, tmp_path: Path
) -> None:
    """Each of them, and not those that run what they should."""
    first, *others = store.status("home").batteries
    assert first.firmware_outdated is True
    assert {each.firmware_outdated for each in others} == {False}
    assert render_page(store.status("home"), tmp_path).count("firmware to be updated") == 1


def test_the_update_and_the_channel_are_listed(status: GatewayStatus) -> None:
    """Whether an update runs or has failed, and whether the live channel to the cloud stands."""
    assert status.firmware_update is not None
    assert status.firmware_update.running in (True, False)
    assert status.cloud.channel_connected is True


def test_events_are_the_newest_first(status: GatewayStatus) -> None:
    """As the gateway has them in its own log."""
    rows: list[Any] = SAMPLES["/datatab/event_dt.rb?iDisplayStart=0&iDisplayLength=100"]["aaData"]
    newest = max(rows, key=lambda row: int(row[0]))
    assert status.events[0].event in newest[1]
    assert len(status.events) == min(20, len(rows))


def test_what_many_devices_say_at_once_is_one_event() -> None:
    """An outage stays in sight, however many inverters complain of it."""
    log = {
        number: GatewayEvent(number, "Grid gone", "set", str(number), "pcu", "noon")
        for number in range(30)
    } | {100: GatewayEvent(100, "Disconnected from grid", "set", "7", "esub", "noon")}
    readings = {SELF: Reading({"self": None}, 0.0), "events": Reading({"events": log}, 0.0)}
    shown = equipment.events(SnapshotView(Snapshot("home", readings), float(NOW), 0.0))
    assert [(each.event, each.serial, each.devices) for each in shown] == [
        ("Disconnected from grid", "7", 1),
        ("Grid gone", "", 30),
    ]


async def test_all_of_it_is_on_the_page(store: StatusStore, tmp_path: Path) -> None:
    """Relays and conditions have their own sections, events are among the details."""
    status = store.status("home")
    page = render_page(status, tmp_path)
    assert "IQ Relays" in page
    assert "Devices report" in page
    assert "Latest events of the gateway" in page
    for relay in status.relays:
        assert relay.serial in page
    for condition in status.conditions:
        assert condition.condition in page


def test_limits_are_on_the_page_while_they_hold(status: GatewayStatus, tmp_path: Path) -> None:
    """As a power or as a share, whatever was set; without a limit there is no such section."""
    limits = ProductionLimits(
        forced_off=True,
        production_limited=True,
        production_ratio=0.7,
        export_limited=True,
        export_watts=5000.0,
        dynamic_limited=True,
        dynamic_watts=0.0,
    )
    page = render_page(replace(status, production_limits=limits), tmp_path).replace("\xa0", " ")
    for words in ("switched off", "at most 70 %", "at most 5.0 kW", "at most 0 W"):
        assert words in page
    none = replace(status, production_limits=ProductionLimits(forced_off=False))
    assert "Limits" not in render_page(none, tmp_path)


def test_load_relays_have_the_names_of_their_loads(status: GatewayStatus, tmp_path: Path) -> None:
    """With what each is and what decides; the gateway's own name is there as well."""
    assert [relay.id for relay in status.load_relays] == ["NC1", "NC2", "NO1", "NO2"]
    page = render_page(status, tmp_path)
    assert "Load relays" in page
    for relay in status.load_relays:
        assert relay.label in page
        assert relay.id in page


def render_page(status: GatewayStatus, tmp_path: Path) -> str:
    """Return the page of the home."""
    return str(
        render(
            "gateway.html.j2",
            title="home",
            links=[],
            page={"now": NOW, "refreshing": False, "interval": 15, "toggle": "/"},
            status=status,
            now=status.timestamp_seconds,
            pager=Pager(VirtualClock(NOW), tmp_path).status(),
            alerts=[],
            faulty_states=frozenset(),
            power_flow="",
            day_curve=None,
            month_strip=None,
            arrays=[],
            layout=None,
            power_text=None,
            display_name=None,
            colour_class=None,
        )
    )
