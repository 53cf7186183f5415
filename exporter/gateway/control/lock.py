"""One command at a time: a write carries old values along, so two would undo each other."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter import files
from exporter.errors import ControlError, StateError
from exporter.state import State


@contextmanager
def control_lock(directory: Path, gateway: str) -> Iterator[None]:
    """Hold the lock for commands to a gateway; raise ControlError if another command holds it."""
    path = State(directory, gateway).path.with_suffix(".control.lock")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StateError(
            f"{path} cannot be opened ({error.strerror or error}): make the state directory"
            " writable for this user"
        ) from None
    try:
        files.give_to_owner(file, path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ControlError(
                f"{gateway}: nothing was sent: another command runs for this gateway; wait until it"
                " has ended"
            ) from None
        yield
    finally:
        os.close(file)
