"""Our poller on a gateway in another process, in virtual time."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from exporter.clock import VirtualClock
from exporter.config import Gateway
from exporter.config.types import LONGEST_CADENCE
from exporter.exposition import Exposition
from exporter.gateway import rate_limit
from exporter.gateway.cadences import CADENCES
from exporter.gateway.poller import Poller
from exporter.gateway.scheduler import EndpointState
from exporter.house import HouseDeriver
from exporter.state import State

#: what Prometheus sends: OpenMetrics before text, and gzip
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
#: a scraper that knows only the text format
TEXT = "text/plain;version=0.0.4"

_SCRAPE_INTERVAL = 15.0
#: idle seconds after which `serve` prepares the bodies
_SETTLED = 1.0

#: with this one cadence for all, every endpoint is due once in each round
ROUND = 300.0
EVERYTHING_AT_ONCE = dict.fromkeys(CADENCES, ROUND)
#: the collectors that pyenphase's `update()` has something of
_COMMON = frozenset(
    {
        "ensemble",
        "battery_power",
        "storage",
        "dry_contacts",
        "meters",
        "production",
        "inverters",
        "tariff",
        "acb",
    }
)
#: the same, but for those that it has nothing of
WHAT_PYENPHASE_READS = {name: ROUND if name in _COMMON else LONGEST_CADENCE for name in CADENCES}


@dataclass
class BenchGateway:
    """A polled gateway, and its exposition."""

    poller: Poller
    clock: VirtualClock
    exposition: Exposition
    _scrape_due: float = 0.0

    async def round(self) -> None:
        """Let the time of one round pass and do all that is due, until there is nothing left.

        The limit on requests would spread it over minutes. What the gateway does not have is left
        out: pyenphase asks for that once, in its probe.
        """
        await self.clock.sleep(ROUND)
        for schedule in self.poller._scheduler:
            if schedule.condition in (EndpointState.ABSENT, EndpointState.DENIED):
                schedule.due = self.clock.monotonic() + ROUND
        with patch.object(rate_limit._Bucket, "wait", lambda *_: 0.0):
            while await self.poller.step() <= 0:
                pass

    async def minutes(self, count: float) -> None:
        """Let minutes pass as while `serve` runs: bodies prepared, Prometheus coming by."""
        end = self.clock.monotonic() + count * 60
        while True:
            pause = await self.poller.step()
            if pause > _SETTLED:
                self.exposition.prerender()
            if self.clock.monotonic() + pause > end:
                break
            await self._scraped_while(pause)
        await self._scraped_while(end - self.clock.monotonic())

    async def _scraped_while(self, seconds: float) -> None:
        until = self.clock.monotonic() + seconds
        while self._scrape_due <= until:
            await self.clock.sleep(self._scrape_due - self.clock.monotonic())
            self.exposition.render(PROMETHEUS, "gzip")
            self._scrape_due = self.clock.monotonic() + _SCRAPE_INTERVAL
        await self.clock.sleep(until - self.clock.monotonic())


@asynccontextmanager
async def polled_gateway(
    host: str,
    token: str,
    clock: VirtualClock | None = None,
    cadences: Mapping[str, float] | None = None,
) -> AsyncIterator[BenchGateway]:
    """Watch a gateway, by default at our cadences; it has not been polled yet."""
    clock = clock or VirtualClock(time.time())
    exposition = Exposition(clock)
    gateway = Gateway.model_validate(
        {"host": host, "name": "home", "token": token, "cadences": dict(cadences or {})}
    )
    with TemporaryDirectory() as directory:
        state = State(Path(directory), gateway.name)
        poller = Poller(gateway, state, clock, exposition.update, derive=HouseDeriver())
        try:
            yield BenchGateway(poller, clock, exposition)
        finally:
            await poller.close()
