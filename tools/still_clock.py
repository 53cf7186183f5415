"""Time for pictures: hours pass as fast as the machine can, and then it stands still.

However busy the machine is, nothing is late: what a picture shows does not depend on it.
"""

import asyncio
from collections.abc import Callable

from exporter.clock import VirtualClock


class StillClock(VirtualClock):
    """Passes from `start` to `end` (epoch seconds); who sleeps at the end is not woken again."""

    def __init__(
        self, start: float, end: float, *, on_step: Callable[[], None] = lambda: None
    ) -> None:
        """Begin at `start`; `on_step` is called whenever time has passed."""
        super().__init__(start)
        self._end = end
        self.on_step = on_step
        #: set when it stands still
        self.stopped = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once, but not beyond the end."""
        await super().sleep(min(seconds, self._end - self.time()))
        self.on_step()
        if self.time() >= self._end:
            self.stopped.set()
            await asyncio.get_running_loop().create_future()
