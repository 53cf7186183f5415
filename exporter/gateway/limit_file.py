"""The file through which all processes that talk to one gateway share the request limit.

Its lock is held while a request is under way. The file stays open in between: on a file system of
this machine, to lock, read and write it then costs a few system calls that touch memory alone, and
no other thread. A file system behind a network can hang in any call, so there a thread does it.
"""

import fcntl
import os
import threading
from pathlib import Path

from exporter import files

#: bytes; more than is ever written
_MAX_FILE = 4096


class LimitFile:
    """The shared file of one gateway; opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: whether no call on the open file can hang
        self.local = False
        self._descriptor: int | None = None
        #: requests under way that hold the lock
        self._holders = 0
        #: a thread may take the lock while another request lets go of it
        self._counting = threading.Lock()
        #: a thread whose request was given up may be opening it still: nobody would close a second
        #: descriptor, nor let go of its lock
        self._opening = threading.Lock()

    def __del__(self) -> None:
        """Close the file of a limit that is not used any more."""
        self.close()

    @property
    def ready(self) -> bool:
        """Whether the file is open, and still the one in the directory."""
        return self._descriptor is not None and (
            self._holders > 0 or os.fstat(self._descriptor).st_nlink > 0
        )

    @property
    def held(self) -> bool:
        """Whether a request of this process holds the lock already."""
        return self._holders > 0

    def open(self) -> None:
        """Open or create the file; raise OSError. May hang with the disk."""
        with self._opening:
            if self.ready:
                return
            self.close()
            self._descriptor = files.open_private(self.path)
            self.local = files.is_local(self._descriptor)

    def lock(self) -> bool:
        """Take the lock for one more request; return False while another process holds it."""
        with self._counting:
            if not self._holders:
                try:
                    fcntl.flock(self._opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
            self._holders += 1
        return True

    def unlock(self) -> None:
        """Let go of the lock for one request; the last one frees it."""
        with self._counting:
            self._holders -= 1
            if not self._holders and self._descriptor is not None:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def read(self) -> bytes:
        """Return what all processes counted."""
        return os.pread(self._opened, _MAX_FILE, 0)

    def write(self, content: bytes) -> None:
        """Write what was counted; only while the lock is held."""
        files.write_locked(self._opened, content)

    def close(self) -> None:
        """Close the file unless a request holds its lock; it is opened again when it is needed."""
        if self._descriptor is not None and not self._holders:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def _opened(self) -> int:
        if self._descriptor is None:
            raise OSError(f"{self.path.name} is not open")
        return self._descriptor
