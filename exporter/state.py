"""What outlives a restart, one small JSON file for each gateway.

The files hold secrets, so they are private. Neither a broken file nor a full disk stops the
exporter: the first costs what was remembered, the second is logged once and tried again with the
next save. A file that cannot be read for a passing reason is not written over. One process owns the
file of a gateway and holds its lock; commands only read it.
"""

import asyncio
import logging
import os
import stat
import time
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from exporter import files
from exporter.errors import StateError

log = logging.getLogger(__name__)

#: bytes; hundreds of devices need some ten kB
_LARGEST = 16 * 1024 * 1024
#: seconds that a write is waited for, the last one of a thousand gateways too
_PATIENCE, _LAST_PATIENCE = 5.0, 20.0
#: seconds after which nobody writes a file any more
_STALE = 60.0
_TAKEN = "another process uses the state of this gateway"
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class State:
    """The state file of one gateway; not to be used from two threads at once."""

    def __init__(self, directory: Path, name: str, writer: Executor | None = None) -> None:
        """Keep the state of the gateway `name` in `directory`, which is made when first needed.

        `keep` writes in a thread of `writer`, or in any.
        """
        #: where other files of this gateway belong; None for a state that has none
        self.directory: Path | None = directory
        self.path = directory / f"{files.file_name(name)}.json"
        self._lock_path = directory / f"{files.file_name(name)}.lock"
        self._name = name
        self._written: bytes | None = None
        self._problem = ""
        self._writer = writer
        #: holds the lock of this gateway, once that was free
        self._lock: int | None = None
        #: the last write in a thread
        self._write_under_way: asyncio.Future[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether the file could be written when it last had to be."""
        return not self._problem

    def read(self) -> dict[str, Any]:
        """Return what was saved last, or nothing; nothing on disk is changed."""
        try:
            state = orjson.loads(files.read(self.path, _LARGEST))
        except (OSError, ValueError) as error:
            if not isinstance(error, FileNotFoundError):
                self._log(logging.DEBUG, f"state cannot be read ({_reason(error)})")
            return {}
        return state if isinstance(state, dict) else {}

    def load(self) -> dict[str, Any]:
        """Take over the file; return what was saved last, nothing when that is lost or broken."""
        with suppress(OSError):  # a directory that cannot be written shows with the first save
            if self._take_lock():
                self._remove_stale_temporaries()
            else:
                self._log(logging.ERROR, f"{_TAKEN}; it is read, and not written")
        try:
            content = files.read(self.path, _LARGEST)
        except FileNotFoundError:
            self._log(logging.INFO, "no state yet: starting without")
            return {}
        except ValueError as error:
            self._quarantine(str(error))
            return {}
        except OSError as error:
            self._quarantine(f"cannot be read ({_reason(error)})")
            return {}
        self._make_private()
        try:
            state = orjson.loads(content)
        except orjson.JSONDecodeError:
            self._quarantine("is no JSON")
            return {}
        if not isinstance(state, dict):
            self._quarantine("is no JSON object")
            return {}
        self._written = content
        return state

    async def load_in_thread(self) -> dict[str, Any]:
        """Do the same off the event loop, and wait for a disk that hangs: counters are on it."""
        loading = asyncio.ensure_future(files.in_thread(self.load, patience=None))
        try:
            done, _ = await asyncio.wait((loading,), timeout=files.PATIENCE)
            if not done:
                self._log(logging.ERROR, "the disk does not answer: waiting for the state")
            return await loading
        finally:
            loading.cancel()

    def save(self, state: dict[str, Any]) -> None:
        """Write the state unless the file holds it already; trouble shows in `healthy`."""
        try:
            content = orjson.dumps(state, option=_OPTIONS)
            if content == self._written and self.path.exists():
                return
            if len(content) > _LARGEST:
                raise ValueError("it is larger than any state")
            if not self._take_lock():
                raise StateError(_TAKEN)
            files.write(self.path, content)
        except (OSError, ValueError, TypeError, StateError) as error:
            self._written = None
            self._report(_reason(error))
        else:
            self._written = content
            self._report("")

    async def keep(self, state: dict[str, Any], *, last: bool = False) -> None:
        """Save in a thread, and wait a while in all; what takes longer is saved the next time.

        There is more patience with the `last` one, which has no next time. After it, the file is
        free for another process.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + (_LAST_PATIENCE if last else _PATIENCE)
        if await self._done(end):
            self._write_under_way = loop.run_in_executor(self._writer, self.save, state)
            if await self._done(end) and last:
                self.release()

    def release(self) -> None:
        """Let go of the lock; the next load or save takes it again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __del__(self) -> None:
        """Let go of the lock of a state that is not used any more."""
        self.release()

    async def _done(self, end: float) -> bool:
        """Return whether there is no write under way, waiting for it until then by the loop."""
        if self._write_under_way is None:
            return True
        patience = max(0.0, end - asyncio.get_running_loop().time())
        done, _ = await asyncio.wait((self._write_under_way,), timeout=patience)
        if not done:
            self._report("the disk does not answer")
            return False
        ended, self._write_under_way = self._write_under_way, None
        ended.result()
        return True

    def _take_lock(self) -> bool:
        """Return whether the lock is ours, taking it if it is free; raise OSError."""
        if self._lock is None:
            files.make_directory(self.path.parent)
            self._lock = files.open_locked(self._lock_path)
        return self._lock is not None

    def _make_private(self) -> None:
        with suppress(OSError):
            if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                self.path.chmod(0o600)
                self._log(logging.WARNING, "state file was readable by others; mode set to 0600")

    def _remove_stale_temporaries(self) -> None:
        """Remove what killed writers left behind: it holds secrets too."""
        files.temporary_path(self.path).unlink(missing_ok=True)
        for suffix in (".token", ".cloud"):
            temporary = files.temporary_path(self.path.with_suffix(suffix))
            # Commands write these as well, and perhaps just now.
            with suppress(FileNotFoundError):
                if time.time() - temporary.stat().st_mtime > _STALE:
                    temporary.unlink()

    def _quarantine(self, problem: str) -> None:
        aside = self.path.with_name(f"{self.path.name}.broken")
        if self._lock is None:
            what = "it is left to the process that uses it"
        else:
            try:
                self.path.replace(aside)
            except OSError as error:
                what = f"it cannot be moved aside ({_reason(error)})"
            else:
                what = f"moved to {aside.name}"
        self._log(logging.WARNING, f"state {problem}: starting without; {what}")

    def _report(self, problem: str) -> None:
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            self._log(
                logging.ERROR,
                f"state cannot be written ({problem}): what is learned now is lost at the next"
                " restart; make the state directory writable",
            )
        else:
            self._log(logging.INFO, "state can be written again")

    def _log(self, level: int, message: str) -> None:
        log.log(level, "%s", message, extra={"gateway": self._name, "file": str(self.path)})


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
