"""Time as an object that is passed in, so that weeks can be simulated in seconds."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the exporter asks of time."""

    def time(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero or less yields once."""
        ...


_TICK = 1e-6


class VirtualClock:
    """Time that passes only when somebody sleeps, for simulation and tests.

    One party drives it: whoever sleeps moves the time for all.
    """

    def __init__(self, start: float) -> None:
        self._start = start
        self._passed = 0.0

    def time(self) -> float:
        """Return the simulated wall clock in seconds since the epoch."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Return the simulated seconds that have passed."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        # Less than a tick would be lost in rounding, and who waits for it would wait for ever.
        self._passed += max(_TICK, seconds) if seconds > 0 else 0.0
        await asyncio.sleep(0)


class FastClock:
    """Time that passes `speed` times as fast as on the wall, from `start` (epoch seconds) on."""

    def __init__(self, start: float, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._began = time.monotonic()

    def time(self) -> float:
        """Return the fast wall clock in seconds since the epoch."""
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        """Return the fast seconds that have passed."""
        return (time.monotonic() - self._began) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of fast time."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero or less yields once."""
        await asyncio.sleep(max(0.0, seconds))
