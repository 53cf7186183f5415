"""What must stay silent: days and weeks without a failure, and gateways that stand still."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from exporter.clock import VirtualClock
from exporter.simulator import capture
from exporter.simulator.scenario import find
from tools.incident.timeline import Firing, Timeline, hold, replay

#: seconds between two scrapes by scenario; what lasts for minutes only needs them close
SCENARIOS: Mapping[str, float] = {
    "sunny-day": 120,
    "winter-week": 300,
    "night-stall": 120,
    "firmware-upgrade": 180,
}
#: severities that reach somebody
_LOUD = frozenset({"critical", "warning"})
#: a summer noon, at which a capture is held
_NOON = 1_782_000_000.0
_DAY = 86400.0


def played(name: str) -> list[Firing]:
    """Return what reaches somebody during a scenario."""
    return _loud(asyncio.run(replay(find(name), interval=SCENARIOS[name])))


def held(folder: Path, interval: float = 300, seconds: float = _DAY) -> list[Firing]:
    """Return what reaches somebody while a gateway stands still as captured, for a day."""
    clock = VirtualClock(_NOON)
    gateway = capture.load(folder, now=clock.time)
    return _loud(asyncio.run(hold(gateway, clock, seconds, interval)))


def _loud(timeline: Timeline) -> list[Firing]:
    return [told for told in timeline.alerts() if told.severity in _LOUD]
