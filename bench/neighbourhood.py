"""Many simulated gateways in one process, whose work is to be measured.

As a module it is that process: `python -m bench.neighbourhood COUNT` tells hosts and tokens in a
line of JSON, then answers each line on its input with the CPU seconds it has used so far, and ends
with its input. A minute passes there in every second.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from functools import partial

import orjson

from exporter.clock import FastClock
from exporter.simulator.homes import SITES
from exporter.simulator.homes.site import State
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import House
from exporter.simulator.server import serve

_SPEED = 60.0


def _moment(house: House, clock: FastClock) -> State:
    return house.at(clock.time())


async def _main(count: int) -> None:
    clock = FastClock(time.time(), _SPEED)
    async with AsyncExitStack() as stack:
        running = []
        for seed in range(count):
            house = House(SITES["battery-home"], seed=seed, start=clock.time(), past_days=0)
            gateway = LiveGateway(house, partial(_moment, house, clock))
            running.append(await stack.enter_async_context(serve(gateway, now=clock.time)))
        _tell([(one.host, one.token) for one in running])
        while await asyncio.to_thread(sys.stdin.readline):
            _tell(time.process_time())


def _tell(what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(what, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
