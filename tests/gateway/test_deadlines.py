"""Slow gateways get the time they need, and hanging ones do not block the others."""

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.deadlines import Deadlines


@pytest.fixture
def clock() -> VirtualClock:
    """Return the time."""
    return VirtualClock(0)


def reached(deadlines: Deadlines, path: str, takes: float, least: float, attempts: int) -> bool:
    """Make some attempts; return whether a response of this duration was received."""
    for _ in range(attempts):
        deadline = deadlines.next(path, least)
        if deadline >= takes:
            deadlines.succeeded(path, takes)
            return True
        deadlines.timed_out(path, deadline, least)
    return False


@pytest.mark.parametrize(("takes", "least"), [(40, 25), (85, 25), (12, 15), (45, 15)])
def test_the_longest_honest_responses_are_read(
    takes: float, least: float, clock: VirtualClock
) -> None:
    """Within a few attempts where others answer, and at once from then on."""
    deadlines = Deadlines(clock)
    deadlines.succeeded("/other", 0.1)
    assert reached(deadlines, "/slow", takes, least, 4)
    for _ in range(5):
        assert reached(deadlines, "/slow", takes, least, 1)
    assert deadlines.usual("/slow") == takes


async def test_an_endpoint_that_hangs_is_waited_for_seldom(clock: VirtualClock) -> None:
    """It gets the longest deadline once every few minutes, so that others get their turn."""
    deadlines = Deadlines(clock)
    waited = []
    for _ in range(60):
        deadlines.succeeded("/other", 0.1)
        waited.append(deadlines.next("/hangs", 15))
        deadlines.timed_out("/hangs", waited[-1], 15)
        await clock.sleep(60)
    assert max(waited) == 60
    assert sum(waited) / len(waited) < 30


async def test_a_gateway_that_hangs_is_not_given_more_and_more(clock: VirtualClock) -> None:
    """Where nothing answers, only one attempt in a few minutes is a long one."""
    deadlines = Deadlines(clock)
    waited = []
    for _ in range(30):
        for path in ("/a", "/b", "/c", "/d"):
            waited.append(deadlines.next(path, 15))
            deadlines.timed_out(path, waited[-1], 15)
            await clock.sleep(15)
    assert sum(seconds > 15 for seconds in waited) <= 12


def test_what_the_owner_allows_is_the_limit(clock: VirtualClock) -> None:
    """A configured deadline bounds what was learned, above and below our own."""
    deadlines = Deadlines(clock)
    deadlines.succeeded("/a", 50)
    assert deadlines.next("/a", 15) == 60
    assert deadlines.next("/a", 15, 20) == 20
    assert deadlines.next("/b", 15, 5) == 5
    deadlines.timed_out("/b", 15, 15, 120)
    assert deadlines.next("/b", 15, 120) == 30


def test_patience_goes_when_the_gateway_is_fast_again(clock: VirtualClock) -> None:
    """A bad hour is not remembered for long."""
    deadlines = Deadlines(clock)
    deadlines.succeeded("/a", 40)
    for _ in range(5):
        deadlines.succeeded("/a", 0.2)
    assert deadlines.next("/a", 15) == 15
