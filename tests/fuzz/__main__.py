"""Runs the fuzz and prints what it covered: `python -m tests.fuzz [COUNT [SEED]]` (`make fuzz`).

The seed is printed; the same count and seed are the same examples. Real captures are spoiled as
well where there are any, see CONTRIBUTING.
"""

import multiprocessing
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import track

from tests.conftest import CAPTURES, capture_names
from tests.fuzz.batch import Batch, BatchResult, run_batch
from tests.fuzz.examples import Covered

_COUNT = 50_000
#: examples of one seed: hypothesis remembers them all, and grows slow in the end
_BATCH = 1000


def _results(batches: list[Batch]) -> Iterator[BatchResult]:
    workers = len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(run_batch, batches)


def main(count: int, seed: int) -> int:
    """Run so many examples; return how many failures were found."""
    console = Console()
    began = time.monotonic()
    captures = CAPTURES if capture_names() else None
    batches = [
        Batch(seed + index, min(_BATCH, count - index * _BATCH), captures)
        for index in range(-(-count // _BATCH))
    ]
    console.print(f"{count} examples from seed {seed}, {len(capture_names())} captures")
    progress = track(_results(batches), "fuzz", len(batches), console=console, transient=True)
    covered = Covered()
    failures: dict[str, str] = {}
    for result in progress:
        covered.add(result.covered)
        for failure in result.failures:
            if failures.setdefault(failure.partition("\n")[0], failure) is failure:
                console.print(failure, style="red", markup=False)
        if not console.is_terminal:
            console.print(f"{covered.examples} examples, {len(failures)} kinds of failures")
    seconds = time.monotonic() - began
    for what, counts in (
        ("spoilings", covered.kinds),
        ("endpoints", covered.endpoints),
        ("gateways", covered.houses),
        ("failures reported", covered.reasons),
    ):
        console.print(f"[bold]{what}[/] ({counts.total()})", _listed(counts))
    console.print(f"counter readings rejected: {covered.anomalies}")
    console.print(
        f"{covered.examples} examples in {seconds / 60:.1f} min, "
        f"{covered.examples / seconds:.0f} a second; "
        f"{len(failures)} kinds of failures"
    )
    return len(failures)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    count = arguments[0] if arguments else _COUNT
    sys.exit(
        1 if main(count, arguments[1] if len(arguments) > 1 else secrets.randbelow(10**9)) else 0
    )
