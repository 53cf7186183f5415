"""Stories of captures: what a real gateway did for hours, seen by the whole poller.

The gateway is served on a loop whose time passes at once.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator import replay
from tests.polled_gateway import START, PolledGateway, polled_gateway
from tests.virtual_loop import LoopClock, VirtualLoop, run
from tools.incident import rules
from tools.incident.recording import Recording
from tools.incident.timeline import Firing, of_recording

MINUTE, HOUR = 60.0, 3600.0

Story = Callable[[PolledGateway], Awaitable[None]]
Watch = Callable[..., None]


@pytest.fixture
def watch(captures_dir: Path, tmp_path: Path) -> Watch:
    """Return a function that lets the poller watch a capture, and a story happen meanwhile.

    What it remembers is there in the next story of the same test, too.
    """

    def watch(capture: str, story: Story, *, start: float = START, **config: Any) -> None:
        async def main(loop: VirtualLoop) -> None:
            clock = LoopClock(loop, start)
            gateway = replay.load_capture(captures_dir / capture, now=clock.time)
            async with polled_gateway(gateway, tmp_path, clock, **config) as polled:
                await story(polled)

        run(main)

    return watch


class ScrapedGateway:
    """A polled gateway that Prometheus scrapes; the shipped rules are evaluated on the scrapes."""

    def __init__(self, polled: PolledGateway, interval: float = 30.0) -> None:
        self._polled = polled
        self._interval = interval
        self._recording = Recording(polled.clock.time() + interval, interval)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass under scrapes."""
        for _ in range(round(seconds / self._interval)):
            await self._polled.pass_time(self._interval)
            lines = self._polled.exposition.with_timestamps(self._polled.clock.time())
            self._recording.scrape(lines, rules.metrics())

    def alerts(self) -> list[Firing]:
        """Return all that fired, without what is for information only."""
        return [f for f in of_recording(self._recording).alerts() if f.severity != "info"]


def missing(polled: PolledGateway) -> set[tuple[str, str]]:
    """Return kind and id of everything that is expected and not there."""
    return {
        (dict(labels)["kind"], dict(labels)["id"])
        for labels, value in polled.samples().get("enphase_expected", {}).items()
        if not value
    }


def down(polled: PolledGateway) -> set[str]:
    """Return the collectors that are down."""
    return {
        dict(labels)["collector"]
        for labels, value in polled.samples()["enphase_collector_up"].items()
        if not value
    }


def rejected(polled: PolledGateway) -> float:
    """Return how many readings of counters were rejected."""
    return sum(polled.samples().get("enphase_rejected_readings_total", {}).values())


def failures(polled: PolledGateway) -> set[str]:
    """Return the reasons of all failures."""
    return {
        dict(labels)["reason"]
        for labels, value in polled.samples().get("enphase_collector_failures_total", {}).items()
        if value
    }


def of_inverters(polled: PolledGateway, name: str) -> dict[str, float]:
    """Return the values of a metric of inverters by serial number."""
    return {dict(k)["serial"]: v for k, v in polled.samples().get(name, {}).items()}
