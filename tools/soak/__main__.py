"""Runs the soak: `python -m tools.soak [month|realtime]`, which `make soak` does; both by default.

Exits 1 when something has grown, has not come up again, or was not answered.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from rich.console import Console

from tools.soak import month, realtime, report
from tools.soak.measurements import Measurement, grown

#: columns where the output is no terminal
_WIDTH = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("part", nargs="*", help="month, realtime; both when none is named")
    parser.add_argument("--days", type=float, default=30.0, help="virtual days of the month")
    parser.add_argument("--every", type=float, default=5.0, help="days between two measurements")
    parser.add_argument("--seed", type=int, default=1, help="of everything that goes wrong")
    parser.add_argument(
        "--minutes", type=float, default=20.0, help="minutes of the part in real time"
    )
    parser.add_argument("--speed", type=float, default=60.0, help="how fast its houses live")
    options = parser.parse_args(arguments)
    if unknown := set(options.part) - {"month", "realtime"}:
        parser.error(f"there is no {sorted(unknown)[0]!r}; choose month or realtime")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    # What goes wrong is reported in figures; without a handler Python would print each warning.
    logging.getLogger().addHandler(logging.NullHandler())
    problems: list[str] = []
    if "month" in options.part or not options.part:
        problems += _month(console, options.days, options.every, options.seed)
    if "realtime" in options.part or not options.part:
        problems += _realtime(console, options.minutes, options.speed)
    for problem in problems:
        console.print(f"[red]{problem}[/]")
    return 1 if problems else 0


def _month(console: Console, days: float, every: float, seed: int) -> list[str]:
    def print_measurement(measurement: Measurement, well_after: float) -> None:
        console.print(report.line(measurement, well_after))

    result = month.run_month(days, every, seed, print_measurement)
    console.print(report.month_table(result))
    console.print(report.month_text(result, seed), soft_wrap=True)
    return grown(result.measurements)


def _realtime(console: Console, minutes: float, speed: float) -> list[str]:
    result = asyncio.run(realtime.run(minutes * 60, speed, console.print))
    console.print(report.realtime_table(result))
    console.print(report.realtime_text(result, minutes, speed), soft_wrap=True)
    return result.problems()


if __name__ == "__main__":
    sys.exit(main())
