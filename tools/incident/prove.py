"""`make alerts-proof`: prints for every failure of the catalogue whether its alert fires in time.

Exits 1 where an alert is late or missing, or where one fires that the scenario does not allow.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

from exporter.durations import format_duration
from tests.scenarios import catalogue
from tools.incident.healthy import silence_logging
from tools.incident.proving import ProofResult, by_cost, prove

#: columns where the output is no terminal
_WIDTH = 150


def main() -> int:
    """Prove the failures of the command line, all by default; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.incident.prove", description=__doc__)
    parser.add_argument(
        "failures", nargs="*", metavar="NAME", help="such as F01 or f01-grid-lost; all by default"
    )
    words = [word.lower() for word in parser.parse_args().failures]
    names = [
        name
        for name in catalogue.failures()
        if not words or name in words or name.partition("-")[0] in words
    ]
    if not names:
        parser.error(f"there is no failure {' '.join(words)}")
    with ProcessPoolExecutor(os.cpu_count(), initializer=silence_logging) as workers:
        proofs = list(workers.map(prove, by_cost(names)))
    results = sorted((one for many in proofs for one in many), key=lambda one: one.name)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(_table(results))
    return 0 if all(result.proved for result in results) else 1


def _table(results: Iterable[ProofResult]) -> Table:
    table = Table()
    for name in ("failure", "alert", "severity", "deadline", "measured", "", "with"):
        table.add_column(name, overflow="fold")
    for one in results:
        table.add_row(
            one.name,
            one.alert,
            one.severity,
            format_duration(one.deadline),
            "" if one.measured is None else _signed(one.measured),
            one.problem or "in time",
            " ".join(
                f"{name}{' (not allowed)' if name in one.unexpected else ''}"
                for name in one.companions
            ),
        )
    return table


def _signed(seconds: float) -> str:
    return format_duration(seconds) if seconds >= 0 else f"-{format_duration(-seconds)}"


if __name__ == "__main__":
    sys.exit(main())
