"""The limit on what a gateway is asked: a weak computer that freezes when it is pressed.

Home Assistant asks up to 14 questions a minute; so do we at the most, averaged over ten minutes,
one at a time. Starting up may take a burst, since the first round asks for everything once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.clock import Clock

PER_MINUTE = 14
WINDOW = 600.0
BURST = 24
#: requests in a window, one less than the limit: the last may have to be sent twice
_MOST = PER_MINUTE * 10 - 1
#: refills slower than the limit and stores little, so that a burst never ends in a long silence
_REFILL = 13.5 / 60
_STORE = 12.0


class RateLimiter:
    """Hands out turns to ask the gateway something."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._sent: deque[float] = deque()
        self._tokens = float(BURST)
        self._refilled = clock.monotonic()

    def wait(self) -> float:
        """Return the seconds until the next request may go; 0 when it may go now."""
        now = self._clock.monotonic()
        gained = (now - self._refilled) * _REFILL
        # The burst at the start may exceed what is stored later; it only ever shrinks.
        self._tokens = max(self._tokens, min(self._tokens + gained, _STORE))
        self._refilled = now
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        full = len(self._sent) >= _MOST
        for_window = self._sent[0] + WINDOW - now if full else 0.0
        for_token = (1 - self._tokens) / _REFILL if self._tokens < 1 else 0.0
        return max(for_window, for_token)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait until a request may go, and keep all others out until it is done."""
        async with self._one_at_a_time:
            while (seconds := self.wait()) > 0:
                await self._clock.sleep(seconds)
            self._tokens -= 1
            self._sent.append(self._clock.monotonic())
            yield
