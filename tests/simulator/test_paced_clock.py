"""Time in the demo: it passes while the exporter sleeps, and waits for it while it works."""

import asyncio
import time

from exporter.simulator.paced_clock import PacedClock, ShiftedClock

FAST = 1e6


async def test_time_stands_still_while_nobody_sleeps() -> None:
    """However long the machine takes, nothing grows old by that."""
    clock = PacedClock(1000.0, FAST)
    time.sleep(0.01)  # noqa: ASYNC251 - the event loop is busy
    await asyncio.sleep(0.01)
    assert (clock.time(), clock.monotonic()) == (1000.0, 0.0)


async def test_a_sleeper_wakes_exactly_when_he_wanted() -> None:
    """A machine that is late does not let more time pass."""
    clock = PacedClock(1000.0, FAST)
    sleeper = asyncio.create_task(clock.sleep(60.0))
    await asyncio.sleep(0)
    time.sleep(0.01)  # noqa: ASYNC251 - by then 10,000 seconds would have passed
    assert clock.monotonic() == 60.0
    await sleeper
    assert clock.time() == 1060.0


async def test_time_passes_until_the_last_of_several_wakes() -> None:
    """Two who sleep at once are no slower than one; who is woken early takes no time along."""
    clock = PacedClock(0.0, FAST)
    await asyncio.gather(clock.sleep(30.0), clock.sleep(50.0))
    woken = clock.monotonic()
    assert woken >= 50.0
    sleeper = asyncio.create_task(clock.sleep(1e12))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.gather(sleeper, return_exceptions=True)
    cancelled = clock.monotonic()
    assert woken <= cancelled < 1e12
    await asyncio.sleep(0.01)
    assert clock.monotonic() == cancelled


async def test_a_watcher_waits_for_others_to_sleep() -> None:
    """Who looks on lets no time pass, and returns when it has passed."""
    clock = PacedClock(0.0, FAST)
    watcher = asyncio.create_task(clock.watch(90.0))
    await asyncio.sleep(0.01)
    assert not watcher.done()
    assert clock.monotonic() == 0.0
    await clock.sleep(60.0)
    await clock.sleep(30.0)
    await watcher
    assert clock.monotonic() == 90.0


async def test_two_beginnings_share_the_time_that_passes() -> None:
    """A scenario at its own date and an exporter at the present keep their distance."""
    clock = PacedClock(5000.0, FAST)
    other = ShiftedClock(clock, -4000.0)
    await other.sleep(20.0)
    assert (clock.time(), other.time(), other.monotonic()) == (5020.0, 1020.0, 20.0)
