"""Runs the exporter in virtual time, and records what Prometheus would have scraped.

The gateway is served on loopback and polled by the real poller through the real protocol; only time
is virtual, so that months take minutes. Recordings are OpenMetrics with time stamps, which
Prometheus imports: `promtool tsdb create-blocks-from openmetrics FILE DIR`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.config.types import LONGEST_CADENCE
from exporter.exposition import Exposition
from exporter.gateway.cadences import CADENCES
from exporter.gateway.poller import Poller
from exporter.house import HouseDeriver
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.scenario import ScenarioRunner
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State

#: runs only where a cadence is configured
_OPT_IN = frozenset({"plc"})
#: the collectors that the exporter runs
POLLED = frozenset(CADENCES) - _OPT_IN


def cadences_of_at_least(seconds: float) -> dict[str, float]:
    """Return all cadences, none of them shorter than this."""
    shortest = min(LONGEST_CADENCE, seconds)
    return {name: max(shortest, usual) for name, usual in CADENCES.items() if name in POLLED}


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape: epoch seconds, and the samples as lines."""

    at: float
    lines: bytes


class SimulatedTokenFile:
    """The file with the token that the exporter sends to the gateway."""

    def __init__(
        self,
        running: RunningGateway,
        path: Path,
        account: Literal["owner", "installer"] = "owner",
    ) -> None:
        """Prepare a file for the tokens of this kind of account."""
        self.path = path
        self._account = account
        self._running = running
        self._serial = ""

    def write(self, lifetime: float | None = None) -> None:
        """Write a new token, valid for `lifetime` seconds, if the gateway's serial has changed."""
        serial = self._running.gateway.serial
        if serial != self._serial:
            self._serial = serial
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self._running.issue(self._account, lifetime))


class VirtualExporter:
    """The exporter in virtual time, started and stopped as a scenario says."""

    def __init__(
        self,
        config: GatewayConfig,
        clock: VirtualClock,
        state_dir: Path,
        runner: ScenarioRunner | None,
        token_file: SimulatedTokenFile | None,
    ) -> None:
        """Prepare to poll the gateway of `config`; without a scenario the exporter never stops."""
        self._config = config
        self._clock = clock
        self._state_dir = state_dir
        self._runner = runner
        self._token_file = token_file
        self._restarts = 0
        self._poller: Poller | None = None
        self._exposition: Exposition | None = None

    @property
    def exposition(self) -> Exposition | None:
        """What is exported now; None while the exporter does not run."""
        return self._exposition

    async def advance(self, seconds: float) -> None:
        """Run for so many seconds of virtual time."""
        end = self._clock.monotonic() + seconds
        while True:
            await self._follow_scenario()
            pause = self._until_next_step() if self._poller is None else await self._poller.step()
            if self._clock.monotonic() + pause > end:
                break
            await self._clock.sleep(pause)
        await self._clock.sleep(end - self._clock.monotonic())
        await self._follow_scenario()

    async def stop(self) -> None:
        """Stop the exporter; its state is saved."""
        if self._poller is not None:
            await self._poller.close()
        self._poller = self._exposition = None

    async def _follow_scenario(self) -> None:
        """Stop, start or restart the exporter as the scenario says."""
        if self._runner is not None:
            self._runner.catch_up()
            if not self._runner.exporter_runs or self._restarts < self._runner.exporter_restarts:
                await self.stop()
            self._restarts = self._runner.exporter_restarts
            if not self._runner.exporter_runs:
                return
        if self._token_file is not None:
            self._token_file.write()
        if self._poller is None:
            self._exposition = Exposition(self._clock)
            state = State(self._state_dir, self._config.name)
            self._poller = Poller(
                self._config, state, self._clock, self._exposition.update, derive=HouseDeriver()
            )

    def _until_next_step(self) -> float:
        next_step = self._runner.next_step if self._runner else None
        return float("inf") if next_step is None else max(0.0, next_step - self._clock.time())


@asynccontextmanager
async def run_virtual_exporter(
    gateway: SimulatedGateway,
    clock: VirtualClock,
    *,
    name: str,
    state_dir: Path,
    runner: ScenarioRunner | None = None,
    **config: Any,
) -> AsyncIterator[VirtualExporter]:
    """Serve a gateway with an exporter that polls it; `config` is more of its configuration.

    `clock` must be the clock of the gateway, and of the scenario if there is one. A gateway that is
    replaced gets a new token, as an owner's account would get it from the cloud.
    """
    async with serve(gateway, now=clock.time) as running:
        token_file = None
        if gateway.uses_tls:
            account = "owner" if runner is None else runner.scenario.account
            token_file = SimulatedTokenFile(running, state_dir / f"{name}.token", account)
        if runner is not None:
            runner.attach(running)
        if token_file is not None:
            token_file.write(None if runner is None else runner.scenario.token)
            config["token_file"] = token_file.path
        login = GatewayConfig.model_validate({"host": running.host, "name": name, **config})
        exporter = VirtualExporter(login, clock, state_dir, runner, token_file)
        try:
            yield exporter
        finally:
            await exporter.stop()


async def record_scrapes(
    gateway: SimulatedGateway,
    clock: VirtualClock,
    *,
    name: str,
    seconds: float,
    interval: float,
    state_dir: Path,
    runner: ScenarioRunner | None = None,
) -> AsyncIterator[Scrape]:
    """Yield a scrape every `interval` seconds of virtual time, for `seconds`.

    While the scenario stops the exporter there is nothing to scrape. `clock` is advanced by
    whatever sleeps here; see `run_virtual_exporter`. With long intervals the gateway is polled no
    more often than it is scraped, which makes months affordable; gaps are then noticed that much
    later.
    """
    cadences = {}
    if interval > max(CADENCES[name] for name in POLLED):
        cadences = cadences_of_at_least(interval)
    async with run_virtual_exporter(
        gateway, clock, name=name, state_dir=state_dir, runner=runner, cadences=cadences
    ) as exporter:
        end = clock.monotonic() + seconds
        due = clock.monotonic()
        while due < end:
            await exporter.advance(due - clock.monotonic())
            if exporter.exposition is not None:
                yield Scrape(clock.time(), exporter.exposition.with_timestamps(clock.time()))
            # a slow gateway may have taken longer than one interval
            due += interval * max(1, (clock.monotonic() - due) // interval + 1)
