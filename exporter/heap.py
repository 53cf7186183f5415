"""Keeps the memory of a fleet small, and looking after it from holding up everything else.

A connection with TLS takes some hundred kilobytes for the second that it lasts, and between those
of a thousand gateways lies what is kept of them: so the C library's heap stays as large as it ever
was, most of its pages empty. glibc gives them back when asked; other libraries are not asked.

Python looks through all objects for those that only refer to each other, and of a fleet there are
so many that this takes a second, in which nothing else happens. Nearly all of them live until they
are replaced. So what has survived one look is left out of the next ones, but for a whole look every
few hours, so that nothing is lost for ever.
"""

import gc
from contextlib import suppress
from typing import Any

#: Python's own thresholds let so much come together that a look at it takes its time
_THRESHOLDS = 700, 5, 1


def give_back() -> None:
    """Give free pages back to the system; does nothing where that cannot be asked for."""
    import ctypes  # noqa: PLC0415 - a megabyte that a house can do without

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_collections_short() -> None:
    """Leave what is there now, and what survives a full collection, out of the next ones."""
    if _leave_out not in gc.callbacks:
        gc.callbacks.append(_leave_out)
        gc.set_threshold(*_THRESHOLDS)
        gc.freeze()


def collect_everything() -> None:
    """Look through all objects once, which takes its time."""
    gc.unfreeze()
    gc.collect()


def _leave_out(phase: str, about: dict[str, Any]) -> None:
    if phase == "stop" and about["generation"] == 2:
        gc.freeze()
