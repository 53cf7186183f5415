"""Spoils every place of every answer of every capture: `python -m tests.blast [CAPTURE…]`.

Prints for each capture what the worst place costs, and the median; exits 1 if a rule is broken.
"""

import multiprocessing
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console

from tests.blast.whole import blast
from tests.conftest import CAPTURES, capture_names

#: a firmware that answers nothing that is read
_UNSUPPORTED = "3.7.0"


def main(names: list[str]) -> int:
    """Spoil the captures; return how many rules are broken."""
    console = Console(soft_wrap=True, highlight=False)
    began = time.monotonic()
    costs: list[int] = []
    broken = 0
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context) as pool:
        for outcome in pool.map(blast, names):
            costs += outcome.costs
            broken += len(outcome.broken)
            cost, where = outcome.worst
            console.print(
                f"{outcome.capture}: {len(outcome.costs)} leaves spoilt, "
                f"{outcome.series} series; worst {cost} values ({where}), "
                f"median {statistics.median(outcome.costs or [0]):g}",
                markup=False,
            )
            for violation, count in outcome.broken.items():
                console.print(f"  {violation} ({count} times)", style="red", markup=False)
    console.print(
        f"{len(costs)} spoilt leaves in {time.monotonic() - began:.0f} s: worst {max(costs)}, "
        f"median {statistics.median(costs):g} values; {broken} rules broken"
    )
    return broken


if __name__ == "__main__":
    chosen = sys.argv[1:] or [name for name in capture_names() if name != _UNSUPPORTED]
    if not chosen:
        sys.exit(f"no captures in {CAPTURES}; ENPHASE_CAPTURES names their folder")
    sys.exit(1 if main(chosen) else 0)
