"""`make silence`: plays weeks without a failure, in all seasons, and prints the alerts that fired.

Exits 1 if an alert fired that notifies somebody. Info alerts only appear on a dashboard: a firmware
upgrade is one, a gateway that reports 0 after its restart is another.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

from tools.incident.healthy import Silence, silence_logging, week
from tools.incident.seasons import WEEKS

#: columns where the output is no terminal
_WIDTH = 150


def main() -> int:
    """Play the weeks of the command line, all by default; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.incident.silence", description=__doc__)
    parser.add_argument("seasons", nargs="*", metavar="SEASON", help="such as winter")
    seasons = set(parser.parse_args().seasons)
    chosen = [name for name, each in WEEKS.items() if not seasons or each.season in seasons]
    if not chosen:
        parser.error(f"there are {', '.join(dict.fromkeys(w.season for w in WEEKS.values()))}")
    with ProcessPoolExecutor(os.cpu_count(), initializer=silence_logging) as workers:
        weeks = list(workers.map(week, chosen))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(_table(weeks))
    return 1 if any(one.loud for one in weeks) else 0


def _table(weeks: Iterable[Silence]) -> Table:
    table = Table()
    for name in ("season", "home", "days", "disturbances", "critical", "warning", "info"):
        table.add_column(name, overflow="fold")
    for one in weeks:
        counts = [one.words(severity) for severity in ("critical", "warning", "info")]
        table.add_row(
            one.season, one.home, f"{one.days:g}", one.disturbances, *counts, end_section=True
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
