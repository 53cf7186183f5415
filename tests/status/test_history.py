"""What the exporter remembers of a house: curves of a day, and a month of days."""

import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.status.history import BUCKET_SECONDS, BUCKETS, DAYS, SERIES, History
from exporter.status.models import LastValue
from exporter.status.store import StatusStore
from tests.polled_gateway import polled_gateway
from tests.status.test_store import with_house

#: noon in UTC
NOON = 1_781_956_800.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def add(history: History, now: float, connected: float | None = 1.0, **values: float) -> None:
    """Add a sample; without a state of the grid it is blind."""
    history.add(now, {"connected": connected, **values}, {}, blind=connected is None)


def hours(history: History, now: float) -> dict[date, tuple[float, float, float]]:
    """Return the hours of each day that has any: on grid, off grid, blind."""
    return {
        day: (each.on_grid / HOUR, each.off_grid / HOUR, each.blind / HOUR)
        for day, each in history.days(now)
        if each.on_grid or each.off_grid or each.blind
    }


def test_a_point_is_the_mean_of_ten_minutes() -> None:
    """Samples of one bucket are averaged; a bucket without any is a gap."""
    history = History(UTC)
    for minute, watts in enumerate((100.0, 200.0, 300.0)):
        add(history, NOON + minute * MINUTE, solar_watts=watts)
    add(history, NOON + 2 * BUCKET_SECONDS, solar_watts=50.0)
    curve = history.curve("solar_watts", NOON + 2 * BUCKET_SECONDS)
    assert len(curve) == BUCKETS
    assert [value for _, value in curve[-3:]] == [200.0, None, 50.0]
    assert curve[-1][0] == NOON + 2 * BUCKET_SECONDS


def test_a_short_outage_is_seen() -> None:
    """Ten minutes in which the house was off grid for one are not on grid."""
    history = History(UTC)
    for minute, connected in enumerate((1.0, 0.0, 1.0)):
        add(history, NOON + minute * MINUTE, connected)
    assert history.curve("connected", NOON)[-1][1] == 0


def test_days_count_what_was_and_what_nobody_knows() -> None:
    """Hours on grid, off grid and blind; a time without samples is blind, also over midnight."""
    history = History(UTC)
    start = NOON + 10 * HOUR
    add(history, start)
    for minute in range(1, 61):
        add(history, start + minute * MINUTE)
    for minute in range(61, 91):
        add(history, start + minute * MINUTE, 0.0)
    later = start + 90 * MINUTE + 3 * HOUR
    add(history, later)
    today, tomorrow = date(2026, 6, 20), date(2026, 6, 21)
    assert hours(history, later) == {
        today: pytest.approx((1.0, 0.5, 0.5)),
        tomorrow: pytest.approx((0.0, 0.0, 2.5)),
    }
    assert len(history.days(later)) == DAYS


def test_days_are_those_of_the_house() -> None:
    """Midnight is where the house is, also in a night in which the clock is changed."""
    zone = ZoneInfo("America/Los_Angeles")
    history = History(zone)
    midnight = datetime(2026, 11, 1, tzinfo=zone).timestamp()
    for minute in range(25 * 60 + 1):
        add(history, midnight + minute * MINUTE)
    bars = hours(history, midnight + 25 * HOUR)
    assert bars[date(2026, 11, 1)] == pytest.approx((25.0, 0.0, 0.0), abs=0.1)
    assert sum(sum(each) for each in bars.values()) == pytest.approx(25.0, abs=0.1)


def test_what_is_older_than_a_day_is_gone() -> None:
    """After a day of silence the curve is empty, and the last values are there with their age."""
    history = History(UTC)
    add(history, NOON, solar_watts=100.0)
    add(history, NOON + 2 * DAY, house_watts=1.0)
    assert {v for _, v in history.curve("solar_watts", NOON + 2 * DAY)} == {None}
    assert history.last["solar_watts"].timestamp_seconds == NOON


def test_a_clock_that_steps_back_does_no_harm() -> None:
    """The curve begins again, and no time is counted twice or negative."""
    history = History(UTC)
    add(history, NOON, solar_watts=100.0)
    add(history, NOON - HOUR, solar_watts=50.0)
    assert [v for _, v in history.curve("solar_watts", NOON - HOUR)][-1] == 50.0
    assert all(seconds >= 0 for each in hours(history, NOON).values() for seconds in each)


def test_a_battery_that_was_removed_is_forgotten() -> None:
    """One that is listed without a charge keeps its last one; one no longer listed does not."""
    history = History(UTC)
    history.add_batteries({"1": 0.5, "2": 0.6}, NOON)
    history.add_batteries({"1": None}, NOON + HOUR)
    assert history.batteries == {"1": LastValue(0.5, NOON)}


def test_without_details_only_the_last_values_are_kept() -> None:
    """A large fleet has no curves."""
    history = History(UTC, detailed=False)
    add(history, NOON, solar_watts=100.0)
    assert history.last["solar_watts"].value == 100.0
    assert hours(history, NOON) == {}


_SAMPLES = st.lists(
    st.tuples(
        st.floats(-2 * DAY, 40 * DAY),
        st.sampled_from([None, 0.0, 1.0]),
        st.dictionaries(st.sampled_from(SERIES[:5]), st.floats(-1e6, 1e6)),
    ),
    max_size=30,
)


@given(samples=_SAMPLES)
def test_it_survives_a_restart_whatever_was_sampled(samples: list[Any]) -> None:
    """What is dumped as JSON and loaded shows the same curves, days and last values."""
    history = History(UTC)
    now = NOON
    for offset, connected, values in samples:
        now = NOON + offset
        add(history, now, connected, **values)
    again = History(UTC)
    again.load(orjson.loads(orjson.dumps(history.dump())))
    for name in SERIES:
        before, after = history.curve(name, now), again.curve(name, now)
        assert [stamp for stamp, _ in before] == [stamp for stamp, _ in after]
        for (_, old), (_, new) in zip(before, after, strict=True):
            assert (old is None) == (new is None)
            assert old is None or new is None or math.isclose(old, new, rel_tol=1e-4, abs_tol=0.01)
    assert again.last == history.last
    assert [day for day, _ in again.days(now)] == [day for day, _ in history.days(now)]


@given(
    st.recursive(
        st.none() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["bucket", "values", "days", "last", "sampled_at", *SERIES]), x
            )
        ),
    )
)
def test_a_broken_file_is_an_empty_history(document: Any) -> None:
    """Loading any file raises nothing, and the curves can be drawn."""
    history = History(UTC)
    history.load(document if isinstance(document, dict) else {})
    assert len(history.curve("solar_watts", NOON)) == BUCKETS


async def test_the_page_remembers_over_a_restart(tmp_path: Path) -> None:
    """A new process knows the last state of a gateway that is silent by then."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        await polled.pass_time(600)
        clock = polled.clock
        store = StatusStore(clock, tmp_path)
        snapshot = with_house(dict(polled.poller.readings), clock.monotonic())
        store.update(snapshot)
        await store.close()
        await clock.sleep(3600)
        again = StatusStore(clock, tmp_path)
        again.update(snapshot)
        await again.close()
        status = again.status("home")
    assert status.last_known["soc_ratio"].value == 0.64
    assert status.last_known["connected"].value == 1
    saved = json.loads((tmp_path / "history" / "home.json").read_text())
    assert set(saved["values"]) == set(SERIES)
