"""The command line: a module for each command, imported only when that command is called.

`dispatch` lists the commands, calls one and turns what goes wrong into an exit status.
"""

import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from types import FrameType
from typing import Any, TypeVar

from exporter import __version__

#: commands that run until they are stopped, by SIGTERM as a rule
_SERVERS = frozenset({"serve", "demo", "simulate", "replay"})
_INTERRUPTED = 130
T = TypeVar("T")


def _exit_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


def exit_on_interrupt() -> None:
    """End at once on Ctrl-C while modules are imported: importlib loses some KeyboardInterrupts."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit_at_once)


def raise_on_interrupt() -> None:
    """Raise KeyboardInterrupt on Ctrl-C again.

    Commands call this when their imports are done, before they begin what has to be ended.
    """
    if signal.getsignal(signal.SIGINT) is _exit_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine of a command; Ctrl-C cancels it."""
    import asyncio  # noqa: PLC0415 - `--version` goes without it

    raise_on_interrupt()
    try:
        return asyncio.run(work)
    finally:
        # one that was interrupted before it began would be reported as never awaited
        work.close()


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = sys.argv[1:] if words is None else words
    if list(words) == ["--version"]:
        # used by scripts and health checks, so it costs no import
        try:
            print(f"enphase-exporter {__version__}", flush=True)  # noqa: T201 - see above
        except OSError:
            # `run` fails in the same way and reports it
            pass
        else:
            return 0
    try:
        exit_on_interrupt()
        if words and words[0] in _SERVERS:
            # Imports take a while, and a signal may come before they are done.
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        from exporter.cli.dispatch import run  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        return _INTERRUPTED
    return run(words)
