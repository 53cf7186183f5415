"""Many simulated gateways in one process.

As a module it is that process: `python -m bench.fleet_sim COUNT [SPEED]` writes hosts and tokens
as a line of JSON, then answers each line on its input, and ends at the end of its input. SPEED is
the number of simulated minutes per minute. The lines:

    (empty)      the CPU seconds that it has used so far
    forget       forgets the requests so far; answers null
    late SECONDS how many seconds later than this cadence the grid state was polled at most, for
                 each gateway; null if it was not polled twice
    spoil SHARE  makes this share of the gateways misbehave, each in a way of its own; answers with
                 their numbers
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from functools import partial
from itertools import cycle, pairwise

import orjson

from exporter.clock import FastClock
from exporter.fleet.memory_tuning import freeze_long_lived
from exporter.gateway.paths import INVENTORY
from exporter.simulator.faults import Fault, Hang, Reset, Truncated, login_page, status
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.models import HomeState
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import RunningGateway, serve

_SPEED = 60.0
#: what a gateway can do wrong: not be there at all, or give any of these answers to everything
_MISCHIEF: tuple[Fault | None, ...] = (
    None,
    Hang(),
    status(503),
    Reset(),
    status(401),
    login_page(),
    Truncated(),
)


class _SimulatedFleet:
    """The gateways, and the commands for them."""

    def __init__(self, gateways: list[RunningGateway]) -> None:
        self._gateways = gateways

    def execute(self, line: str) -> object:
        """Execute a command and return the answer."""
        word, _, value = line.strip().partition(" ")
        if word == "forget":
            for gateway in self._gateways:
                gateway.requests.clear()
            return None
        if word == "late":
            return [_late(gateway, float(value)) for gateway in self._gateways]
        if word == "spoil":
            step = round(1 / float(value))
            spoilt = range(0, len(self._gateways), step)
            for number, fault in zip(spoilt, cycle(_MISCHIEF), strict=False):
                if fault is None:
                    self._gateways[number].up = False
                else:
                    self._gateways[number].faults["*"] = fault
            return list(spoilt)
        return time.process_time()


def _late(gateway: RunningGateway, cadence: float) -> float | None:
    times = [request.at for request in gateway.requests if request.target == INVENTORY]
    return max((later - sooner - cadence for sooner, later in pairwise(times)), default=None)


def _moment(house: HomeSimulation, clock: FastClock) -> HomeState:
    return house.at(clock.time())


async def _main(count: int, speed: float) -> None:
    clock = FastClock(time.time(), speed)
    async with AsyncExitStack() as stack:
        running = []
        for seed in range(count):
            house = HomeSimulation(
                SAMPLE_HOMES["battery-home"], seed=seed, start=clock.time(), past_days=0
            )
            gateway = LiveGateway(house, partial(_moment, house, clock))
            running.append(await stack.enter_async_context(serve(gateway, now=clock.time)))
        # a full garbage collection would delay responses and look like a late poll
        freeze_long_lived()
        _send([(one.host, one.token) for one in running])
        fleet = _SimulatedFleet(running)
        while line := await asyncio.to_thread(sys.stdin.readline):
            _send(fleet.execute(line))


def _send(what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(what, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else _SPEED))
