"""What a process holds on to, looked at from inside, and what must not have grown meanwhile.

Memory is measured in three ways: what the system sees, blocks that Python has handed out, which
counts strings and numbers as well, and objects by type, which names what leaks.
"""

import asyncio
import gc
import resource
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROCESS = Path("/proc/self")
#: allowed growth over the first measurement, taken before all caches are full and before a huge
#: response made malloc take room: bytes, a share of blocks and of objects, and so many objects of
#: one type (a share, and a number where there are few)
MORE_BYTES = 30e6
MORE_BLOCKS, MORE_OBJECTS = 0.05, 0.03
MORE_OF_TYPE, FEW = 0.10, 400


@dataclass(frozen=True)
class Measurement:
    """How a process stands; `at` in seconds since its start, by whatever clock it lives by."""

    at: float
    #: resident memory in bytes
    rss: int
    #: blocks of memory in use
    blocks: int
    #: objects that the garbage collector knows, by type
    objects: Counter[type]
    files: int
    tasks: int
    threads: int

    @classmethod
    def take(cls, at: float) -> "Measurement":
        """Look, after the garbage is gone; on the event loop."""
        gc.collect()
        files, tasks, threads = standing()
        objects = Counter(map(type, gc.get_objects()))
        pages = int((_PROCESS / "statm").read_text().split()[1])
        rss = pages * resource.getpagesize()
        return cls(at, rss, sys.getallocatedblocks(), objects, files, tasks, threads)


def standing() -> tuple[int, int, int]:
    """Return the number of open files, tasks and threads."""
    # Looking into the folder opens a file.
    files = sum(1 for _ in (_PROCESS / "fd").iterdir()) - 1
    return files, len(asyncio.all_tasks()), threading.active_count()


def grown(measurements: Sequence[Measurement]) -> list[str]:
    """Return what has grown since the first measurement, in words; empty if nothing has."""
    first, *later = measurements
    errors: list[str] = []
    for measurement in later:
        when = f"at {measurement.at / 3600:.0f} h"
        for what in ("files", "tasks", "threads"):
            was, there = getattr(first, what), getattr(measurement, what)
            if there != was:
                errors.append(f"{when}: {there} {what}, {was} at first")
        errors += [f"{when}: {words}" for words in _memory(first, measurement)]
    return errors


def _memory(first: Measurement, measurement: Measurement) -> list[str]:
    errors = []
    if measurement.rss > first.rss + MORE_BYTES:
        errors.append(f"{measurement.rss / 1e6:.1f} MB resident, {first.rss / 1e6:.1f} MB at first")
    if measurement.blocks > first.blocks * (1 + MORE_BLOCKS):
        errors.append(f"{measurement.blocks} blocks, {first.blocks} at first")
    objects, before = measurement.objects.total(), first.objects.total()
    if objects > before * (1 + MORE_OBJECTS):
        errors.append(f"{objects} objects, {before} at first")
    for kind, count in measurement.objects.items():
        was = first.objects[kind]
        if count > was + max(FEW, was * MORE_OF_TYPE):
            name = f"{kind.__module__}.{kind.__qualname__}"
            errors.append(f"{count} objects of {name}, {was} at first")
    return errors
