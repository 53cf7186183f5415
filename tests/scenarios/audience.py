"""Watches scenarios through the real poller in virtual time, and looks at /metrics now and then.

Between two looks the exporter sleeps, except for the last minutes: what happens meanwhile happens
all the same, and weeks cost seconds.
"""

from collections.abc import AsyncIterator, Sequence
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

#: seconds before a look in which the exporter works
WARM = 90.0
_AT: TypeAdapter[Any] = TypeAdapter(At)


@dataclass(frozen=True)
class Look:
    """What /metrics says at a moment (epoch seconds), and what it said in earlier looks."""

    now: float
    samples: Samples
    earlier: Sequence["Look"] = ()

    def all(self, name: str, **labels: str) -> list[float]:
        """Return the samples of that name whose labels include these."""
        wanted = set(labels.items())
        return [value for told, value in self.samples.get(name, {}).items() if wanted <= told]

    def one(self, name: str, **labels: str) -> float | None:
        """Return the only such sample, None without."""
        found = self.all(name, **labels)
        assert len(found) <= 1, f"{name}{labels} is ambiguous"
        return found[0] if found else None

    def value(self, name: str, **labels: str) -> float:
        """Return the only such sample; not a number without, which no comparison likes."""
        found = self.one(name, **labels)
        return float("nan") if found is None else found

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values of a label among the samples of that name."""
        return {dict(told)[label] for told in self.samples.get(name, {})}

    def age(self, name: str, **labels: str) -> float:
        """Return the seconds since the time that a sample tells."""
        return self.now - self.value(name, **labels)

    def past(self, name: str, **labels: str) -> list[float]:
        """Return the sample in every look, oldest first, where it is there."""
        looks = (*self.earlier, self)
        return [found for look in looks if (found := look.one(name, **labels)) is not None]


class Audience:
    """Somebody who watches a scenario."""

    def __init__(self, scenario: Scenario, runner: ScenarioRunner, clock: VirtualClock) -> None:
        self.scenario = scenario
        self.runner = runner
        self.looks: list[Look] = []
        self.observer: VirtualExporter
        self._clock = clock

    def epoch(self, at: str) -> float:
        """Return the epoch seconds of a time as scenarios write it."""
        return self.scenario.epoch(_AT.validate_python(at))

    async def look(self, at: str | float, warm: float = WARM) -> Look | None:
        """Let time pass until then and look; None when nobody answers a scrape."""
        left = (at if isinstance(at, float) else self.epoch(at)) - self._clock.time()
        assert left >= 0, f"{at} has passed"
        await self._clock.sleep(left - warm)
        await self.observer.advance(min(left, warm))
        if self.observer.exposition is None:
            return None
        text = self.observer.exposition.render("", "")[0].decode()
        look = Look(self._clock.time(), samples(text), tuple(self.looks))
        self.looks.append(look)
        return look


@asynccontextmanager
async def attending(scenario: Scenario, state_dir: Path, **config: Any) -> AsyncIterator[Audience]:
    """Play a scenario and watch it; `config` is more of the exporter's configuration."""
    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock)
    audience = Audience(scenario, runner, clock)
    async with run_virtual_exporter(
        runner.gateway, clock, name="home", state_dir=state_dir, runner=runner, **config
    ) as audience.observer:
        yield audience
