"""At which addresses a gateway is looked for: those configured, then where it announces itself."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from exporter.clock import Clock
from exporter.config import Gateway

log = logging.getLogger(__name__)

#: seconds between two looks for a gateway that is gone
_LOCATE_PAUSE = 300.0

#: finds the addresses at which a gateway with this serial number announces itself
Locate = Callable[[str], Awaitable[Sequence[str]]]


class Addresses:
    """The addresses of one gateway; `locate` finds one that does not answer where it should."""

    def __init__(self, config: Gateway, clock: Clock, locate: Locate | None) -> None:
        self._config = config
        self._clock = clock
        self._locate = locate
        self._locate_after = float("-inf")

    async def candidates(self, last: str, serial: str | None) -> AsyncIterator[str]:
        """Yield the addresses to try, the one that worked last first."""
        configured = (last, self._config.host, *self._config.fallback_hosts)
        for host in dict.fromkeys(configured):
            yield host
        now = self._clock.monotonic()
        if self._locate is None or serial is None or now < self._locate_after:
            return
        # A listener on the network costs some memory and seconds.
        self._locate_after = now + _LOCATE_PAUSE
        for host in await self._locate(serial):
            if host not in configured:
                log.warning(
                    "gateway does not answer at its address; trying the one it announces",
                    extra={"gateway": self._config.name, "host": host},
                )
                yield host
