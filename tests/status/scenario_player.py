"""Scenarios played up to a moment, with the real poller."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from exporter.clock import VirtualClock
from exporter.simulator.scenario import ScenarioRunner
from tests.polled_gateway import PolledGateway, polled_gateway
from tests.scenarios import catalogue

#: seconds between two looks at the scenario, which can take the gateway off the network
_STEP = 15.0


class Played:
    """A scenario and who watches it."""

    def __init__(self, runner: ScenarioRunner, watched: PolledGateway) -> None:
        self.watched = watched
        self._stage = runner

    async def go_to(self, minute: float, warm: float = 300) -> None:
        """Let time pass until then; polling starts `warm` seconds before."""
        clock = self.watched.clock
        end = self._stage.scenario.begins + 60 * minute
        await clock.sleep(end - clock.time() - warm)
        while clock.time() < end:
            self._stage.catch_up()
            await self.watched.pass_time(min(_STEP, end - clock.time()))


@asynccontextmanager
async def playing(name: str, state: Path, **config: Any) -> AsyncIterator[Played]:
    """Play the scenario of that name; `config` is more of the exporter's configuration."""
    scenario = catalogue.find(name)
    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock)
    async with polled_gateway(runner.gateway, state, clock, **config) as watched:
        runner.attach(watched.gateway)
        yield Played(runner, watched)
