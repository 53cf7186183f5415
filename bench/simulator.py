"""How fast the simulator is: a recording, and how many gateways one process can simulate."""

import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cpu import pyenphase_on
from bench.processes import child
from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from bench.sim_process import Simulated
from exporter.clock import VirtualClock
from exporter.simulator.recorder import record_scrapes
from exporter.simulator.scenario import ScenarioRunner, find_scenario

_SCENARIO = "sunny-day"
_HOURS = 3
_INTERVALS = (15, 60)
_GATEWAYS, _UPDATES = 20, 10
_MINUTE = 60.0


async def run(progress: Progress) -> Findings:
    """Record some hours of a day, then update many gateways of one process."""
    progress("Recording a scenario")
    results = [await _recording(interval) for interval in _INTERVALS]
    progress("Many gateways in one process")
    results.append(await _fleet())
    return Findings(tuple(results))


async def _recording(interval: float) -> BenchRow:
    scenario = find_scenario(_SCENARIO)
    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock)
    steps = 0
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        async for _ in record_scrapes(
            runner.gateway,
            clock,
            name="home",
            seconds=_HOURS * 3600,
            interval=interval,
            state_dir=Path(folder),
            runner=runner,
        ):
            steps += 1
        took = time.perf_counter() - began
    return BenchRow(
        f"Recorded scrapes a second, one every {interval} s",
        Quantity(steps / took),
        goal=Goal(100, at_least=True),
    )


async def _fleet() -> BenchRow:
    async with (
        child("bench.fleet_sim", str(_GATEWAYS)) as process,
        AsyncExitStack() as stack,
    ):
        envoys = [
            await stack.enter_async_context(pyenphase_on(Simulated(host, token, process)))
            for host, token in await process.receive()
        ]
        process.send(b"\n")
        before = await process.receive()
        for _ in range(_UPDATES):
            for envoy in envoys:
                await envoy.update()
        process.send(b"\n")
        used = await process.receive() - before
    return BenchRow(
        "Simulated gateways of one process, updated once a minute",
        Quantity(int(_MINUTE / (used / (_UPDATES * _GATEWAYS)))),
        goal=Goal(1000, at_least=True),
    )
