"""What can go wrong between a gateway and its client, to be switched on at a simulated one.

A fault replaces or damages one answer. It only meets requests that would have been answered: a
client without a valid login is refused as usual. All of them take `delay` (seconds before
anything is sent) and `times` (how many answers it hits before it is over; None: until removed).

    Fault             the answer as it is; with `delay`, late
    Reply             another answer: a status, a redirect, a body that is not what it should be
    Truncated         a complete answer whose body has been cut short
    Edit              a JSON answer with keys removed or types changed
    Rewrite           an answer whose bytes are changed, such as into invalid JSON
    Hang              nothing at all, until the client gives up
    PartialHeaders    part of the headers, then nothing
    Stall             headers and part of the body, then nothing
    SlowDrip          a few bytes at a time
    Reset             the connection is reset, before or within the answer
    OversizedBody     megabytes of valid JSON, plain or compressed
    Encoded           a body in an encoding that was not requested
    Echo              the headers of the request as the body, with its secrets
    WithoutLength     HTTP/1.0 without a length: the body ends with the connection
    EndlessHeaders    headers without end
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, repeat
from typing import Any

import orjson
from aiohttp import web

from exporter.simulator.gateway import JSON_TYPE, HttpResponse
from exporter.simulator.listener import reset_connection

_HTML = {"Content-Type": "text/html"}
_JSON = {"Content-Type": JSON_TYPE}
_BLOCK = 65536


@dataclass(frozen=True, slots=True)
class PendingResponse:
    """A request in progress, as a fault gets it."""

    request: web.BaseRequest
    #: what would be answered without the fault
    answer: HttpResponse
    #: set when the server stops; faults that wait then end
    closing: asyncio.Event

    @property
    def date(self) -> dict[str, str]:
        """The `Date` header by the gateway's clock, sent with every response."""
        return {name: value for name, value in self.answer.headers.items() if name == "Date"}

    async def pause(self, seconds: float | None = None) -> bool:
        """Wait, forever by default; return whether the server is stopping."""
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            return False
        return True

    async def start(self) -> web.StreamResponse:
        """Send status and headers of the answer, with the length of its whole body."""
        response = web.StreamResponse(status=self.answer.status, headers=self.answer.headers)
        response.content_length = len(self.answer.body)
        await response.prepare(self.request)
        return response

    def abort(self) -> None:
        """Reset the connection, without a TCP or TLS shutdown."""
        reset_connection(self.request.transport)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The response unchanged, possibly late; the base of all faults."""

    delay: float = 0.0
    times: int | None = None

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """Send what the client gets instead of `call.answer`."""
        return plain(call.answer)


def plain(answer: HttpResponse) -> web.Response:
    """Return the response that sends an answer as it is."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


@dataclass(frozen=True, slots=True)
class OtherResponse(Fault):
    """Another answer in place of the right one."""

    answer: HttpResponse

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        answer = self.answer
        return plain(HttpResponse(answer.status, answer.body, {**call.date, **answer.headers}))


def status(
    code: int, body: bytes = b"", *, times: int | None = None, delay: float = 0.0
) -> OtherResponse:
    """Answer with this HTTP status."""
    return OtherResponse(HttpResponse(code, body, _HTML), times=times, delay=delay)


def body(content: bytes, *, times: int | None = None, delay: float = 0.0) -> OtherResponse:
    """Answer 200 with this body, declared as JSON whatever its content."""
    return OtherResponse(HttpResponse(200, content, _JSON), times=times, delay=delay)


def login_page(*, times: int | None = None) -> OtherResponse:
    """Answer 200 with an HTML page that asks for a password."""
    page = b"<!DOCTYPE html>\n<html><body><form><input type='password'></form></body></html>\n"
    return OtherResponse(HttpResponse(200, page, _HTML), times=times)


def error_object(message: str = "not ready", *, times: int | None = None) -> OtherResponse:
    """Answer 200 with `{"error": …}`, as gateways do while they start."""
    return body(orjson.dumps({"error": message}), times=times)


def redirect(location: str, *, code: int = 301, times: int | None = None) -> OtherResponse:
    """Answer with a redirect to another URL."""
    return OtherResponse(HttpResponse(code, b"", {"Location": location}), times=times)


@dataclass(frozen=True, slots=True)
class Truncated(Fault):
    """A complete answer whose body ends after a share of it (0 to 1)."""

    share: float = 0.5

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        content = call.answer.body
        kept = content[: int(len(content) * self.share)]
        return plain(HttpResponse(call.answer.status, kept, call.answer.headers))


@dataclass(frozen=True, slots=True)
class Edit(Fault):
    """A JSON answer after `change`, which gets the parsed body and returns the one to send.

    An answer that is no JSON stays as it is.
    """

    change: Callable[[Any], Any]

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        try:
            document = orjson.loads(call.answer.body)
        except orjson.JSONDecodeError:
            # a web page, as older firmware sends
            return plain(call.answer)
        edited = orjson.dumps(self.change(document))
        return plain(HttpResponse(call.answer.status, edited, call.answer.headers))


@dataclass(frozen=True, slots=True)
class Rewrite(Fault):
    """An answer after `change` of the bytes of its body."""

    change: Callable[[bytes], bytes]

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        changed = self.change(call.answer.body)
        return plain(HttpResponse(call.answer.status, changed, call.answer.headers))


@dataclass(frozen=True, slots=True)
class Hang(Fault):
    """The request is taken and nothing is sent."""

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        await call.pause()
        call.abort()
        return web.Response()


@dataclass(frozen=True, slots=True)
class PartialHeaders(Fault):
    """The status line and the beginning of a header are sent, then nothing."""

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        transport = call.request.transport
        if isinstance(transport, asyncio.Transport):
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
        await call.pause()
        call.abort()
        return web.Response()


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Headers and a share of the body (0 to 1) are sent, then nothing."""

    share: float = 0.5

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        response = await call.start()
        await response.write(call.answer.body[: int(len(call.answer.body) * self.share)])
        await call.pause()
        call.abort()
        return response


@dataclass(frozen=True, slots=True)
class SlowDrip(Fault):
    """The body comes `size` bytes at a time, `pause` seconds apart."""

    size: int = 1
    pause: float = 0.1

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        content = call.answer.body
        response = await call.start()
        for start in range(0, len(content), self.size):
            await response.write(content[start : start + self.size])
            if await call.pause(self.pause):
                call.abort()
                break
        return response


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """The connection is reset; with `share` (0 to 1), after that much of the body."""

    share: float | None = None

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        response = web.StreamResponse()
        if self.share is not None:
            response = await call.start()
            await response.write(call.answer.body[: int(len(call.answer.body) * self.share)])
        call.abort()
        return response


@dataclass(frozen=True, slots=True)
class OversizedBody(Fault):
    """Many megabytes of JSON: an empty list padded with blanks. Compressed it is small."""

    megabytes: int
    compressed: bool = False

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        response = web.StreamResponse(headers={**call.date, **_JSON})
        if self.compressed:
            response.headers["Content-Encoding"] = "gzip"
        response.enable_chunked_encoding()
        await response.prepare(call.request)
        for block in self._blocks():
            if call.closing.is_set():
                call.abort()
                break
            await response.write(block)
        return response

    def _blocks(self) -> Iterator[bytes]:
        if self.compressed:
            yield from _bomb(self.megabytes)
            return
        yield from _blanks(self.megabytes)


@dataclass(frozen=True, slots=True)
class Encoded(Fault):
    """The right body, with a Content-Encoding that is wrong and was not requested."""

    encoding: str

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        headers = {**call.answer.headers, "Content-Encoding": self.encoding}
        return plain(HttpResponse(call.answer.status, call.answer.body, headers))


@dataclass(frozen=True, slots=True)
class Echo(Fault):
    """The request headers as a JSON object, including the client's credentials."""

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        echoed = {str(name): value for name, value in call.request.headers.items()}
        content = orjson.dumps({"error": {"message": "bad request", "request": echoed}})
        return plain(HttpResponse(200, content, {**call.date, **_JSON}))


@dataclass(frozen=True, slots=True)
class WithoutLength(Fault):
    """The right body in HTTP/1.0, where the end of the connection ends the body."""

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        transport = call.request.transport
        if isinstance(transport, asyncio.Transport):
            lines = [f"HTTP/1.0 {call.answer.status} OK"]
            lines += [f"{name}: {value}" for name, value in call.answer.headers.items()]
            transport.write("\r\n".join([*lines, "", ""]).encode() + call.answer.body)
            transport.close()
        return web.Response()


@dataclass(frozen=True, slots=True)
class EndlessHeaders(Fault):
    """Header fields without end, a thousand at a time, until the client gives up."""

    pause: float = 0.1

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        transport = call.request.transport
        if isinstance(transport, asyncio.Transport):
            transport.write(b"HTTP/1.1 200 OK\r\n")
            for number in count():
                if transport.is_closing() or await call.pause(self.pause):
                    break
                transport.write(b"X-Header-%d: nothing\r\n" % number * 1000)
        call.abort()
        return web.Response()


def _blanks(megabytes: int) -> Iterator[bytes]:
    return chain((b"[",), repeat(b" " * _BLOCK, megabytes * 1024 * 1024 // _BLOCK), (b"]",))


@lru_cache(4)
def _bomb(megabytes: int) -> tuple[bytes, ...]:
    """Return the blocks of a small body that decompresses to this size; built once and cached."""
    packer = zlib.compressobj(wbits=31)
    return (*filter(None, map(packer.compress, _blanks(megabytes))), packer.flush())
