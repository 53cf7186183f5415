"""Time for a simulated home and the exporter in one process, faster than on the wall."""

import asyncio
import time

from exporter.clock import Clock

#: seconds on the wall between two looks of who watches, at least
_LOOK = 0.001


class PacedClock:
    """Time that passes while the exporter sleeps, `speed` times as fast as on the wall.

    While it works, time stands still. So a machine that is late by a moment is not late by hours,
    and one that cannot keep up lets time pass more slowly. Who only looks on waits with `watch`:
    whoever sleeps moves the time for all.
    """

    def __init__(self, start: float, speed: float) -> None:
        """Begin at `start`, in epoch seconds."""
        self._start = start
        self._speed = speed
        self._passed = 0.0
        self._sleepers = 0
        #: when time began to pass, on the wall, and until when it may
        self._since = self._end = 0.0

    def time(self) -> float:
        """Return the simulated wall clock in seconds since the epoch."""
        return self._start + self.monotonic()

    def monotonic(self) -> float:
        """Return the simulated seconds that have passed."""
        if not self._sleepers:
            return self._passed
        passed = self._passed + (time.monotonic() - self._since) * self._speed
        return max(self._passed, min(self._end, passed))

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._settle(self.monotonic())
        end = self._passed + max(0.0, seconds)
        self._end = max(self._end, end)
        self._sleepers += 1
        try:
            await asyncio.sleep(max(0.0, seconds) / self._speed)
        except asyncio.CancelledError:
            end = 0.0
            raise
        finally:
            self._settle(max(end, self.monotonic()))
            self._sleepers -= 1

    async def watch(self, seconds: float) -> None:
        """Return when `seconds` have passed by what others sleep."""
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:  # noqa: ASYNC110 - it passes by itself
            await asyncio.sleep(max(_LOOK, left / self._speed))

    def _settle(self, passed: float) -> None:
        self._passed, self._since = passed, time.monotonic()


class ShiftedClock:
    """Another clock, so many seconds ahead of it."""

    def __init__(self, clock: Clock, ahead: float) -> None:
        self._clock = clock
        self._ahead = ahead

    def time(self) -> float:
        """Return the wall clock in seconds since the epoch."""
        return self._clock.time() + self._ahead

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await self._clock.sleep(seconds)
