"""Small private files of the state directory, read and written off the event loop.

Several processes share the directory: the exporter, its commands, a second exporter. A file is
therefore replaced whole, keeps its owner, and is guarded by `flock` where somebody reads it only to
write it. A disk that hangs costs its caller some patience and everybody else nothing.
"""

import asyncio
import fcntl
import hashlib
import os
import queue
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import quote

from exporter.errors import StateError

P = ParamSpec("P")
T = TypeVar("T")

#: seconds that a caller waits for the disk
PATIENCE = 5.0
#: a file name has at most 255 bytes, of which suffixes take some
_LONGEST_NAME = 150
_MAX_THREADS = 8
#: bytes; more than is ever written in place
_BLOCK = 4096
_MOUNTS = Path("/proc/self/mountinfo")
#: file systems without a device of their own that are in this machine all the same
_LOCAL_TYPES = frozenset({"tmpfs", "overlay", "btrfs", "zfs", "bcachefs"})


class _DaemonThreads(Executor):
    """A few threads that end with the process, whatever they wait for."""

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._busy = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the call in one of the threads."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            self._busy += 1
            if self._busy > self._threads < _MAX_THREADS:
                self._threads += 1
                threading.Thread(target=self._work, name="worker-files", daemon=True).start()
        self._tasks.put(run)
        return future

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            task()
            with self._lock:
                self._busy -= 1


_threads = _DaemonThreads()


async def in_thread(
    function: Callable[[], T],
    undo: Callable[[T], object] | None = None,
    *,
    patience: float | None = PATIENCE,
) -> T:
    """Return what a call that touches the disk returns; raise StateError for a disk that hangs.

    The call may still end later, or after the caller was cancelled: then its result is given to
    `undo`. What the call raises is raised here.
    """
    task = asyncio.get_running_loop().run_in_executor(_threads, function)
    try:
        done, _ = await asyncio.wait((task,), timeout=patience)
    except asyncio.CancelledError:
        task.add_done_callback(partial(_abandon, undo))
        raise
    if not done:
        task.add_done_callback(partial(_abandon, undo))
        raise StateError(f"the disk does not answer within {patience:g} s")
    return task.result()


def _abandon(undo: Callable[[T], object] | None, task: asyncio.Future[T]) -> None:
    if not task.cancelled() and task.exception() is None and undo is not None:
        undo(task.result())


def file_name(name: str) -> str:
    """Return a file name without suffix; different for every name, and never a path."""
    raw = name.encode("utf-8", "surrogatepass")
    encoded = quote(raw, safe="").replace("~", "%7E")
    if len(encoded) > _LONGEST_NAME:
        # `~` cannot come out of the encoding, so this is nobody else's name
        encoded = f"{encoded[: _LONGEST_NAME - 70]}~{hashlib.sha256(raw).hexdigest()}"
    return encoded


def read(path: Path, limit: int) -> bytes:
    """Return the content of a regular file; raise OSError, or ValueError for anything else."""
    # O_NONBLOCK: opening a pipe that somebody put there would wait forever
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is no regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"is larger than {limit} bytes")
    return content


def write(path: Path, content: bytes) -> None:
    """Replace a file, which is private and keeps its owner; raise OSError."""
    directory = path.parent
    make_directory(directory)
    temporary = temporary_path(path)
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            give_to_owner(descriptor, path)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    with suppress(OSError):  # some file systems cannot, and the content is safe already
        _sync(directory)


def temporary_path(path: Path) -> Path:
    """Return what a file is called while it is written.

    Always the same: what a killed process left behind is found without a look at the directory,
    which takes long where there are thousands of gateways.
    """
    return path.with_name(f".{path.name}.tmp")


def make_directory(directory: Path) -> None:
    """Make a private directory where there is none; raise OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def give_to_owner(descriptor: int, path: Path) -> None:
    """Give a new file the owner of the old one, or else of the directory.

    A command that root runs would otherwise leave a file that the exporter cannot read.
    """
    if os.geteuid() != 0:
        return
    owner = path.parent.stat()
    with suppress(FileNotFoundError):
        before = path.stat()
        owner = before if before.st_uid != 0 else owner
    with suppress(OSError):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def open_private(path: Path) -> int:
    """Return a descriptor of a regular file, which is created where there is none; raise OSError.

    There is none either where there is no directory.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path.name} is no regular file")
        give_to_owner(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_local(descriptor: int) -> bool:
    """Return whether a file is known to be on a file system of this machine.

    One that has a device is; of the others, the table of mounts tells what they are.
    """
    device = os.fstat(descriptor).st_dev
    if os.major(device):
        return True
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return False
    for mount in mounts:
        # optional fields end at a dash, and after that comes the type
        fields, _, source = mount.partition(" - ")
        if fields.split(" ")[2:3] == [number]:
            return source.split(" ")[0] in _LOCAL_TYPES
    return False


def open_locked(path: Path) -> int | None:
    """Return a descriptor of the file that holds its lock; None while another holds it.

    The lock ends when the descriptor is closed. Raises OSError, also where there is no directory.
    """
    descriptor = open_private(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_locked(descriptor: int, content: bytes) -> None:
    """Write the file behind the descriptor in place, padded with blanks.

    One call that does not shrink the file: no kill can leave half of it. A power cut may cost it.
    """
    os.pwrite(descriptor, content.ljust(_BLOCK), 0)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
