"""The command line: a module for each command, imported only when that command is called.

`dispatch` lists the commands, calls one and turns what goes wrong into an exit status.
"""

import sys
from collections.abc import Sequence

from exporter import __version__


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
    from exporter.cli.dispatch import run  # noqa: PLC0415 - see above

    return run(words)
