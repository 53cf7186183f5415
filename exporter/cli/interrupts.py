"""Ctrl-C while a command is imported, and while it runs."""

import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from exporter.cli import exit_at_once

T = TypeVar("T")


def raise_on_interrupt() -> None:
    """Raise KeyboardInterrupt on Ctrl-C again.

    Commands call this when their imports are done, before they begin what has to be ended.
    """
    if signal.getsignal(signal.SIGINT) is exit_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine of a command; Ctrl-C cancels it."""
    import asyncio  # noqa: PLC0415 - help goes without it

    raise_on_interrupt()
    try:
        return asyncio.run(work)
    finally:
        # one that was interrupted before it began would be reported as never awaited
        work.close()
