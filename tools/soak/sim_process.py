"""The houses of the part in real time as a process: `python -m tools.soak.sim_process SPEED`.

Each plays a scenario so many times as fast as the wall clock, seen from outside at the present. A
line of JSON tells where the gateways are; the process ends with its input.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack

import orjson

from exporter.clock import FastClock
from exporter.simulator import tokens
from exporter.simulator.scenario import ScenarioRunner, find_scenario
from exporter.simulator.scenario.time_shift import TimeShiftedGateway
from exporter.simulator.server import serve

#: with an outage, a gateway that stalls at night, and one that gets new firmware
SCENARIOS = ("sunny-day", "grid-outage", "night-stall", "firmware-upgrade")


async def _main(speed: float) -> None:
    gateways = []
    async with AsyncExitStack() as stack:
        tasks = []
        for name in SCENARIOS:
            scenario = find_scenario(name)
            clock = FastClock(scenario.begins, speed)
            runner = ScenarioRunner(scenario, clock)
            gateway = TimeShiftedGateway(runner.gateway, clock.time, time.time)
            running = await stack.enter_async_context(serve(gateway))
            runner.attach(running)
            token = tokens.make(scenario.site.serial, now=time.time())
            gateways.append({"name": name, "host": running.host, "token": token})
            tasks.append(asyncio.create_task(runner.follow(lambda _: None)))
        sys.stdout.buffer.write(orjson.dumps(gateways, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.flush()
        while await asyncio.to_thread(sys.stdin.readline):
            pass
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(_main(float(sys.argv[1])))
