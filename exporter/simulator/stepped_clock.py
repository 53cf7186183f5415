"""A fast clock that moves from one event to the next, and stands still while anybody is at work.

At a thousand times the speed of the wall clock a request takes minutes. Here time moves only when
whoever was woken last sleeps again and no request is under way, so that a round of requests sees
one moment of the home and nothing is late. It moves to the time at which the next one wakes, and
never faster than its speed; where the machine is too slow, time is slower instead.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

#: real seconds: between two looks whether time may move, and how long one who was woken may take
#: until a request of his is seen
_CHECK, _AT_WORK = 0.002, 0.25


class SteppedTime:
    """Seconds that pass up to `speed` times as fast as on the wall; shared by several clocks."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        #: who was woken and does not sleep yet, and when (real seconds)
        self._awake: dict[asyncio.Task[object] | None, float] = {}
        self._driver: asyncio.Task[None] | None = None
        #: whether time has to stand still
        self.busy: Callable[[], bool] = lambda: False

    def passed(self) -> float:
        """Return the seconds that have passed."""
        return self._passed

    async def sleep_until(self, passed: float) -> None:
        """Return when so many seconds have passed."""
        sleeper = asyncio.get_running_loop().create_future()
        self._awake.pop(asyncio.current_task(), None)
        heappush(self._sleepers, (passed, next(self._order), sleeper))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        await sleeper
        self._awake[asyncio.current_task()] = time.monotonic()

    async def _drive(self) -> None:
        """Move time as long as somebody sleeps."""
        while self._sleepers:
            until, _, sleeper = self._sleepers[0]
            allowed = (time.monotonic() - self._began) * self._speed
            if sleeper.done():
                heappop(self._sleepers)
            elif until > allowed or self._at_work():
                await asyncio.sleep(_CHECK)
            else:
                heappop(self._sleepers)
                self._passed = max(self._passed, until)
                with suppress(asyncio.InvalidStateError):
                    sleeper.set_result(None)
                await asyncio.sleep(0)

    def _at_work(self) -> bool:
        """Tell whether a request is under way, or somebody has just been woken."""
        since = time.monotonic() - _AT_WORK
        self._awake = {
            task: woken
            for task, woken in self._awake.items()
            if woken > since and task is not None and not task.done()
        }
        return bool(self._awake) or self.busy()


class SteppedClock:
    """A clock of this time, from `start` (epoch seconds) on."""

    def __init__(self, start: float, passage: SteppedTime) -> None:
        self._start = start
        self._passage = passage

    def time(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._passage.passed()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero or less yields once."""
        if seconds > 0:
            await self._passage.sleep_until(self._passage.passed() + seconds)
        else:
            await asyncio.sleep(0)
