"""`make alerts-proof`: prints for every row of the failure catalogue whether it rings in time.

Exits 1 where an alert is late or missing, or where one fires that the table of proofs knows not.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

from exporter.durations import format_duration
from tools.incident.healthy import quiet
from tools.incident.proofs import PROOFS
from tools.incident.proving import Result, prove, rows

#: columns where the output is no terminal
_WIDTH = 150


def main() -> int:
    """Prove the rows that the command line names, all by default; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.incident.prove", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="such as F01; all by default")
    wanted = {row.upper() for row in parser.parse_args().rows} or PROOFS.keys()
    if wanted - PROOFS.keys():
        parser.error(f"there is no row {' '.join(sorted(wanted - PROOFS.keys()))}")
    with ProcessPoolExecutor(os.cpu_count(), initializer=quiet) as workers:
        found = list(workers.map(prove, (row for row in rows() if row in wanted)))
    results = sorted((one for many in found for one in many), key=lambda one: one.row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(_table(results))
    return 0 if all(result.proved for result in results) else 1


def _table(results: Iterable[Result]) -> Table:
    table = Table()
    for name in ("row", "alert", "severity", "deadline", "measured", "", "with"):
        table.add_column(name, overflow="fold")
    for one in results:
        table.add_row(
            one.row,
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
