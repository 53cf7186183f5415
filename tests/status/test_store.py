"""The store keeps the latest snapshot, and tracks what a snapshot cannot know."""

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.house import derive
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot
from exporter.status.models import GatewayStatus
from exporter.status.store import StatusStore
from tests.polled_gateway import polled_gateway
from tests.status.scenario_player import playing


async def test_an_outage_is_reported_with_its_length(tmp_path: Path) -> None:
    """The start and the end of an outage that was observed are known."""
    async with playing("grid-outage", tmp_path) as played:
        await played.go_to(43)
        before = played.watched.status()
        await played.go_to(50, 420)
        island = played.watched.status()
        assert before.grid.connected
        assert before.grid.since_timestamp_seconds is None
        assert island.grid.connected is False
        since = island.grid.since_timestamp_seconds
        assert since is not None
        assert island.timestamp_seconds - since == pytest.approx(300, abs=20)
        assert island.summary.startswith("Off grid for 5 min. Batteries ")
        assert "discharging" in island.summary
        assert "left at this rate" in island.summary
        assert island.power.house_watts == pytest.approx(
            (island.power.solar_watts or 0) + (island.power.storage_watts or 0)
        )
        assert [problem.alert for problem in island.problems] == ["EnphaseGridOutage"]


async def test_one_that_was_not_seen_begin_has_no_length(tmp_path: Path) -> None:
    """An exporter that starts in the middle of an outage does not make up when it began."""
    async with playing("grid-outage", tmp_path) as played:
        await played.go_to(80)
        status = played.watched.status()
    assert status.grid.since_timestamp_seconds is None
    assert status.summary.startswith("Off grid. Batteries ")


def with_house(readings: dict[str, Reading], now: float) -> Snapshot:
    """Return a snapshot with what is derived from these readings."""
    house = derive(Snapshot("home", readings), now)
    derived = Reading(house.data, house.read_at, house.expires)
    return Snapshot("home", {**readings, HOUSE: derived})


async def test_a_command_to_come_back_is_no_outage(tmp_path: Path) -> None:
    """The switch waits for five minutes of good grid; until then there is no problem."""
    async with playing("f06-off-grid-by-command", tmp_path) as played:
        await played.go_to(40)
        watched = played.watched
        assert watched.status().summary.startswith("Off grid by command")
        readings = dict(watched.poller.readings)
        old = readings["ensemble"]
        enpower = old.data["enpower"].model_copy(update={"mains_admin_state": "closed"})
        readings.pop("grid", None)
        readings["ensemble"] = replace(old, data={**old.data, "enpower": enpower})
        watched.status_store.update(with_house(readings, watched.clock.monotonic()))
        status = watched.status()
        assert status.grid.reconnecting
        assert "about to reconnect" in status.summary
        assert status.problems == ()
        readings["ensemble"] = replace(readings["ensemble"], expires=float("inf"))
        watched.status_store.update(with_house(readings, watched.clock.monotonic()))
        await watched.clock.sleep(400)
        assert not watched.status().grid.reconnecting


async def test_the_worst_house_comes_first(tmp_path: Path) -> None:
    """Houses are sorted by the severity of their state."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        readings = dict(watched.poller.readings)
        gone = {name: replace(r, expires=0.0) for name, r in readings.items() if name != SELF}
        watched.status_store.update(Snapshot("gone", {**gone, SELF: readings[SELF]}))
        for index in range(25):
            watched.status_store.update(Snapshot(f"well {index}", readings))
        statuses = await watched.status_store.statuses()
    assert statuses[0].gateway == "gone"
    assert len(statuses) == 27
    assert {status.worst for status in statuses[1:]} == {None}


async def test_a_gateway_that_is_not_configured_any_more_is_forgotten(tmp_path: Path) -> None:
    """What was removed is gone, and asking for it is an error."""
    async with polled_gateway("solar-only", tmp_path) as watched:
        assert watched.status_store.names == ["home"]
        for _ in range(2):
            watched.status_store.remove("home")
            assert watched.status_store.names == []
        with pytest.raises(KeyError):
            watched.status()


async def test_a_look_at_a_large_fleet_leaves_little_behind(tmp_path: Path) -> None:
    """The statuses of an overview are not kept, except those of a few houses."""
    async with polled_gateway("solar-only", tmp_path) as watched:
        await watched.pass_time(10)
        readings = dict(watched.poller.readings)
        status_store = StatusStore(watched.clock)
    for number in range(200):
        status_store.update(Snapshot(f"site-{number}", readings))

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, GatewayStatus) for each in gc.get_objects())

    before = alive()
    statuses = await status_store.statuses()
    assert len(statuses) == 200
    del statuses
    assert alive() - before <= 20


async def test_a_status_is_cached_for_a_second(tmp_path: Path) -> None:
    """However many look, a house is put together once a second, and again when it changed."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(10)
        first = watched.status()
        assert watched.status() is first
        await watched.clock.sleep(2)
        later = watched.status()
        assert later.timestamp_seconds == first.timestamp_seconds + 2
        watched.status_store.update(Snapshot("home", dict(watched.poller.readings)))
        assert watched.status() is not later


async def test_what_two_things_tell_to_be_missing_is_listed_once(tmp_path: Path) -> None:
    """No answer has a charge, and it is expected by name: one entry, since the earlier of both."""
    async with playing("f44-state-of-charge-missing", tmp_path) as played:
        await played.go_to(15, 300)
        await played.go_to(45, 1500)
        status = played.watched.status()
    assert [each.name for each in status.missing].count("State of charge") == 1
