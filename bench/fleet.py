"""Many gateways in one process: cost of each, and whether all are polled in time.

The gateways are battery homes with 24 inverters and 6 batteries, over TLS, in a process of their
own, and are polled at a quarter of the default rate: the grid state every minute. Needs Linux: it
reads `/proc`.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.load import Request, get, load
from bench.memory import memory
from bench.poller_fixture import PROMETHEUS, TEXT
from bench.processes import BenchProcess, MeasuredExporter, child, exporting_fleet
from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from exporter.fleet.memory_tuning import freeze_long_lived
from exporter.gateway.cadences import CADENCES

_SIZES = (1, 10, 100, 1000)
_MOST = 5000
_SLOWER = 4
#: seconds; of the grid state, which is polled most often
_CADENCE = CADENCES["ensemble"] * _SLOWER
_MINUTES, _SOAK_MINUTES = 3, 15
_SPOILT = 0.05
_CONNECTIONS, _SECONDS = 4, 3.0
#: seconds between two checks of the event loop
_PROBE_INTERVAL = 0.002
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class MeasuredFleet:
    """An exporter, and the gateways that it watches."""

    size: int
    exporter: MeasuredExporter
    gateways: BenchProcess

    async def ask(self, line: str = "") -> object:
        """Send a command to the gateways; see `bench.fleet_sim`."""
        self.gateways.send(f"{line}\n".encode())
        return await self.gateways.receive()

    def cpu(self) -> float:
        """Return the CPU seconds that the exporter has used."""
        fields = Path(f"/proc/{self.exporter.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def late(self) -> list[float]:
        """Return by how many seconds polls came too late at most, by gateway."""
        delays = await self.ask(f"late {_CADENCE}")
        assert isinstance(delays, list)
        return [float("inf") if one is None else one for one in delays]


@asynccontextmanager
async def fleet(size: int) -> AsyncIterator[MeasuredFleet]:
    """Run an exporter on this many gateways; each has been polled once."""
    cadences = {name: cadence * _SLOWER for name, cadence in CADENCES.items()}
    async with (
        child("bench.fleet_sim", str(size), "1") as gateways,
        exporting_fleet(await gateways.receive(), cadences) as exporter,
    ):
        with _apart(exporter.pid, gateways.process.pid):
            # spread over a cadence, which is a minute
            await exporter.ready(300)
            yield MeasuredFleet(size, exporter, gateways)


@contextmanager
def _apart(exporter: int, gateways: int) -> Iterator[None]:
    """Give the exporter a core of its own, and ours to us before the gateways.

    In the field they are elsewhere. Does nothing on a machine with a single core.
    """
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        first = min(cores)
        os.sched_setaffinity(exporter, {first})
        for pid in (0, gateways):
            os.sched_setaffinity(pid, cores - {first})
        os.setpriority(os.PRIO_PROCESS, gateways, 10)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


async def run(progress: Progress) -> Findings:
    """Watch fleets of several sizes."""
    results: list[BenchRow] = []
    sizes: dict[int, float] = {}
    for size in _SIZES:
        progress(f"{size:,} gateways")
        async with fleet(size) as one:
            results += await _scraped(one)
            if size == _SIZES[-1]:
                progress(f"{size:,} gateways for {_MINUTES} minutes")
                results += await _watched(one, _MINUTES)
                results += await _whole(one)
            sizes[size] = memory(one.exporter.pid)["RSS"]
    few, many = _SIZES[-2:]
    each = (sizes[many] - sizes[few]) / (many - few) * 1024
    results.append(
        BenchRow(f"RSS with {many:,} gateways", Quantity(sizes[many], "MiB"), None, _RSS)
    )
    results.append(BenchRow("RSS of each further gateway", Quantity(each, "KiB")))
    note = "24 inverters and 6 batteries each, TLS, cadences of a minute, all scraped once"
    return Findings(tuple(results), (note,))


async def soak(progress: Progress) -> Findings:
    """Watch a large fleet of which some misbehave."""
    size = _SIZES[-1]
    progress(f"{size:,} gateways")
    async with fleet(size) as one:
        spoilt = await one.ask(f"spoil {_SPOILT}")
        assert isinstance(spoilt, list)
        progress(f"{size:,} gateways for {_SOAK_MINUTES} minutes, {len(spoilt)} misbehave")
        results = await _watched(one, _SOAK_MINUTES, spoilt)
        rss = Quantity(memory(one.exporter.pid)["RSS"], "MiB")
    label = f"RSS with {size:,} gateways of which {len(spoilt)} misbehave"
    return Findings((*results, BenchRow(label, rss, None, _RSS)))


async def stretch(progress: Progress) -> Findings:
    """Watch as many as one core can at a cadence of a minute; there is no goal."""
    progress(f"{_MOST:,} gateways")
    async with fleet(_MOST) as one:
        progress(f"{_MOST:,} gateways for {_MINUTES} minutes")
        results = [*await _watched(one, _MINUTES), *await _scraped(one)]
        rss = Quantity(memory(one.exporter.pid)["RSS"], "MiB")
    return Findings((*results, BenchRow(f"RSS with {_MOST:,} gateways", rss)))


_RSS = Goal(500)


async def _scraped(one: MeasuredFleet) -> list[BenchRow]:
    """Scrape a single gateway as fast as possible, after each was scraped once."""
    for number in range(one.size):
        await get(Request(one.exporter.port, f"/probe?target=site-{number}", TEXT))
    measured = await load(
        Request(one.exporter.port, "/probe?target=site-0", PROMETHEUS, "gzip"),
        _CONNECTIONS,
        _SECONDS,
    )
    slow = Quantity(measured.percentile(0.99) * 1000, "ms")
    what = f"Scrapes a second of one gateway among {one.size:,}"
    return [
        BenchRow(what, Quantity(measured.rate), None, Goal(5000, at_least=True)),
        BenchRow("… 99 % answered within", slow, None, Goal(2)),
    ]


async def _watched(
    one: MeasuredFleet, minutes: float, spoilt: Sequence[int] = ()
) -> list[BenchRow]:
    """Let minutes pass; measure the CPU time and late polls."""
    await one.ask("forget")
    began, used = time.monotonic(), one.cpu()
    await asyncio.sleep(minutes * 60)
    share = (one.cpu() - used) / (time.monotonic() - began)
    late = [late for number, late in enumerate(await one.late()) if number not in set(spoilt)]
    who = f"{one.size:,} gateways" + (f", {len(spoilt)} misbehave" if spoilt else "")
    latest = sorted(late)
    return [
        BenchRow(f"CPU of {who}", Quantity(share * 100, "%"), None, Goal(60)),
        BenchRow(
            f"Latest poll of {len(late):,} healthy gateways in {minutes} min",
            Quantity(latest[-1], "s"),
            None,
            Goal(5),
        ),
        BenchRow("… of 99 % of them", Quantity(latest[int(len(latest) * 0.99)], "s")),
    ]


async def _whole(one: MeasuredFleet) -> list[BenchRow]:
    """Scrape all gateways in one body, and check meanwhile that the event loop is not blocked."""
    # or our own would be taken for the exporter's
    freeze_long_lived()
    url = f"http://127.0.0.1:{one.exporter.port}"
    async with aiohttp.ClientSession(url) as client:
        probing = asyncio.create_task(_probe_loop(one.exporter.port))
        began = time.perf_counter()
        size = 0
        async with client.get("/metrics", headers={"Accept": TEXT}) as response:
            async for chunk in response.content.iter_any():
                size += len(chunk)
        took = time.perf_counter() - began
        probing.cancel()
        waits = sorted(await probing)
    return [
        BenchRow(f"All {one.size:,} gateways in one body", Quantity(size / 1e6, "MB")),
        BenchRow("… sent in", Quantity(took, "s")),
        BenchRow(
            "… others wait meanwhile at most", Quantity(waits[-1] * 1000, "ms"), None, Goal(20)
        ),
    ]


async def _probe_loop(port: int) -> list[float]:
    """Request `/-/healthy` repeatedly until cancelled; return the durations."""
    waits: list[float] = []
    try:
        while True:
            began = time.perf_counter()
            await get(Request(port, "/-/healthy"))
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(_PROBE_INTERVAL)
    except asyncio.CancelledError:
        return waits
