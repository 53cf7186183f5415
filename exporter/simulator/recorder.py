"""Records what the exporter would have said of a gateway over hours or months, in minutes.

The gateway is served on loopback and polled by the real poller through the real protocol; only time
is virtual. What comes out is OpenMetrics with time stamps, which Prometheus imports: `promtool tsdb
create-blocks-from openmetrics FILE DIR`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.config.types import LONGEST_CADENCE
from exporter.exposition import Exposition
from exporter.gateway.collectors import CADENCES
from exporter.gateway.poller import Poller
from exporter.simulator.answers import Gateway
from exporter.simulator.scenario import Stage
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State


@dataclass(frozen=True, slots=True)
class Scrape:
    """One moment of a recording: epoch seconds, and the samples of that moment as lines."""

    at: float
    lines: bytes


class Keys:
    """The file with the token that the exporter shows to the gateway."""

    def __init__(self, running: RunningGateway, path: Path) -> None:
        self.path = path
        self._running = running
        self._serial = ""

    def write(self, lifetime: float | None = None) -> None:
        """Write a new token, of so many seconds, if it is another gateway than before."""
        serial = self._running.gateway.serial
        if serial != self._serial:
            self._serial = serial
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self._running.issue(lifetime=lifetime))


class Observer:
    """The exporter in virtual time, started and stopped as a stage wants it."""

    def __init__(
        self,
        config: GatewayConfig,
        clock: VirtualClock,
        state_dir: Path,
        stage: Stage | None,
        keys: Keys | None,
    ) -> None:
        """Watch the gateway of `config`; without a stage the exporter just runs."""
        self._config = config
        self._clock = clock
        self._state_dir = state_dir
        self._stage = stage
        self._keys = keys
        self._restarts = 0
        self._poller: Poller | None = None
        self._exposition: Exposition | None = None

    @property
    def exposition(self) -> Exposition | None:
        """What it says now; None while it does not run."""
        return self._exposition

    async def pass_time(self, seconds: float) -> None:
        """Let it work for so long."""
        end = self._clock.monotonic() + seconds
        while True:
            await self._follow()
            pause = self._until_event() if self._poller is None else await self._poller.step()
            if self._clock.monotonic() + pause > end:
                break
            await self._clock.sleep(pause)
        await self._clock.sleep(end - self._clock.monotonic())
        await self._follow()

    async def stop(self) -> None:
        """End it; what it remembers is saved."""
        if self._poller is not None:
            await self._poller.close()
        self._poller = self._exposition = None

    async def _follow(self) -> None:
        """Be stopped or started as the stage wants it."""
        if self._stage is not None:
            self._stage.catch_up()
            if not self._stage.exporter_runs or self._restarts < self._stage.exporter_restarts:
                await self.stop()
            self._restarts = self._stage.exporter_restarts
            if not self._stage.exporter_runs:
                return
        if self._keys is not None:
            self._keys.write()
        if self._poller is None:
            self._exposition = Exposition(self._clock)
            state = State(self._state_dir, self._config.name)
            self._poller = Poller(self._config, state, self._clock, self._exposition.update)

    def _until_event(self) -> float:
        coming = self._stage.next_step if self._stage else None
        return float("inf") if coming is None else max(0.0, coming - self._clock.time())


@asynccontextmanager
async def observing(
    gateway: Gateway,
    clock: VirtualClock,
    *,
    name: str,
    state_dir: Path,
    stage: Stage | None = None,
    **config: Any,
) -> AsyncIterator[Observer]:
    """Serve a gateway with an exporter beside it; `config` is more of its configuration.

    `clock` must be the clock by which the gateway lives, and its stage if it has one. A gateway
    that is replaced gets a new token, as an owner's account would get it from the cloud.
    """
    async with serve(gateway, now=clock.time) as running:
        keys = Keys(running, state_dir / f"{name}.token") if gateway.uses_tls else None
        if stage is not None:
            stage.drive(running)
        if keys is not None:
            keys.write(None if stage is None else stage.scenario.token)
            config["token_file"] = keys.path
        login = GatewayConfig.model_validate({"host": running.host, "name": name, **config})
        observer = Observer(login, clock, state_dir, stage, keys)
        try:
            yield observer
        finally:
            await observer.stop()


async def scrapes(
    gateway: Gateway,
    clock: VirtualClock,
    *,
    name: str,
    seconds: float,
    interval: float,
    state_dir: Path,
    stage: Stage | None = None,
) -> AsyncIterator[Scrape]:
    """Yield a scrape every `interval` seconds of virtual time, for `seconds`.

    While a stage lets the exporter stand still there is nothing to scrape. `clock` is moved by
    whatever sleeps here; see `observing`. At long intervals the gateway is asked no more often than
    somebody looks, which makes months affordable; what is gone is then seen that much later.
    """
    cadences = {}
    if interval > max(CADENCES.values()):
        cadences = {name: min(interval, LONGEST_CADENCE) for name in CADENCES}
    async with observing(
        gateway, clock, name=name, state_dir=state_dir, stage=stage, cadences=cadences
    ) as observer:
        end = clock.monotonic() + seconds
        due = clock.monotonic()
        while due < end:
            await observer.pass_time(due - clock.monotonic())
            if observer.exposition is not None:
                yield Scrape(clock.time(), observer.exposition.with_timestamps(clock.time()))
            # a slow gateway may have taken longer than to the next one
            due += interval * max(1, (clock.monotonic() - due) // interval + 1)
