"""Clients of the exporter during a soak: scrapers, people, and misbehaving strangers."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from random import Random

import aiohttp

#: seconds between two visits
_BETWEEN = 300.0
PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
#: path and headers of a visit
PATHS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("/metrics", {"Accept": PROMETHEUS, "Accept-Encoding": "gzip"}),
    ("/metrics", {"Accept": "text/plain", "Accept-Encoding": "identity"}),
    ("/metrics?name[]=enphase_up", {}),
    ("/", {}),
    ("/api/v1/status", {}),
    ("/sd", {}),
    ("/-/ready", {}),
    ("/nowhere", {}),
)
#: what may be answered but 200: a gateway added a moment ago was not polled yet
_OTHERWISE: Mapping[str, frozenset[int]] = {
    "/-/ready": frozenset({200, 503}),
    "/nowhere": frozenset({404}),
}
_FOUND = frozenset({200})
_RUDE: tuple[bytes, ...] = (
    b"",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01 hello\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx",
)


class Clients:
    """Comes by every few minutes; `counts` by path, and those that were rude as `rude`."""

    def __init__(self, port: int, rng: Random) -> None:
        self.counts: Counter[str] = Counter()
        self._port = port
        self._rng = rng

    async def come(self) -> None:
        """Come by until cancelled; raises AssertionError when an answer is not as it should be."""
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _BETWEEN))
            await self._visit()
            if self._rng.random() < 1 / 8:
                await self._rude(self._rng.choice(_RUDE))

    async def all(self) -> None:
        """Do once all that is ever done."""
        await self._visit()
        for words in _RUDE:
            await self._rude(words)

    async def _visit(self) -> None:
        async with aiohttp.ClientSession() as client:
            for path, headers in PATHS:
                url = f"http://127.0.0.1:{self._port}{path}"
                async with client.get(url, headers=headers) as response:
                    await response.read()
                    assert response.status in _OTHERWISE.get(path, _FOUND), path
                self.counts[path] += 1

    async def _rude(self, words: bytes) -> None:
        """Say something, and wait until one is sent away."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(words)
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.counts["rude"] += 1
