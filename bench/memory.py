"""How much memory the exporter takes, beside the least that reads the same gateway.

Both processes run at the same time, so that what they share is shared alike. Needs Linux: it reads
`/proc`.
"""

import asyncio
import re
from pathlib import Path

from bench.load import Request, get
from bench.processes import child, exporting
from bench.results import Findings, Goal, Progress, Quantity, Result, median
from bench.simulated import Simulated, simulated
from bench.watched import PROMETHEUS

_REPETITIONS = 3
_SECONDS = 6
#: file and key by what they tell
_KINDS = {"RSS": ("status", "VmRSS"), "PSS": ("smaps_rollup", "Pss")}


async def run(progress: Progress) -> Findings:
    """Let both poll for a while and look how large they have become."""
    progress("Memory")
    found: list[tuple[dict[str, float], dict[str, float]]] = []
    async with simulated("battery-home") as gateway:
        for _ in range(_REPETITIONS):
            found.append(await _once(gateway))  # noqa: PERF401 - one pair at a time
    results = []
    for kind, goal in (("RSS", Goal(1.3, of_ratio=True)), ("PSS", None)):
        ours, theirs = (
            Quantity(median(pair[side][kind] for pair in found), "MiB") for side in (0, 1)
        )
        results.append(Result(f"{kind} of the process, battery-home", ours, theirs, goal))
    return Findings(tuple(results))


async def _once(gateway: Simulated) -> tuple[dict[str, float], dict[str, float]]:
    """Return what our process and the other one take, in MiB by kind."""
    async with (
        exporting(gateway.host, gateway.token) as ours,
        child("bench.peers.bare_pyenphase", gateway.host, gateway.token) as theirs,
    ):
        await ours.full()
        for _ in range(_SECONDS):
            await theirs.told()
            await get(Request(ours.port, "/metrics", PROMETHEUS, "gzip"))
            await asyncio.sleep(1)
        return memory(ours.pid), memory(theirs.process.pid)


def memory(pid: int) -> dict[str, float]:
    """Return resident and proportional size of a process in MiB."""
    found: dict[str, float] = {}
    for kind, (file, key) in _KINDS.items():
        told = Path(f"/proc/{pid}/{file}").read_text()
        match = re.search(rf"^{key}:\s+(\d+) kB$", told, re.M)
        assert match, f"no {key} of process {pid}"
        found[kind] = int(match[1]) / 1024
    return found
