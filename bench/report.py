"""Renders the results: a table in the terminal, or a page in Markdown with the machine."""

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.table import Table

from bench.results import TIMES, BenchRow, Findings
from exporter import __version__

_COLUMNS = ("What", "Ours", "Baseline", "Ratio", "Goal", "Met")
_BENCH = "Bench"
_TITLE = "Performance"
#: programs by core that want to run, from which on nothing that takes time can be measured
_BUSY = 0.75
_LIBRARIES = ("pyenphase", "aiohttp", "prometheus-client", "pydantic")
_INTRO = """\
<!-- Written by `make bench ARGS="--write docs/performance.md"`; do not edit. -->

Medians of several repetitions, ours and the baseline in turn in one run, on sample homes served by
the simulator in a process of its own. The numbers are those of one machine; the ratios travel.
`make bench ARGS="NAME --write docs/performance.md"` measures one bench again and leaves the others.
"""


def table(findings: Mapping[str, Findings]) -> Table:
    """Return the one table of a run, by bench."""
    notes = [f"{name}: {note}" for name, one in findings.items() for note in one.notes]
    rendered = Table(title=_TITLE, caption="\n".join(notes), caption_justify="left")
    for number, column in enumerate(_COLUMNS):
        rendered.add_column(column, justify="right" if number else "left")
    for one in findings.values():
        for result in one.results:
            style = "bold red" if result.met is False else ""
            rendered.add_row(*_cells(result), style=style)
        rendered.add_section()
    return rendered


def page(findings: Mapping[str, Findings], order: Iterable[str], before: str = "") -> str:
    """Return the results by bench as a page; of benches that did not run, those of `before`."""
    rows = [f"| {' | '.join((_BENCH, *_COLUMNS))} |", f"| --- | ---{' | ---:' * 5} |"]
    notes = [f"- {line}" for line in machine()]
    for name in order:
        if name in findings:
            rows += [f"| {' | '.join((name, *_cells(one)))} |" for one in findings[name].results]
            notes += [f"- {name}: {line}" for line in findings[name].notes]
        else:
            kept = before.splitlines()
            rows += [line for line in kept if line.startswith(f"| {name} |")]
            notes += [line for line in kept if line.startswith(f"- {name}: ")]
    return "\n".join([f"# {_TITLE}", "", _INTRO, *rows, "", *notes, ""])


def machine() -> list[str]:
    """Return what the numbers depend on, without anything that names the machine or its owner."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        f"CPU: {_cpu()}, {cores} cores",
        f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}",
        f"enphase-exporter {__version__}, {versions}",
        f"measured on {datetime.now(UTC):%Y-%m-%d}",
    ]


def noise() -> tuple[str, ...]:
    """Return a verdict on a machine that is too busy to be believed, to be asked before a run."""
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0]
    if load < _BUSY * cores:
        return ()
    return (
        f"TOO NOISY: a load of {load:.1f} on {cores} cores before the run; of these figures only"
        " ratios of CPU time and counts hold",
    )


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _cells(result: BenchRow) -> tuple[str, ...]:
    ratio, met = result.ratio, result.met
    return (
        result.what,
        str(result.ours),
        str(result.theirs or ""),
        "" if ratio is None else f"{ratio:{',.0f' if ratio >= 100 else '.3g'}}{TIMES}",
        str(result.goal or ""),
        "" if met is None else "yes" if met else "no",
    )
