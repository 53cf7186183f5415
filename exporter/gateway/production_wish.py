"""Whether the owner has switched production off: the last command in the record of commands.

`control` records what it sends before it sends it; the running exporter only reads that record.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import orjson

#: the record of all commands, in the state directory
COMMAND_LOG = "control.log"
_OFF, _ON = "production off", "production on"
#: seconds after which production that is still off is reported all the same
_LASTS = 86400.0
#: the newest part of the record that is looked at
_TAIL = 65536


class ProductionWish:
    """What the owner last commanded, for one gateway."""

    def __init__(self, directory: Path, gateway: str, time: Callable[[], float]) -> None:
        self._path = directory / COMMAND_LOG
        self._gateway = gateway
        self._time = time

    def is_off(self) -> bool:
        """Return whether production was last commanded off, within a day."""
        commanded = self._last_command()
        if commanded is None or commanded[0] != _OFF:
            return False
        return 0.0 <= self._time() - commanded[1] < _LASTS

    def _last_command(self) -> tuple[str, float] | None:
        """Return the last command of the switch and its time; None where there is none."""
        try:
            # not a pipe, which would wait for a writer
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            tail = os.pread(file, _TAIL, max(0, os.fstat(file).st_size - _TAIL))
        except OSError:
            return None
        finally:
            os.close(file)
        for line in reversed(tail.splitlines()):
            try:
                event = orjson.loads(line)
                if event["gateway"] == self._gateway and event["command"] in (_OFF, _ON):
                    return event["command"], datetime.fromisoformat(event["time"]).timestamp()
            except (ValueError, LookupError, TypeError):
                # a line of half a write, or of something else
                continue
        return None
