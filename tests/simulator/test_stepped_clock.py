"""A stepped clock stands still while somebody is at work, and goes from event to event."""

import asyncio

from exporter.simulator.stepped_clock import SteppedClock, SteppedTime


async def test_time_stands_still_while_the_gateway_is_busy() -> None:
    """However long a request takes, it sees one moment; then whoever sleeps is woken."""
    passage = SteppedTime(1e6)
    clock = SteppedClock(1_000.0, passage)
    passage.busy = lambda: True
    sleeping = asyncio.create_task(clock.sleep(60.0))
    await asyncio.sleep(0.1)
    assert not sleeping.done()
    assert clock.time() == 1_000.0
    passage.busy = lambda: False
    await sleeping
    assert clock.time() == 1_060.0


async def test_sleepers_wake_in_order_at_their_time() -> None:
    """Each sees exactly the moment at which it wanted to be woken, however fast time is."""
    passage = SteppedTime(1e6)
    clock, other = SteppedClock(0.0, passage), SteppedClock(5_000.0, passage)
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(clock.time())

    await asyncio.gather(*(sleep(seconds) for seconds in (300.0, 7.0, 60.0, 7.5)))
    assert woken == [7.0, 7.5, 60.0, 300.0]
    assert other.time() - clock.time() == 5_000.0


async def test_who_gives_up_holds_up_nobody() -> None:
    """A sleeper that is cancelled is forgotten."""
    passage = SteppedTime(1e6)
    clock = SteppedClock(0.0, passage)
    gone = asyncio.create_task(clock.sleep(1.0))
    await asyncio.sleep(0)
    gone.cancel()
    await clock.sleep(2.0)
    assert clock.time() == 2.0


async def test_nobody_waits_for_nothing() -> None:
    """A sleep of zero yields once, whether time moves or not."""
    passage = SteppedTime(1.0)
    passage.busy = lambda: True
    await asyncio.wait_for(SteppedClock(0.0, passage).sleep(0.0), 30)
