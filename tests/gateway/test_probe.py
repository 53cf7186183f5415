"""Features of a gateway are detected despite temporary failures, and remembered."""

from pathlib import Path

import pytest

from exporter.clock import VirtualClock
from exporter.simulator.faults import body, error_object, login_page, status
from tests.polled_gateway import START, impatient, polled_gateway

__all__ = ["impatient"]

INVENTORY = "/ivp/ensemble/inventory"


@pytest.mark.parametrize("bad", [status(503), status(401), login_page(), body(b"")])
async def test_one_bad_answer_in_the_probe_does_not_lose_the_batteries(
    bad: object, tmp_path: Path
) -> None:
    """Batteries and grid state are there moments after the inventory answers."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[INVENTORY] = bad  # type: ignore[assignment] # any fault will do
        await watched.pass_time(1)
        assert watched.value("enphase_up") == 1
        assert "enphase_encharge_info" not in watched.names()
        watched.gateway.faults.clear()
        await watched.pass_time(90)
        assert len(watched.samples()["enphase_encharge_soc_ratio"]) == 6
        assert watched.value("enphase_grid_connected") == 1
        assert watched.value("enphase_dry_contact_closed", id="NC1") is not None


async def test_a_moment_without_meters_does_not_change_the_source(tmp_path: Path) -> None:
    """Production is read from the meter even when the meters' first answer is a 503."""
    async with polled_gateway("three-phase", tmp_path / "bad") as watched:
        watched.gateway.faults["/ivp/meters"] = status(503, times=2)
        await watched.pass_time(90)
        bad = watched.names()
    async with polled_gateway("three-phase", tmp_path / "good") as watched:
        await watched.pass_time(90)
        assert watched.names() | {"enphase_collector_failures_total"} == bad


async def test_legs_and_meters_are_unknown_until_their_setup_was_read(tmp_path: Path) -> None:
    """Neither is there a wrong number before, nor does the right one wait for the next `/info`."""
    names = ("enphase_gateway_phases", "enphase_gateway_meters")
    async with polled_gateway("battery-home", tmp_path / "metered") as watched:
        watched.gateway.faults["/ivp/meters"] = status(503)
        await watched.pass_time(15)
        assert watched.value("enphase_up") == 1
        assert [watched.value(name) for name in names] == [None, None]
        watched.gateway.faults.clear()
        await watched.pass_time(60)
        assert [watched.value(name) for name in names] == [2, 2]
    async with polled_gateway("solar-only", tmp_path / "unmetered") as watched:
        await watched.pass_time(15)
        assert [watched.value(name) for name in names] == [1, 0]


async def test_a_feature_once_seen_is_reported_when_it_is_gone(tmp_path: Path) -> None:
    """After a restart, tariff and meters that were there before are failing, not forgotten."""
    clock = VirtualClock(START)
    async with polled_gateway("battery-home", tmp_path, clock) as watched:
        await watched.pass_time(1)
    async with polled_gateway("battery-home", tmp_path, clock) as watched:
        watched.gateway.faults["/ivp/meters"] = status(404)
        watched.gateway.faults["/admin/lib/tariff"] = status(404)
        await watched.pass_time(400)
        for collector in ("meters", "tariff"):
            assert watched.value("enphase_collector_up", collector=collector) == 0
        assert watched.value("enphase_collector_up", collector="ensemble") == 1
        missing = watched.value(
            "enphase_collector_failures_total", collector="meters", reason="absent"
        )
        assert missing is not None
        watched.gateway.faults.clear()
        # the probe is repeated less and less often while nothing comes back
        await watched.pass_time(1800)
        for collector in ("meters", "tariff"):
            assert watched.value("enphase_collector_up", collector=collector) == 1
        assert watched.value("enphase_meter_watts", meter="production") is not None


async def test_a_gateway_that_is_away_at_the_start_is_known_by_memory(tmp_path: Path) -> None:
    """After a restart into an outage, the collectors of old are down, so that rules can see it."""
    clock = VirtualClock(START)
    async with polled_gateway("battery-home", tmp_path, clock) as watched:
        await watched.pass_time(1)
        collectors = watched.samples()["enphase_collector_up"].keys()
    async with polled_gateway("battery-home", tmp_path, clock, host="127.0.0.1:9") as watched:
        await watched.pass_time(60)
        assert watched.value("enphase_up") == 0
        assert watched.samples()["enphase_collector_up"] == dict.fromkeys(collectors, 0)
        assert not {n for n in watched.names() if n.startswith("enphase_encharge")}


@pytest.mark.parametrize("bad", [error_object(), body(b"[]"), body(b"{}"), body(b"null")])
async def test_an_empty_list_of_devices_is_a_gateway_that_starts(
    bad: object, tmp_path: Path
) -> None:
    """Devices that were there do not vanish because the list is empty for a moment."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        watched.gateway.faults[INVENTORY] = bad  # type: ignore[assignment] # any fault will do
        await watched.pass_time(60)
        assert watched.value("enphase_collector_up", collector="ensemble") == 0
        present = watched.samples()["enphase_encharge_present"]
        assert set(present.values()) == {1}


async def test_a_lost_state_file_costs_only_memory(tmp_path: Path) -> None:
    """A broken state file is set aside, and everything is found again."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(120)
        names = watched.names()
    watched.poller.state.path.write_bytes(b'{"features": [1, 2')
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(120)
        assert watched.names() == names
