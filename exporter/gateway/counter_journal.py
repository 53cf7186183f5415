"""What every counter last showed, in a file that survives a killed process.

The state file is synced to disk and therefore written seldom; a process that is killed in between
would go on from older sums, and Prometheus takes a counter that falls for a reset. So the totals
are also written into a memory-mapped file whenever they change, which costs no system call: the
kernel keeps what a killed process has written. Two slots are used in turn, each with a checksum, so
that a write that was cut off costs only itself.

Only a crash of the whole machine can lose it. The boot that wrote it is recorded, so that a lost
journal is recognised.
"""

import fcntl
import logging
import mmap
import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import orjson

from exporter import files

log = logging.getLogger(__name__)

_MAGIC = b"EEXJ"
#: magic, sequence number, length and checksum of the content
_HEADER = struct.Struct("<4sQII")
_SLOT_BYTES = 32 * 1024
_MAX_BYTES = 64 * 1024 * 1024
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class CounterJournal:
    """The journal of one gateway; `totals` is what it had when it was opened."""

    def __init__(self, file: mmap.mmap, descriptor: int, boot: str) -> None:
        self._file = file
        self._descriptor = descriptor
        self._boot = boot
        self._content = b""
        self._sequence = 0
        #: joules by counter, as another process of this boot left them; None when there are none
        self.totals: dict[str, float] | None = self._read()

    @classmethod
    def open(cls, path: Path) -> "CounterJournal | None":
        """Open or create the journal; None where that is not possible or another process has it."""
        descriptor = -1
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(path, flags, 0o600)
            files.give_to_owner(descriptor, path)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = os.fstat(descriptor).st_size
            if not 2 * _SLOT_BYTES <= size <= _MAX_BYTES or size % (2 * _SLOT_BYTES):
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, 2 * _SLOT_BYTES)
            return cls(mmap.mmap(descriptor, 0), descriptor, _boot_id())
        except (OSError, ValueError) as error:
            if descriptor >= 0:
                os.close(descriptor)
            log.warning(
                "counter journal unavailable; sums start at zero after a crash",
                extra={"file": str(path), "error": str(error)},
            )
            return None

    def write(self, totals: Mapping[str, float]) -> None:
        """Record these totals (joules by counter)."""
        content = orjson.dumps({"boot": self._boot, "totals": totals})
        if content == self._content:
            return
        slot = len(self._file) // 2
        if _HEADER.size + len(content) > slot:
            slot = self._grow(_HEADER.size + len(content))
            if not slot:
                return
        self._content = content
        self._sequence += 1
        start = (self._sequence % 2) * slot
        header = _HEADER.pack(_MAGIC, self._sequence, len(content), zlib.crc32(content))
        # the header last: until then the slot does not match its checksum
        self._file[start : start + _HEADER.size] = bytes(_HEADER.size)
        end = start + _HEADER.size + len(content)
        self._file[start + _HEADER.size : end] = content
        self._file[start : start + _HEADER.size] = header

    def close(self) -> None:
        """Close the file; its content stays."""
        with suppress(OSError, ValueError):
            self._file.close()
            os.close(self._descriptor)

    def _read(self) -> dict[str, float] | None:
        slot = len(self._file) // 2
        newest: bytes | None = None
        for start in (0, slot):
            magic, sequence, length, checksum = _HEADER.unpack_from(self._file, start)
            begin = start + _HEADER.size
            if magic != _MAGIC or length > slot - _HEADER.size or sequence <= self._sequence:
                continue
            content = self._file[begin : begin + length]
            if zlib.crc32(content) == checksum:
                newest, self._sequence = content, sequence
        if newest is None:
            return None
        try:
            document = orjson.loads(newest)
            if document["boot"] != self._boot:
                return None
            return {str(key): float(value) for key, value in document["totals"].items()}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
            return None

    def _grow(self, needed: int) -> int:
        """Make the slots large enough; return their size, 0 when that is not possible."""
        slot = len(self._file) // 2
        while slot < needed:
            slot *= 2
        if 2 * slot > _MAX_BYTES:
            return 0
        try:
            self._file.resize(2 * slot)
        except (OSError, ValueError, SystemError):
            return 0
        # The first slot stays where it is; the next write has to go into the second one.
        self._sequence += self._sequence % 2
        return slot


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
