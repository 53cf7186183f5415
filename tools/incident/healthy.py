"""Replays without a failure, in which no alert may fire: days, weeks, and static captures."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.clock import VirtualClock
from exporter.simulator.replay import load_capture
from exporter.simulator.scenario.expectations import Expectations
from tests.scenarios import catalogue
from tools.incident.seasons import WEEKS
from tools.incident.timeline import Firing, hold, replay

#: seconds between two scrapes by scenario; what lasts for minutes only needs them close
SCENARIOS: Mapping[str, float] = {
    "sunny-day": 120,
    "winter-week": 300,
    "night-stall": 120,
    "firmware-upgrade": 180,
}
#: and for weeks
_WEEK_INTERVAL = 120.0
#: severities that notify somebody
_LOUD = frozenset({"critical", "warning"})
#: a summer noon, at which a capture is held
_NOON = 1_782_000_000.0
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Silence:
    """The alerts that fired in a week without a failure."""

    season: str
    home: str
    days: float
    disturbances: str
    firings: Sequence[Firing]

    @property
    def loud(self) -> list[Firing]:
        """The firings that notify somebody."""
        return _loud(self.firings)

    def words(self, severity: str) -> str:
        """Return what fired of this severity: 0, or which alerts how often."""
        counts = Counter(firing.alert for firing in self.firings if firing.severity == severity)
        return ", ".join(f"{count} {alert}" for alert, count in counts.items()) or "0"


def week(name: str, interval: float = _WEEK_INTERVAL) -> Silence:
    """Play a week of `WEEKS`."""
    chosen = WEEKS[name]
    scenario = chosen.scenario()
    timeline = asyncio.run(replay(scenario, interval=interval))
    days = scenario.duration // _DAY
    return Silence(chosen.season, chosen.home, days, chosen.disturbances, timeline.alerts())


def played(name: str) -> list[Firing]:
    """Return the firings of a scenario that notify somebody and are not allowed."""
    scenario = catalogue.find(name)
    expect = scenario.expect or Expectations(interval=120.0)
    timeline = asyncio.run(
        replay(scenario, interval=SCENARIOS.get(name, expect.interval), **expect.config)
    )
    return [firing for firing in _loud(timeline.alerts()) if firing.alert not in expect.allowed]


def held(folder: Path, interval: float = 300, seconds: float = _DAY) -> list[Firing]:
    """Return the firings that notify somebody while a gateway repeats a capture for a day."""
    clock = VirtualClock(_NOON)
    gateway = load_capture(folder, now=clock.time)
    return _loud(asyncio.run(hold(gateway, clock, seconds, interval)).alerts())


def silence_logging() -> None:
    """Keep the exporter's errors out of the output."""
    logging.disable(logging.ERROR)


def _loud(firings: Sequence[Firing]) -> list[Firing]:
    return [firing for firing in firings if firing.severity in _LOUD]
