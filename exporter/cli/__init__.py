"""The command line: a module for each command, imported only when that command is called.

`dispatch` lists the commands, calls one and turns what goes wrong into an exit status.
"""

import signal
import sys
from collections.abc import Sequence

from exporter import __version__

#: commands that run until they are stopped, by SIGTERM as a rule
_SERVERS = frozenset({"serve", "demo", "simulate", "replay"})
_INTERRUPTED = 130


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
        if words and words[0] in _SERVERS:
            # Imports take a while, and a signal may come before they are done.
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        from exporter.cli.dispatch import run  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        return _INTERRUPTED
    return run(words)
