"""Panels of the dashboard of energies over two years, on a real Prometheus with as many recordings.

The recordings are as dense as the shipped rules make them: a sample every quarter of an hour.
"""

import asyncio
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.results import BenchRow, Findings, Goal, Progress, Quantity, median
from tests.alerts.rule_files import RECORDED
from tests.grafana.backfill import Prometheus, import_openmetrics, running
from tools import boards

_BOARD = "enphase-energy"
_GROUP = "enphase-recording-history"
#: a midnight in the time zone of the bench, which is UTC
_END = 1_781_913_600
_DAY = 86400
_DAYS = 730
_STEP = 900
_REPETITIONS = 3
_GOAL = 1.0
_VALUES = {
    **dict.fromkeys(("job", "instance"), ".+"),
    "gateway": "home",
    "__interval": "1d",
    "__rate_interval": "1d",
    "__range": f"{_DAYS}d",
    "__range_s": f"{_DAYS * _DAY}",
}


async def run(progress: Progress) -> Findings:
    """Ask for every panel over two years, as Grafana does for one point a day."""
    progress("Two years of recordings")
    with tempfile.TemporaryDirectory(prefix="enphase-bench-") as folder:
        return await asyncio.to_thread(_measure, Path(folder), progress)


def _measure(folder: Path, progress: Progress) -> Findings:
    samples, data = folder / "years.om", folder / "data"
    data.mkdir()
    with samples.open("w") as file:
        for line in _lines():
            file.write(line)
    import_openmetrics(samples, data, months=True)
    took: dict[str, float] = {}
    points = 0
    with running(data) as server:
        for panel in boards.panels(boards.DASHBOARDS[_BOARD]):
            if panel.get("interval") == "1d":
                progress(panel["title"])
                seconds = []
                for _ in range(_REPETITIONS):
                    began = time.perf_counter()
                    points = max(points, sum(_ask(server, panel)))
                    seconds.append(time.perf_counter() - began)
                took[panel["title"]] = median(seconds)
    slowest = max(took, key=lambda title: took[title])
    return Findings(
        (
            BenchRow(
                "The slowest panel of energies over two years",
                Quantity(took[slowest], "s"),
                goal=Goal(_GOAL),
            ),
            BenchRow("… the median of them", Quantity(median(took.values()), "s")),
            BenchRow("… points of the largest", Quantity(points)),
        ),
        (f"The slowest panel over two years is “{slowest}”.",),
    )


def _ask(server: Prometheus, panel: Mapping[str, Any]) -> Iterator[int]:
    """Ask a panel's queries one after the other, and yield how many points each has."""
    for target in panel["targets"]:
        answer = server.ask(
            "query_range",
            query=boards.filled(target["expr"], _VALUES),
            start=_END - _DAYS * _DAY,
            end=_END,
            step=_DAY,
        )
        yield sum(len(series["values"]) for series in answer["result"])


def _lines() -> Iterator[str]:
    """Yield what the rules record in two years, except for each inverter."""
    for rule in RECORDED:
        if rule.group == _GROUP and "serial" not in rule.expr:
            labels = 'gateway="home"' + (',currency="EUR"' if "currency" in rule.expr else "")
            yield f"# TYPE {rule.name} gauge\n"
            for at in range(_END - (_DAYS + 366) * _DAY, _END, _STEP):
                value = 1e6 * (2 + math.sin(at / _DAY) + math.sin(at / 3e6))
                yield f"{rule.name}{{{labels}}} {value:.6g} {at}\n"
    yield "# EOF\n"
