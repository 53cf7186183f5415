"""Start-up time: until the first complete `/metrics`, and of `--version`."""

import asyncio
import sys
import time
from asyncio.subprocess import DEVNULL

from bench.processes import exporting
from bench.results import BenchRow, Findings, Goal, Progress, Quantity, median, side_by_side
from bench.sim_process import simulated

_STARTS = 5
_CALLS = 10
#: without tidying up what was imported
_AND_GO = ", os; os._exit(0)"


async def run(progress: Progress) -> Findings:
    """Start the exporter repeatedly, each time without state."""
    progress("Start")
    starts = []
    async with simulated("battery-home") as gateway:
        for _ in range(_STARTS):
            began = time.perf_counter()
            async with exporting(gateway.host, gateway.token) as exporter:
                await exporter.full()
                starts.append(time.perf_counter() - began)
    version, nothing = await side_by_side(
        lambda: _call("-m", "exporter", "--version"), lambda: _call("-c", "pass"), _CALLS
    )
    ours, theirs = await side_by_side(
        lambda: _call("-c", f"import exporter.cli.serve, exporter.serve{_AND_GO}"),
        lambda: _call("-c", f"import pyenphase{_AND_GO}"),
        _CALLS,
    )
    return Findings(
        (
            BenchRow(
                "From start to a full /metrics, battery-home",
                Quantity(median(starts), "s"),
                goal=Goal(1.5),
            ),
            BenchRow(
                "Import of what serves (pyenphase alone)",
                Quantity(ours, "s"),
                Quantity(theirs, "s"),
            ),
            BenchRow(
                "--version (a Python that does nothing)",
                Quantity(version, "s"),
                Quantity(nothing, "s"),
                Goal(0.25),
            ),
        )
    )


async def _call(*words: str) -> float:
    """Return the seconds that a call of Python takes."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=DEVNULL)
    if await process.wait():
        raise RuntimeError(f"{' '.join(words)} has failed")
    return time.perf_counter() - began
