"""A house whose gateway runs in real time, next to a command in its own process."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import constant_sky
from exporter.simulator.server import RunningGateway, serve


class Beside:
    """A gateway in a thread of its own."""

    def __init__(
        self, gateway: LiveGateway, running: RunningGateway, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.gateway = gateway
        self.host = running.host
        self.token = running.token
        self._running = running
        self._loop = loop

    def do(self, what: Callable[[RunningGateway], Any]) -> Any:
        """Run a function with the gateway, in the gateway's thread."""

        async def there() -> Any:
            return what(self._running)

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(30)

    def writes(self) -> list[str]:
        """Return the requests that were not GETs."""
        return list(
            self.do(
                lambda running: [
                    f"{each.method} {each.target}"
                    for each in running.requests
                    if each.method != "GET"
                ]
            )
        )


@contextmanager
def beside(home: str = "battery-home") -> Iterator[Beside]:
    """Serve a house for other processes."""
    house = HomeSimulation(
        SAMPLE_HOMES[home], seed=1, start=time.time(), weather=constant_sky("clear"), past_days=0
    )
    gateway = LiveGateway(house, lambda: house.at(time.time()))
    homes: list[Beside] = []
    ready = threading.Event()
    stops: list[asyncio.Event] = []

    async def live() -> None:
        async with serve(gateway) as running:
            stops.append(asyncio.Event())
            homes.append(Beside(gateway, running, asyncio.get_running_loop()))
            ready.set()
            await stops[0].wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield homes[0]
    finally:
        if homes:
            homes[0].do(lambda running: stops[0].set())
        thread.join(60)
