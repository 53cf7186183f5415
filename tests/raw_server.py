"""A server that sends exactly these bytes, for responses that no real HTTP server can send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(content: bytes, *, hang: bool = False) -> AsyncIterator[str]:
    """Answer each request with these bytes, then close or `hang`; yields `host:port`."""
    closing = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A TLS client greets in one piece, an HTTP client asks in one.
        await reader.read(65536)
        writer.write(content)
        if hang:
            await closing.wait()
        writer.close()

    async with serving(answer) as host:
        try:
            yield host
        finally:
            closing.set()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Serve each connection with `answer`; yields `host:port`."""
    server = await asyncio.start_server(answer, "127.0.0.1")
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an HTTP answer with this body."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
