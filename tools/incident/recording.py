"""Scrapes of a scenario or a capture, as input series for promtool."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.clock import VirtualClock
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.recorder import (
    VirtualExporter,
    cadences_of_at_least,
    run_virtual_exporter,
)
from exporter.simulator.scenario import ScenarioRunner

#: labels that Prometheus adds to what it scrapes
TARGET = 'instance="localhost:10055",job="enphase"'
#: scrapes before the first, with nothing but `up`: promtool's time begins at 0, and a cloud
#: report shortly before the scenario must not carry a time below that
LEAD = 40
_NOTHING, _STALE = "_", "stale"
_UP = f"up{{{TARGET}}}"

#: samples of one scrape: values by series, both as text
Scraped = Mapping[str, str]


class Series:
    """The samples of a series, equal neighbours together."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, int]] = []
        self._length = 0

    def put(self, tick: int, value: str) -> None:
        """Add the sample of a scrape; a series that an earlier scrape was without, was stale."""
        self._fill(tick)
        self._push(value, 1)

    def text(self, ticks: int) -> str:
        """Return the samples of so many scrapes."""
        self._fill(ticks)
        return " ".join(_run(value, count) for value, count in self._runs)

    def _fill(self, tick: int) -> None:
        missing = tick - self._length
        if missing and self._runs:
            self._push(_STALE, 1)
            missing -= 1
        if missing:
            self._push(_NOTHING, missing)

    def _push(self, value: str, count: int) -> None:
        self._length += count
        if self._runs and self._runs[-1][0] == value:
            count += self._runs.pop()[1]
        self._runs.append((value, count))


@dataclass
class Recording:
    """Scrapes at equal intervals (seconds), the first at `begins` (epoch seconds)."""

    begins: float
    interval: float
    ticks: int = LEAD
    series: dict[str, Series] = field(default_factory=dict)
    _last: Scraped | None = None

    def __post_init__(self) -> None:
        for tick in range(LEAD):
            self._put(tick, _UP, "1")

    def add(self, scraped: Scraped | None) -> None:
        """Add a scrape; None if it failed."""
        self._put(self.ticks, _UP, "0" if scraped is None else "1")
        for name, value in (scraped or {}).items():
            self._put(self.ticks, name, value)
        self.ticks += 1
        self._last = scraped

    def scrape(self, exposition: bytes, metrics: Collection[str]) -> None:
        """Add a scrape of these metrics, as lines with time stamps."""
        self.add(dict(_samples(exposition, metrics, self.shift)))

    def repeat(self) -> None:
        """Add a scrape equal to the one before."""
        self.add(self._last)

    def seconds(self, tick: int) -> float:
        """Return when a scrape was, in promtool's time."""
        return tick * self.interval

    @property
    def shift(self) -> float:
        """What promtool's time 0 is, in epoch seconds."""
        return self.begins - LEAD * self.interval

    def inputs(self) -> Iterator[dict[str, str]]:
        """Yield every series as an input series of a rule test."""
        for name, series in self.series.items():
            yield {"series": name, "values": series.text(self.ticks)}

    def _put(self, tick: int, name: str, value: str) -> None:
        self.series.setdefault(name, Series()).put(tick, value)


async def record(
    gateway: SimulatedGateway,
    clock: VirtualClock,
    metrics: Collection[str],
    *,
    until: float,
    interval: float,
    runner: ScenarioRunner | None = None,
    **config: Any,
) -> Recording:
    """Scrape these metrics until then (epoch seconds); arguments as of `run_virtual_exporter`.

    Scrapes come a second before full minutes, or whatever the interval is: what happens on the
    minute is seen as late as possible. The gateway is polled no more often than the exporter is
    scraped, which makes weeks affordable. While a slow gateway has not responded, the exporter
    continues to serve the last values.
    """
    await clock.sleep(interval - 1)
    recording = Recording(clock.time(), interval)
    cadences = cadences_of_at_least(interval)
    with tempfile.TemporaryDirectory(prefix="enphase-incident-") as folder:
        watching: AbstractAsyncContextManager[VirtualExporter] = run_virtual_exporter(
            gateway,
            clock,
            name="home",
            state_dir=Path(folder),
            runner=runner,
            cadences=cadences,
            **config,
        )
        async with watching as observer:
            due = clock.monotonic()
            offset = recording.begins - due
            while offset + due < until:
                await observer.advance(due - clock.monotonic())
                for _ in range(int((clock.monotonic() - due) // interval)):
                    recording.repeat()
                    due += interval
                if observer.exposition is None:
                    recording.add(None)
                else:
                    recording.scrape(observer.exposition.with_timestamps(clock.time()), metrics)
                due += interval
    return recording


def _samples(lines: bytes, metrics: Collection[str], shift: float) -> Iterator[tuple[str, str]]:
    """Yield the samples of these metrics among the lines, in promtool's time."""
    for line in lines.decode().splitlines():
        name, _, rest = line.partition("{")
        if name in metrics:
            labels, value, _ = rest.rsplit(" ", 2)
            if name.endswith("_timestamp_seconds") and float(value):
                value = str(float(value) - shift)
            yield f"{name}{{{TARGET},{labels}", _plain(value)


def _plain(value: str) -> str:
    """Return a number without an exponent, which a list of samples would take for a sum."""
    return value if "e" not in value else f"{float(value):.12f}"


def _run(value: str, count: int) -> str:
    if value == _NOTHING:
        return f"_x{count}"
    return value if count == 1 else f"{value}+0x{count - 1}"
