"""What outlives a restart, one small JSON file for each gateway.

The files hold a token, so they are ours alone. Neither a broken file nor a full disk stops the
exporter: the first costs what was remembered, the second is told once and tried again with the next
save. A disk that hangs, as one on a network can, holds up a thread.
"""

import asyncio
import hashlib
import logging
import os
import re
import stat
import tempfile
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

log = logging.getLogger(__name__)

#: bytes; hundreds of devices need some ten kB
_LARGEST = 16 * 1024 * 1024
#: a file name has at most 255 bytes, of which suffixes take some
_LONGEST_NAME = 150
#: seconds that a write is waited for, the last one of a thousand gateways too
_PATIENCE, _LAST_PATIENCE = 5.0, 20.0
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class State:
    """The state file of one gateway; not to be used from two threads at once."""

    def __init__(self, directory: Path, name: str, writer: Executor | None = None) -> None:
        """Keep the state of the gateway `name` in `directory`, which is made when first needed.

        `keep` writes in a thread of `writer`, or in any.
        """
        self.path = directory / f"{_safe(name)}.json"
        self._name = name
        self._written: bytes | None = None
        self._problem = ""
        self._writer = writer
        #: the last write in a thread
        self._write_under_way: asyncio.Future[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether the file could be written when it last had to be."""
        return not self._problem

    def load(self) -> dict[str, Any]:
        """Return what was saved last; nothing when that is lost or broken."""
        self._sweep()
        try:
            content = self._read()
        except FileNotFoundError:
            self._log(logging.INFO, "no state yet: starting afresh")
            return {}
        except _ForeignError as error:
            self._set_aside(str(error))
            return {}
        except (OSError, ValueError) as error:
            self._log(
                logging.WARNING,
                f"state cannot be read ({_reason(error)}): starting afresh; check its permissions",
            )
            return {}
        try:
            state = orjson.loads(content)
        except orjson.JSONDecodeError:
            self._set_aside("is no JSON")
            return {}
        if not isinstance(state, dict):
            self._set_aside("is no JSON object")
            return {}
        self._written = content
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Write the state unless the file holds it already; trouble shows in `healthy`."""
        try:
            content = orjson.dumps(state, option=_OPTIONS)
            if content == self._written and self.path.exists():
                return
            self._write(content)
        except (OSError, ValueError, TypeError) as error:
            self._written = None
            self._report(_reason(error))
        else:
            self._written = content
            self._report("")

    async def keep(self, state: dict[str, Any], *, last: bool = False) -> None:
        """Save in a thread, and wait a while for that; what takes longer is saved the next time.

        There is more patience with the `last` one, which has no next time.
        """
        patience = _LAST_PATIENCE if last else _PATIENCE
        if await self._done(patience):
            loop = asyncio.get_running_loop()
            self._write_under_way = loop.run_in_executor(self._writer, self.save, state)
            await self._done(patience)

    async def _done(self, patience: float) -> bool:
        """Return whether there is no write under way, be it after some seconds."""
        if self._write_under_way is None:
            return True
        done, _ = await asyncio.wait((self._write_under_way,), timeout=patience)
        if not done:
            self._report("the disk does not answer")
            return False
        ended, self._write_under_way = self._write_under_way, None
        ended.result()
        return True

    def _read(self) -> bytes:
        # O_NONBLOCK: opening a pipe that somebody put there would wait for ever
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise _ForeignError("is no regular file")
            if mode & 0o077:
                os.fchmod(descriptor, 0o600)
                self._log(logging.WARNING, "state was open to other users: made it private")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(_LARGEST + 1)
        finally:
            os.close(descriptor)
        if len(content) > _LARGEST:
            raise _ForeignError("is larger than any state")
        return content

    def _write(self, content: bytes) -> None:
        directory = self.path.parent
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp: two processes may share the directory, and its files are 0600 from the start
        descriptor, name = tempfile.mkstemp(".tmp", f".{self.path.stem}.", directory)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        with suppress(OSError):  # some file systems cannot, and the content is safe already
            _sync(directory)

    def _sweep(self) -> None:
        """Remove what was left behind by writers that were killed: it holds a token too."""
        litter = re.compile(rf"\.{re.escape(self.path.stem)}\.[a-z0-9_]{{8}}\.tmp")
        with suppress(OSError):
            for path in self.path.parent.iterdir():
                if litter.fullmatch(path.name):
                    path.unlink()

    def _set_aside(self, problem: str) -> None:
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            self.path.replace(aside)
        except OSError as error:
            what = f"it cannot be moved aside ({_reason(error)})"
        else:
            what = f"moved to {aside.name}"
        self._log(logging.WARNING, f"state {problem}: starting afresh; {what}")

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
        log.log(level, message, extra={"gateway": self._name, "file": str(self.path)})


class _ForeignError(Exception):
    """Something stands in the place of the state file that cannot be one."""


def _safe(name: str) -> str:
    """Return a file name without suffix; different for every name, and never a path."""
    raw = name.encode("utf-8", "surrogatepass")
    encoded = quote(raw, safe="").replace("~", "%7E")
    if len(encoded) > _LONGEST_NAME:
        # `~` cannot come out of the encoding, so this is nobody else's name
        encoded = f"{encoded[: _LONGEST_NAME - 70]}~{hashlib.sha256(raw).hexdigest()}"
    return encoded


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
