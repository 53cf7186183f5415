"""What a gateway with far too large answers costs the healthy one beside it, and the process.

For each kind of answer an exporter of its own watches both for a while. Each request that a probe
sends is answered late by what the event loop was held up.
"""

import asyncio
import resource
import time
from contextlib import suppress
from pathlib import Path

from bench.load import Request, get
from bench.processes import MeasuredExporter, child, exporting_fleet
from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from bench.sim_process import simulated

_SECONDS = 40.0
_PAUSE = 0.005
#: milliseconds that the healthy gateway's scrape may be late, and megabytes that may stay
_LATE, _STAYS = Goal(50), Goal(30)


async def run(progress: Progress) -> Findings:
    """Watch a healthy home beside a gateway of each kind."""
    rows: list[BenchRow] = []
    honest: float | None = None
    async with child("bench.hostile_gateway") as gateways, simulated("battery-home") as healthy:
        for kind, (host, token) in (await gateways.receive()).items():
            progress(f"Hostile: {kind}")
            pair = [(healthy.host, healthy.token), (host, token)]
            async with exporting_fleet(pair, {}) as exporter:
                await exporter.ready(60)
                latest = await _latest(exporter)
                megabytes = _megabytes(exporter)
            honest = megabytes if honest is None else honest
            rows += [
                BenchRow(
                    f"{kind}: others wait at most", Quantity(latest * 1000, "ms"), None, _LATE
                ),
                BenchRow("… memory that stays", Quantity(megabytes - honest, "MB"), None, _STAYS),
            ]
    return Findings(tuple(rows), (f"two gateways for {_SECONDS:g} s, one of them of each kind",))


async def _latest(exporter: MeasuredExporter) -> float:
    """Return the seconds of the slowest response while both gateways are polled."""
    until, slowest = time.perf_counter() + _SECONDS, 0.0
    while time.perf_counter() < until:
        for path in ("/-/healthy", "/probe?target=site-0"):
            began = time.perf_counter()
            with suppress(ConnectionError):
                await get(Request(exporter.port, path))
            slowest = max(slowest, time.perf_counter() - began)
        await asyncio.sleep(_PAUSE)
    return slowest


def _megabytes(exporter: MeasuredExporter) -> float:
    pages = int((Path("/proc") / str(exporter.pid) / "statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
