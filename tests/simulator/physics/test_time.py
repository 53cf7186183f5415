"""A house depends on its seed, its start and what was done to it, and on nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.homes import SAMPLE_HOME_NAMES
from exporter.simulator.homes.models import HomeState
from exporter.simulator.physics.rng import SmoothNoise, random_value
from tests.simulator.physics.sample_simulations import HOUR, house


def _played(cuts: list[float], name: str = "battery-home") -> HomeState:
    """Return the state after six hours with an outage in between, asked for at these moments."""
    it = house(name, 2026, 3, 3, 9, weather=None, past_days=1)
    start = it.now
    levers = {HOUR + 17.5: False, 3 * HOUR + 1: True}
    for moment in sorted({*cuts, *levers, 6 * HOUR}):
        it.advance(start + moment)
        if moment in levers:
            it.set("grid.up", levers[moment])
        it.state()
    return it.state()


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
def test_the_same_seed_makes_the_same_house(name: str) -> None:
    """Twice the same house has twice the same day, to the last digit."""
    assert _played([], name) == _played([], name)


@given(cuts=st.lists(st.floats(0, 6 * HOUR), max_size=40))
def test_who_asks_and_when_makes_no_difference(cuts: list[float]) -> None:
    """Time cut in any way leads to the same state."""
    assert _played(cuts) == _played([])


def test_another_seed_makes_another_house() -> None:
    """Weather, household and panels differ from seed to seed."""
    assert house(weather=None).state() != house(weather=None, seed=2).state()


def test_counters_go_on_between_steps() -> None:
    """Energy grows with every second, as a meter's does."""
    it = house()
    seen = [it.at(it.now + 1).produced for _ in range(90)]
    assert all(new > old for old, new in pairwise(seen))


def test_a_moment_is_made_once() -> None:
    """As long as nothing changes, the state is the same object."""
    it = house()
    assert it.state() is it.state()
    assert it.at(it.now) is it.state()


def test_time_does_not_go_back() -> None:
    """Advancing into the past is an error; asking for a past moment gives the present."""
    it = house()
    with pytest.raises(ValueError, match="has passed"):
        it.advance(it.now - 1)
    assert it.at(it.now - 1) is it.state()


@given(st.integers(), st.text(max_size=10), st.integers(-(10**9), 10**9))
def test_chance_can_be_asked_again(seed: int, stream: str, index: int) -> None:
    """The same question has the same answer, between 0 and 1."""
    assert random_value(seed, stream, index) == random_value(seed, stream, index)
    assert 0 <= random_value(seed, stream, index) < 1


@given(st.integers(), st.lists(st.floats(0, 2e9), min_size=1, max_size=20))
def test_a_drift_does_not_depend_on_the_order_of_questions(seed: int, times: list[float]) -> None:
    """Asked forwards or backwards, it has been at the same places."""
    there, back = SmoothNoise(seed, "x", 300), SmoothNoise(seed, "x", 300)
    forwards = [there.at(time) for time in times]
    backwards = [back.at(time) for time in reversed(times)]
    assert forwards == backwards[::-1]
    assert all(0 <= value <= 1 for value in forwards)
