"""How much memory the exporter takes, compared with a minimal reader of the same gateway.

All processes run at the same time, so that what they share is shared alike. Needs Linux: it reads
`/proc`.
"""

import asyncio
import re
from pathlib import Path

from bench.load import Request, get
from bench.poller_fixture import PROMETHEUS
from bench.processes import child, exporting
from bench.results import BenchRow, Findings, Goal, Progress, Quantity, median
from bench.sim_process import Simulated, simulated

_REPETITIONS = 3
_SECONDS = 6
#: file and key by kind of memory
_KINDS = {"RSS": ("status", "VmRSS"), "PSS": ("smaps_rollup", "Pss")}
_GOAL = Goal(1.2, of_ratio=True)
#: what the exporter is built on, besides what pyenphase brings along; pydantic imports most of it
#: when the first model is made
_LIBRARIES: dict[str, tuple[str, ...]] = {
    "pydantic": ("bench.peers.minimal_pydantic",),
    "aiohttp's server": ("aiohttp.web",),
    "typer": ("typer",),
    "prometheus_client": ("prometheus_client",),
}
_BARE = "bench.peers.bare_pyenphase"


async def run(progress: Progress) -> Findings:
    """Let both poll for a while and measure their memory."""
    progress("Memory")
    runs: list[tuple[dict[str, float], ...]] = []
    async with simulated("battery-home") as gateway:
        for _ in range(_REPETITIONS):
            runs.append(await _once(gateway))  # noqa: PERF401 - all at the same time
    results = []
    for kind, goal in (("RSS", _GOAL), ("PSS", None)):
        ours, theirs, libraries = (
            Quantity(median(sizes[side][kind] for sizes in runs), "MiB") for side in range(3)
        )
        results += [
            BenchRow(f"{kind} of the process, battery-home", ours, theirs, goal),
            BenchRow("… of pyenphase with our libraries imported, unused", libraries, theirs),
        ]
    return Findings(tuple(results), (await _profile(),))


async def _once(gateway: Simulated) -> tuple[dict[str, float], ...]:
    """Return what ours, the bare process and one with our libraries take, in MiB by kind."""
    login = gateway.host, gateway.token
    modules = [module for library in _LIBRARIES.values() for module in library]
    async with (
        exporting(*login) as ours,
        child(_BARE, *login) as bare,
        child(_BARE, *login, *modules) as libraries,
    ):
        await ours.full()
        for _ in range(_SECONDS):
            await bare.receive()
            await libraries.receive()
            await get(Request(ours.port, "/metrics", PROMETHEUS, "gzip"))
            await asyncio.sleep(1)
        pids = ours.pid, bare.process.pid, libraries.process.pid
        return tuple(memory(pid) for pid in pids)


async def _profile() -> str:
    """Return how much each library adds to a process that has imported those before."""
    steps = {"Python": ("asyncio",), "pyenphase": ("pyenphase",), **_LIBRARIES}
    steps["the exporter's own modules"] = ("exporter.serve", "exporter.cli.serve")
    words = [",".join(modules) for modules in steps.values()]
    async with child("bench.peers.imports", *words) as process:
        sizes = [0, *await process.receive()]
    growth = [
        f"{name} {after - before:.1f}"
        for name, before, after in zip(steps, sizes, sizes[1:], strict=False)
    ]
    return f"RSS in MiB that each import adds, in this order: {', '.join(growth)}"


def memory(pid: int) -> dict[str, float]:
    """Return resident and proportional size of a process in MiB."""
    sizes: dict[str, float] = {}
    for kind, (file, key) in _KINDS.items():
        text = Path(f"/proc/{pid}/{file}").read_text()
        match = re.search(rf"^{key}:\s+(\d+) kB$", text, re.M)
        assert match, f"no {key} of process {pid}"
        sizes[kind] = int(match[1]) / 1024
    return sizes
