"""Streams the body of a fleet: megabytes, sent in chunks so that other requests are not held up."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from exporter.fleet.gzip_parts import COMPRESSION_LEVEL

#: bytes that are joined without a pause: about a millisecond of work
_CHUNK_BYTES = 2**17
#: turns of the event loop that it takes to accept a connection and to answer it
_TURNS = 5


class FamilyLines(Protocol):
    """Has the lines of one gateway by metric family."""

    def family(self, name: str) -> bytes:
        """Return the lines of one family; there may be none."""
        ...


async def join_families(
    headers: Mapping[str, bytes], gateways: Sequence[FamilyLines]
) -> AsyncIterator[bytes]:
    """Yield the lines of all gateways by family, each family after its header, in chunks."""
    chunk: list[bytes] = []
    size = 0
    for name, header in headers.items():
        present = (lines for gateway in gateways if (lines := gateway.family(name)))
        for number, lines in enumerate(present):
            if number == 0:
                chunk.append(header)
            chunk.append(lines)
            size += len(lines)
            if size >= _CHUNK_BYTES:
                yield b"".join(chunk)
                await yield_to_loop()
                chunk, size = [], 0
        # looking through all gateways in vain takes time too
        await yield_to_loop()
    yield b"".join(chunk)


async def compress(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks as one gzip stream."""
    deflate = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    async for chunk in chunks:
        yield deflate.compress(chunk)
    yield deflate.flush()


async def yield_to_loop() -> None:
    """Let other tasks of the event loop run."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
