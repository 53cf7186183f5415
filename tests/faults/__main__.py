"""Runs the fault matrix and prints it: `python -m tests.faults [WORDS]`, which `make faults` does.

Every word narrows the matrix to the rows, moments, homes or endpoints that contain it. A cell holds
how many gateways went through the fault with every invariant kept.
"""

import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.faults.gateways import ASKED, HOMES
from tests.faults.invariants import AT_END, LOOKS
from tests.faults.runner import Batch, CellOutcome, chosen, run_batch
from tests.faults.table import MOMENTS, ROWS, Moment


def _results(batches: list[Batch]) -> Iterator[list[CellOutcome]]:
    workers = len(os.sched_getaffinity(0))
    # Threads and forks do not go together, and a new interpreter starts soon enough.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(run_batch, batches)


def main(filters: tuple[str, ...]) -> int:
    """Run what the words choose; return how many cells did not hold."""
    console = Console()
    began = time.monotonic()
    batches = [
        (row.name, moment.name, filters)
        for moment in sorted(MOMENTS, key=_length, reverse=True)
        for row in ROWS
        if chosen(row.name, moment.name, filters)
    ]
    by_fault: dict[tuple[str, str], list[CellOutcome]] = defaultdict(list)
    progress = track(_results(batches), "faults", len(batches), console=console, transient=True)
    for results in progress:
        for outcome in results:
            by_fault[outcome.cell[:2]].append(outcome)
        if not console.is_terminal:
            console.print(", ".join(results[0].cell[:2]), _count(results))
            _print_failures(console, results)
    outcomes = [outcome for results in by_fault.values() for outcome in results]
    console.print(_table(by_fault))
    _print_failures(console, outcomes)
    _print_summary(console, outcomes, time.monotonic() - began)
    return sum(bool(outcome.broken) for outcome in outcomes)


def _print_failures(console: Console, outcomes: list[CellOutcome]) -> None:
    for outcome in outcomes:
        for invariant, wrong in outcome.broken.items():
            where = " / ".join(map(str, outcome.cell))
            console.print(f"{where}: {invariant}: {wrong}", style="red", markup=False)


def _length(moment: Moment) -> float:
    return moment.lasts or 0.0


def _table(outcomes: dict[tuple[str, str], list[CellOutcome]]) -> Table:
    table = Table(title="Gateways that kept every invariant, of those with the fault")
    table.add_column("fault")
    table.add_column("of")
    for moment in MOMENTS:
        table.add_column(moment.name, justify="right")
    for row in ROWS:
        counts = [outcomes.get((row.name, moment.name), []) for moment in MOMENTS]
        if any(counts):
            of = "gateway" if row.switch else "endpoint"
            table.add_row(row.name, of, *map(_count, counts))
    return table


def _count(results: list[CellOutcome]) -> str:
    if not results:
        return "-"
    good = sum(not outcome.broken for outcome in results)
    return f"[{'green' if good == len(results) else 'red'}]{good}/{len(results)}[/]"


def _print_summary(console: Console, outcomes: list[CellOutcome], seconds: float) -> None:
    good = sum(not outcome.broken for outcome in outcomes)
    hours = sum(outcome.watched for outcome in outcomes) / 3600
    recovered = [o.recovered for o in outcomes if o.recovered is not None]
    console.print(
        f"{good} of {len(outcomes)} cells hold; {len(ROWS)} faults, {len(ASKED)} endpoints, "
        f"{len(HOMES)} homes, {len(MOMENTS)} moments, {len(LOOKS) + len(AT_END)} invariants"
    )
    console.print(
        f"{hours:.0f} h of virtual time and {sum(o.requests for o in outcomes)} requests in "
        f"{seconds / 60:.1f} min; all well at most {max(recovered, default=0):.0f} s after the "
        f"fault, others at most "
        f"{max((o.latest for o in outcomes), default=0):.0f} s behind schedule"
    )


if __name__ == "__main__":
    sys.exit(1 if main(tuple(sys.argv[1:])) else 0)
