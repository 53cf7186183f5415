"""Attackers of a port: what they do, over and over, as a process of its own.

Two thousand connections send nothing, fifty dribble headers, twenty send garbage, twenty ask
for everything and read nothing. Who is sent away comes back.

`python -m bench.attack_clients PORT SECONDS` is that process: it prints the number of clients as a
line of JSON, and ends with its input.
"""

import asyncio
import random
import resource
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson

_FILES = 8192


async def _for_ever(
    attack: Callable[[int, float], Awaitable[None]], where: int, long: float
) -> None:
    await asyncio.sleep(random.random())  # noqa: S311 - no secret
    while True:
        with suppress(OSError):
            await attack(where, long)
        await asyncio.sleep(random.uniform(2, 6))  # noqa: S311 - no secret


async def _keep_silent(port: int, seconds: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await reader.read()
    finally:
        writer.close()


async def _dribble(port: int, seconds: float) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.2)
    finally:
        writer.close()


async def _garble(port: int, seconds: float) -> None:
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(random.randbytes(4096))  # noqa: S311 - no secret
            await reader.read()
        finally:
            writer.close()
        await asyncio.sleep(0.2)


async def _be_deaf(port: int, seconds: float) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    transport = writer.transport
    try:
        if isinstance(transport, asyncio.Transport):
            transport.pause_reading()
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 500)
        await asyncio.sleep(seconds)
    finally:
        transport.abort()


_ATTACKS: tuple[tuple[int, str, Callable[[int, float], Awaitable[None]]], ...] = (
    (2000, "silent", _keep_silent),
    (50, "dribbling", _dribble),
    (20, "garbling", _garble),
    (20, "never reading", _be_deaf),
)


async def _main(port: int, seconds: float) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, _FILES), hard), hard))
    attackers = [
        asyncio.create_task(_for_ever(attack, port, seconds))
        for count, _, attack in _ATTACKS
        for _ in range(count)
    ]
    await asyncio.sleep(3)
    crowd = ", ".join(f"{count} {what}" for count, what, _ in _ATTACKS)
    sys.stdout.buffer.write(orjson.dumps(crowd, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    for task in attackers:
        task.cancel()
    await asyncio.gather(*attackers, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2])))
