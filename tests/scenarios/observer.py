"""Runs scenarios under the real poller in virtual time, and scrapes /metrics now and then.

Between two scrapes the exporter sleeps, except for the last minutes: what happens meanwhile happens
all the same, and weeks cost seconds.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from exporter.clock import VirtualClock
from exporter.simulator.recorder import VirtualExporter, run_virtual_exporter
from exporter.simulator.scenario import Scenario, ScenarioRunner
from exporter.simulator.scenario.durations import At
from tests.polled_gateway import Samples, samples

#: seconds before a scrape in which the exporter works
WARM_UP = 300.0
_AT: TypeAdapter[Any] = TypeAdapter(At)


@dataclass(frozen=True)
class Observation:
    """The samples of a scrape (epoch seconds), and the scrapes before it."""

    now: float
    samples: Samples
    text: str
    earlier: Sequence["Observation"] = ()

    @property
    def series(self) -> Mapping[str, float]:
        """The samples by series, as written on /metrics."""
        lines = (line for line in self.text.splitlines() if line and not line.startswith("#"))
        parts = (line.rpartition(" ") for line in lines)
        return {series: float(value) for series, _, value in parts}

    def all(self, name: str, **labels: str) -> list[float]:
        """Return the samples of that name whose labels include these."""
        required = set(labels.items())
        return [value for each, value in self.samples.get(name, {}).items() if required <= each]

    def one(self, name: str, **labels: str) -> float | None:
        """Return the only such sample, None without."""
        values = self.all(name, **labels)
        assert len(values) <= 1, f"{name}{labels} is ambiguous"
        return values[0] if values else None

    def value(self, name: str, **labels: str) -> float:
        """Return the only such sample; not a number without, which fails every comparison."""
        value = self.one(name, **labels)
        return float("nan") if value is None else value

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values of a label among the samples of that name."""
        return {dict(each)[label] for each in self.samples.get(name, {})}

    def age(self, name: str, **labels: str) -> float:
        """Return the seconds since the time that is the value of a sample."""
        return self.now - self.value(name, **labels)


class ScenarioObserver:
    """Scrapes the exporter while a scenario runs."""

    def __init__(self, scenario: Scenario, runner: ScenarioRunner, clock: VirtualClock) -> None:
        self.scenario = scenario
        self.runner = runner
        self.observations: list[Observation] = []
        self.exporter: VirtualExporter
        self._clock = clock

    def epoch(self, at: str) -> float:
        """Return the epoch seconds of a time as scenarios write it."""
        return self.scenario.epoch(_AT.validate_python(at))

    async def scrape(self, at: str | float, warm_up: float = WARM_UP) -> Observation | None:
        """Let time pass until then and scrape; None while the exporter does not run."""
        left = (at if isinstance(at, float) else self.epoch(at)) - self._clock.time()
        assert left >= 0, f"{at} has passed"
        await self._clock.sleep(left - warm_up)
        await self.exporter.advance(min(left, warm_up))
        if self.exporter.exposition is None:
            return None
        text = self.exporter.exposition.render("", "")[0].decode()
        now, earlier = self._clock.time(), tuple(self.observations)
        observation = Observation(now, samples(text), text, earlier)
        self.observations.append(observation)
        return observation


@asynccontextmanager
async def observing(
    scenario: Scenario, state_dir: Path, **config: Any
) -> AsyncIterator[ScenarioObserver]:
    """Run a scenario and observe it; `config` is more of the exporter's configuration."""
    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock)
    observer = ScenarioObserver(scenario, runner, clock)
    async with run_virtual_exporter(
        runner.gateway, clock, name="home", state_dir=state_dir, runner=runner, **config
    ) as observer.exporter:
        yield observer
