"""The record of all commands: who sent what, when, and what came of it.

One JSON object per line in `control.log` in the state directory, mode 0600. A line is written
before anything is sent: without it, nothing is sent. A second line has the result.
"""

import fcntl
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from exporter import files
from exporter.errors import StateError
from exporter.gateway.production_wish import COMMAND_LOG
from exporter.logging import mask


class AuditLog:
    """The file; several processes may write to it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / COMMAND_LOG

    def write(self, at: float, event: Mapping[str, Any]) -> None:
        """Append an event with its time (epoch seconds); raise StateError.

        The line is written completely and synced, or not at all.
        """
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        line = orjson.dumps(
            _masked({"time": stamp.replace("+00:00", "Z"), **current_user(), **event}),
            option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS,
        )
        try:
            with self._opened() as file:
                _append(file, line)
        except OSError as error:
            raise StateError(
                f"{self.path} cannot be written ({error.strerror or error}): make the state"
                " directory writable for this user; a command that cannot be recorded is not sent"
            ) from None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        file = os.open(self.path, flags, 0o600)
        try:
            mode = os.fstat(file).st_mode
            if not stat.S_ISREG(mode):
                raise OSError("not a regular file")
            if mode & 0o077:
                os.fchmod(file, 0o600)
            # The exporter reads here whether production was switched off on purpose.
            files.give_to_owner(file, self.path)
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _append(file: int, line: bytes) -> None:
    """Append a whole line, or leave the file unchanged."""
    end = os.fstat(file).st_size
    if end and os.pread(file, 1, end - 1) != b"\n":
        # an incomplete line, from a full disk
        line = b"\n" + line
    try:
        if os.write(file, line) < len(line):
            raise OSError("no space left")
        os.fsync(file)
    except OSError:
        os.ftruncate(file, end)
        raise


def current_user() -> dict[str, Any]:
    """Return who runs the command: user id and name, and the user behind sudo."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        # usual in a container
        user = ""
    fields: dict[str, Any] = {"uid": uid, "user": user}
    if sudo_user := os.environ.get("SUDO_USER"):
        fields["sudo_user"] = sudo_user
    return fields


def _masked(value: Any) -> Any:
    """Return the value with secrets masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {str(key): _masked(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(each) for each in value]
    return value
