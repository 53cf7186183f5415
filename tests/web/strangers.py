"""The exporter's pages on a real listener, and what strangers do to it byte by byte."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import Config, Gateway
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.web.config import WebConfig

#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 30
GET = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
RUNNING = b"The exporter is running.\n"
#: what ends the headers of a request after which the connection ends
CLOSING = b"a\r\nConnection: close\r\n\r"


@dataclass
class ServedPages:
    """The exporter's pages, on a real listener."""

    port: int
    manager: PollerManager

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection of our own."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, content: bytes) -> bytes:
        """Send these bytes and return all that comes until the connection ends."""
        reader, writer = await self.connect()
        try:
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionError):
                    writer.write(content)
                    return await reader.read()
                return b""
        finally:
            writer.close()

    async def healthy(self) -> bool:
        """Return whether a well-behaved client gets a response."""
        answer = await self.say(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(RUNNING)


@asynccontextmanager
async def serving(
    folder: Path, config: WebConfig | None = None, *hosts: Gateway
) -> AsyncIterator[ServedPages]:
    """Serve the pages of an exporter that watches these gateways, by default none."""
    manager = PollerManager(folder / "state", SystemClock())
    where = parse("127.0.0.1:0")
    async with listening(manager, config or WebConfig.load(None), where) as (_, port):
        await manager.apply_config(Config(state_dir=folder / "state", gateways=hosts))
        try:
            yield ServedPages(port, manager)
        finally:
            await manager.close()


def open_files() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # Path.iterdir opens one as well


async def until(true: Callable[[], bool]) -> None:
    """Wait until this is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Wait until the other side has ended the connection, and return its last data."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            return await reader.read()
    return b""
