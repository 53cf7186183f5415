"""The command line: a module for each command, imported only when that command is called.

`dispatch` lists the commands, calls one and turns what goes wrong into an exit status. Nothing is
imported here that takes time: until `main` is called, Ctrl-C ends Python with a traceback.
"""

import os
import signal
import sys

from exporter import __version__

#: commands that run until they are stopped, by SIGTERM as a rule
_SERVERS = frozenset({"serve", "demo", "simulate", "replay"})
_INTERRUPTED = 130


def exit_at_once(number: int, frame: object) -> None:
    """End the process: importlib loses some KeyboardInterrupts."""
    os._exit(_INTERRUPTED)


def main(words: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = sys.argv[1:] if words is None else words
    if words == ["--version"]:
        # used by scripts and health checks, so it costs no import
        try:
            print(f"enphase-exporter {__version__}", flush=True)  # noqa: T201 - see above
        except OSError:
            # `run` fails in the same way and reports it
            pass
        else:
            return 0
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, exit_at_once)
        if words and words[0] in _SERVERS:
            # Imports take a while, and a signal may come before they are done.
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        from exporter.cli.dispatch import run  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        return _INTERRUPTED
    return run(words)
