"""A small HTTP client that costs less than what it measures.

It implements the part of HTTP that two servers on aiohttp need: keep-alive, one request at a time
on each connection, responses with a Content-Length. Bytes are counted where they arrive and never
copied.
"""

import asyncio
import time
from dataclasses import dataclass

_OK = b"HTTP/1.1 200 "
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """A GET of a path on the loopback."""

    port: int
    path: str
    accept: str = "*/*"
    encoding: str = "identity"

    @property
    def head(self) -> bytes:
        """The request as bytes."""
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Accept: {self.accept}\r\nAccept-Encoding: {self.encoding}\r\n\r\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class Load:
    """Result of a load: responses per second, and the latency of each in seconds, sorted."""

    rate: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """Return the seconds within which this share (0 to 1) of the responses came."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Connection(asyncio.BufferedProtocol):
    """Sends the next request after each complete response, until `end` (performance counter)."""

    def __init__(self, head: bytes, end: float) -> None:
        self.latencies: list[float] = []
        self.body = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = head
        self._end = end
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        #: bytes in the buffer while the head of a response is not complete
        self._held = 0
        #: bytes of the body that are still to come; negative before the head is complete
        self._missing = -1
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._held :]

    def buffer_updated(self, nbytes: int) -> None:
        if self._missing >= 0:
            self._missing -= nbytes
        else:
            self._held += nbytes
            self._read_head()
        if self._missing == 0:
            self._answered()
        elif self._missing < -1:
            self._fail("response is longer than its Content-Length")

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("response was cut off"))

    def close(self) -> None:
        if self._transport:
            self._transport.abort()

    def _send(self) -> None:
        assert self._transport
        self._sent_at = time.perf_counter()
        self._transport.write(self._head)

    def _read_head(self) -> None:
        end = self._buffer.find(_END, 0, self._held)
        if end < 0:
            return
        head = bytes(self._buffer[:end])
        if not head.startswith(_OK):
            self._fail(head.partition(b"\r\n")[0].decode(errors="replace"))
            return
        lines = head.lower().split(b"\r\n")
        length = next((line for line in lines if line.startswith(_LENGTH)), None)
        if length is None:
            self._fail("response without Content-Length")
            return
        body = end + len(_END)
        self._missing = int(length[len(_LENGTH) :]) - (self._held - body)
        self._held = 0

    def _answered(self) -> None:
        now = time.perf_counter()
        self.latencies.append(now - self._sent_at)
        self._missing = -1
        if now < self._end:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))
        self.close()


async def load(request: Request, connections: int, seconds: float) -> Load:
    """Keep so many connections busy; raise RuntimeError unless each response is a complete 200."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    busy = [
        (
            await loop.create_connection(
                lambda: _Connection(request.head, began + seconds), "127.0.0.1", request.port
            )
        )[1]
        for _ in range(connections)
    ]
    try:
        await asyncio.gather(*(connection.done for connection in busy))
    finally:
        for connection in busy:
            connection.close()
    latencies = sorted(one for connection in busy for one in connection.latencies)
    return Load(len(latencies) / (time.perf_counter() - began), latencies)


async def get(request: Request) -> bytes:
    """Return the body of one response; raise RuntimeError unless it is a complete 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
    try:
        writer.write(request.head)
        head = await reader.readuntil(_END)
        if not head.startswith(_OK):
            raise RuntimeError(head.partition(b"\r\n")[0].decode(errors="replace"))
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH))
        return await reader.readexactly(int(length[len(_LENGTH) :]))
    finally:
        writer.close()
