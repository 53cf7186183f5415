"""Effect of a denial-of-service attack on scrapers and polling.

Five hundred scrapers send one request a second, out of step with each other, first undisturbed and
then while `bench.attack_clients` attack from another process.
"""

import asyncio
import random
import resource
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from bench.load import Load, Request, get
from bench.poller_fixture import PROMETHEUS
from bench.processes import MeasuredExporter, child, exporting
from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from bench.sim_process import simulated

_HOME = "big-home"
_SCRAPERS = 500
_SECONDS = 40.0
_FILES = 8192
_END = b"\r\n\r\n"
_LAST_SUCCESS = 'enphase_collector_last_success_timestamp_seconds{gateway="'
_SOON = Goal(50)
#: the grid state is due every 15 s
_CADENCE = Goal(20)
_BOUNDED = Goal(1300)


async def run(progress: Progress) -> Findings:
    """Scrape undisturbed and under attack."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, _FILES), hard), hard))
    progress("Attack: waiting for the exporter")
    async with simulated(_HOME) as gateway, exporting(gateway.host, gateway.token) as exporter:
        await exporter.full()
        request = Request(exporter.port, "/metrics", PROMETHEUS, "gzip")
        progress("Attack: undisturbed")
        before = _ResourceUsage.of(exporter)
        peace = await _scrapes(request)
        at_once = await _at_once(request)
        progress("Attack: under attack")
        async with child("bench.attack_clients", str(exporter.port), str(_SECONDS)) as attackers:
            crowd = await attackers.receive()
            watching = asyncio.create_task(_longest_gap(exporter.port))
            attacked = await _scrapes(request)
            during = _ResourceUsage.of(exporter)
            gap = await watching
        progress("Attack: afterwards")
        after = await _settled(exporter, before)
    return Findings(
        (
            BenchRow(f"{_SCRAPERS} scrapers, 99 % answered within", _ms(peace, 0.99), None, _SOON),
            BenchRow("… under attack, 99 % within", _ms(attacked, 0.99), None, _SOON),
            BenchRow("… under attack, half within", _ms(attacked, 0.5)),
            BenchRow("… all in one instant, the last within", Quantity(at_once * 1000, "ms")),
            BenchRow(
                "Longest gap between readings, under attack", Quantity(gap, "s"), None, _CADENCE
            ),
            BenchRow("Open files under attack", Quantity(during.files), None, _BOUNDED),
            BenchRow(
                "… a minute later, compared with before",
                Quantity(after.files),
                Quantity(before.files),
            ),
            BenchRow("Memory under attack, compared with before", *_megabytes(during, before)),
        ),
        (f"{_HOME}, {_SCRAPERS} scrapes a second for {_SECONDS:g} s; attackers: {crowd}",),
    )


class _ResourceUsage:
    """Open files and resident memory of a process."""

    def __init__(self, files: int, bytes_: int) -> None:
        self.files = files
        self.bytes = bytes_

    @classmethod
    def of(cls, exporter: MeasuredExporter) -> "_ResourceUsage":
        """Read the usage of the exporter."""
        process = Path("/proc") / str(exporter.pid)
        pages = int((process / "statm").read_text().split()[1])
        files = sum(1 for _ in (process / "fd").iterdir())
        return cls(files, pages * resource.getpagesize())


async def _settled(exporter: MeasuredExporter, before: _ResourceUsage) -> _ResourceUsage:
    """Return the usage once all clients are gone, or a minute later."""
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while _ResourceUsage.of(exporter).files > before.files:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.5)
    return _ResourceUsage.of(exporter)


async def _scrapes(request: Request) -> Load:
    """Run all scrapers at one request a second; raise RuntimeError for an incomplete response."""
    began = time.perf_counter()
    latencies: list[float] = []

    async def scraper() -> None:
        await asyncio.sleep(random.random())  # noqa: S311 - no secret
        while time.perf_counter() - began < _SECONDS:
            sent_at = time.perf_counter()
            reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
            with suppress(ConnectionError):
                for _ in range(5):
                    sent_at = time.perf_counter()
                    await _ask(request, reader, writer)
                    latencies.append(time.perf_counter() - sent_at)
                    await asyncio.sleep(max(0.0, sent_at + 1 - time.perf_counter()))
            writer.close()

    await asyncio.gather(*(scraper() for _ in range(_SCRAPERS)))
    if not latencies:
        raise RuntimeError("no scrape got a response")
    return Load(len(latencies) / _SECONDS, sorted(latencies))


async def _at_once(request: Request) -> float:
    """Return the seconds until the last scraper has its response when all send at once."""
    streams = [await asyncio.open_connection("127.0.0.1", request.port) for _ in range(_SCRAPERS)]
    began = time.perf_counter()
    await asyncio.gather(*(_ask(request, *stream) for stream in streams))
    taken = time.perf_counter() - began
    for _, writer in streams:
        writer.close()
    return taken


async def _ask(
    request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(request.head)
    try:
        head = await reader.readuntil(_END)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("connection closed between two scrapes") from error
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(head.partition(b"\r\n")[0].decode(errors="replace"))
    length = head.lower().partition(b"content-length: ")[2]
    await reader.readexactly(int(length.partition(b"\r\n")[0]))


async def _longest_gap(port: int) -> float:
    """Watch the grid state for a while; return the longest time between two readings of it."""
    seen: list[float] = []
    until = time.perf_counter() + _SECONDS
    while time.perf_counter() < until:
        text = (await get(Request(port, "/metrics"))).decode()
        seen += [
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith(_LAST_SUCCESS) and 'collector="ensemble"' in line
        ]
        await asyncio.sleep(0.5)
    readings = sorted({*seen, time.time()})
    return max(later - one for one, later in pairwise(readings))


def _ms(load: Load, share: float) -> Quantity:
    return Quantity(load.percentile(share) * 1000, "ms")


def _megabytes(one: _ResourceUsage, other: _ResourceUsage) -> tuple[Quantity, Quantity]:
    return Quantity(one.bytes / 1e6, "MB"), Quantity(other.bytes / 1e6, "MB")
