"""Keeps garbage collections short, and the memory of a fleet small.

A collection keeps everybody waiting, and a full one visits the whole program: some 50 ms, whenever
a large answer makes it necessary. So the program itself is excluded once it is loaded.

A TLS connection takes some hundred kilobytes for the second that it lasts. Between the connections
of a thousand gateways lies what is kept of them, so the heap of the C library stays at its peak
size with most pages empty. glibc returns them when asked; other libraries are not asked.

Python's garbage collector visits all objects, and for a fleet one full collection blocks the
process for a second. Nearly all objects live until they are replaced. So what survives a collection
is excluded from later ones, except for one full collection every few hours that keeps cycles from
leaking.
"""

import gc
from contextlib import suppress
from typing import Any

#: Python's defaults let so many objects collect that one collection takes noticeable time
_THRESHOLDS = 700, 5, 1


def freeze_program() -> None:
    """Exclude what was loaded so far from all later collections; it stays until the end."""
    gc.collect()
    gc.freeze()


def trim_heap() -> None:
    """Return free pages to the system; does nothing where the C library cannot."""
    import ctypes  # noqa: PLC0415 - a megabyte that a single home can do without

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def freeze_long_lived() -> None:
    """Exclude what exists now, and what survives a full collection, from later collections."""
    if _freeze_survivors not in gc.callbacks:
        gc.callbacks.append(_freeze_survivors)
        gc.set_threshold(*_THRESHOLDS)
        gc.freeze()


def full_collection() -> None:
    """Visit all objects once; blocks for as long as that takes."""
    gc.unfreeze()
    gc.collect()


def _freeze_survivors(phase: str, info: dict[str, Any]) -> None:
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()
