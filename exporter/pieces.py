"""Gzip put together from parts that were compressed before, so that nothing is compressed twice."""

import struct
import zlib
from functools import cached_property

_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
#: fast is what matters here, and repetitive text shrinks to a tenth at any level
LEVEL = 1


class Piece:
    """A part of a body, deflated up to a byte boundary when that is first asked for.

    `flush` leaves the stream open (`zlib.Z_FULL_FLUSH`) or ends it (`zlib.Z_FINISH`).
    """

    def __init__(self, plain: bytes, flush: int) -> None:
        self.plain = plain
        self._flush = flush

    @cached_property
    def deflated(self) -> bytes:
        """The part of a deflate stream."""
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(self.plain) + deflate.flush(self._flush)


def gzipped(*pieces: Piece) -> bytes:
    """Return pieces as one gzip member (RFC 1952); the last one has to end the stream."""
    check = size = 0
    for piece in pieces:
        check = zlib.crc32(piece.plain, check)
        size += len(piece.plain)
    deflated = b"".join([piece.deflated for piece in pieces])
    return _GZIP_HEADER + deflated + struct.pack("<II", check, size)
