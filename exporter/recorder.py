"""Records what the exporter would have said of a gateway over hours or months, in minutes.

The gateway is served on loopback and polled by the real poller through the real protocol; only time
is virtual. What comes out is OpenMetrics with time stamps, which Prometheus imports: `promtool tsdb
create-blocks-from openmetrics FILE DIR`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.exposition import Exposition
from exporter.gateway.poller import Poller
from exporter.simulator.answers import Gateway
from exporter.simulator.server import serve
from exporter.state import State


@dataclass(frozen=True, slots=True)
class Scrape:
    """One moment of a recording: epoch seconds, and the samples of that moment as lines."""

    at: float
    lines: bytes


async def scrapes(
    gateway: Gateway,
    clock: VirtualClock,
    *,
    name: str,
    seconds: float,
    interval: float,
    state_dir: Path,
) -> AsyncIterator[Scrape]:
    """Yield a scrape every `interval` seconds of virtual time, for `seconds`.

    `clock` must be the clock by which the gateway lives; it is moved by whatever sleeps here.
    """
    async with serve(gateway, now=clock.time) as running:
        exposition = Exposition(clock)
        token = running.token if gateway.uses_tls else None
        poller = Poller(
            GatewayConfig.model_validate({"host": running.host, "name": name, "token": token}),
            State(state_dir, name),
            clock,
            exposition.update,
        )
        try:
            end = clock.monotonic() + seconds
            due = clock.monotonic()
            while due < end:
                wake = await poller.step() + clock.monotonic()
                while due < end and due <= wake:
                    await clock.sleep(due - clock.monotonic())
                    yield Scrape(clock.time(), exposition.stamped(clock.time()))
                    due += interval
                await clock.sleep(wake - clock.monotonic())
        finally:
            await poller.close()
