"""A sample home served by a process of its own, so that its work is not counted as a client's.

As a module it is that process: `python -m bench.sim_process HOME SPEED` writes host and token as a
line of JSON, then answers each line on its input with the requests since the last one, and ends
with its input.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from bench.processes import BenchProcess, child
from exporter.clock import FastClock
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated gateway in another process."""

    host: str
    token: str
    _process: BenchProcess

    async def take_requests(self) -> Counter[str]:
        """Return how often each target was requested since the last call."""
        self._process.send(b"\n")
        return Counter(await self._process.receive())


@asynccontextmanager
async def simulated(name: str, speed: float = 1.0) -> AsyncIterator[Simulated]:
    """Serve the sample home of that name, whose time may run fast, while the context lasts."""
    async with child("bench.sim_process", name, str(speed)) as process:
        login = await process.receive()
        yield Simulated(login["host"], login["token"], process)


async def _main(name: str, speed: float) -> None:
    async with serve(sample_home(name, FastClock(time.time(), speed).time)) as running:
        _send({"host": running.host, "token": running.token})
        while await asyncio.to_thread(sys.stdin.readline):
            _send(Counter(request.target for request in running.requests))
            running.requests.clear()


def _send(what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(what, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2])))
