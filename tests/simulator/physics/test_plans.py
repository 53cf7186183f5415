"""What is planned for a house happens at its time."""

import pytest

from exporter.errors import ExporterError
from tests.simulator.physics.sample_simulations import HOUR, house


def test_a_plan_comes_at_its_time_however_time_is_cut() -> None:
    """The same happens at the same moment, in one leap of time or in many steps."""
    leaping, stepping = house(past_days=0), house(past_days=0)
    begin = leaping.now
    for it in (leaping, stepping):
        it.plan(begin + 2 * HOUR, {"switch.commanded": "closed"})
        it.plan(begin + 1000.5, {"switch.commanded": "open", "load.extra": 700})
    leaping.advance(begin + 3 * HOUR)
    opened = []
    while stepping.now < begin + 3 * HOUR:
        stepping.advance(stepping.now + 90)
        opened.append(not stepping.state().on_grid)
    assert leaping.state() == stepping.state()
    assert opened.index(True) * 90 == 990
    assert leaping.state().on_grid


def test_a_plan_that_cannot_be_is_refused_at_once() -> None:
    """The error comes when the plan is made, and nothing is planned."""
    it = house(past_days=0)
    with pytest.raises(ExporterError, match=r"storage\.reserve takes a number"):
        it.plan(it.now + 60, {"storage.mode": "backup", "storage.reserve": 50})
    it.advance(it.now + 120)
    assert it.get("storage.mode") == "self-consumption"


def test_a_plan_for_the_past_happens_next() -> None:
    """What should have happened already happens as soon as time is looked at."""
    it = house(past_days=0)
    it.plan(it.now - 60, {"load.extra": 700})
    it.advance(it.now)
    assert it.get("load.extra") == 700
