"""Gzip bodies assembled from parts, so that no part is compressed twice.

The samples of the gateways change every few seconds, what the process says of itself with every
scrape: only the small second part is compressed again.
"""

import struct
import zlib
from functools import cached_property

_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
#: speed matters more than size here, and repetitive text shrinks to a tenth at any level
COMPRESSION_LEVEL = 1


class GzipPart:
    """A part of a body, deflated up to a byte boundary when first asked for.

    `flush` leaves the stream open (`zlib.Z_FULL_FLUSH`) or ends it (`zlib.Z_FINISH`).
    """

    def __init__(self, plain: bytes, flush: int) -> None:
        self.plain = plain
        self._flush = flush

    @cached_property
    def deflated(self) -> bytes:
        """The part as a piece of a deflate stream."""
        deflate = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(self.plain) + deflate.flush(self._flush)


def join_gzip(*parts: GzipPart) -> bytes:
    """Return the parts as one gzip member (RFC 1952); the last part has to end the stream."""
    checksum = size = 0
    for part in parts:
        checksum = zlib.crc32(part.plain, checksum)
        size += len(part.plain)
    deflated = b"".join([part.deflated for part in parts])
    return _GZIP_HEADER + deflated + struct.pack("<II", checksum, size)
