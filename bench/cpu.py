"""How much CPU it costs to poll a gateway, compared with pyenphase's own `update()`.

Both run in this process, on one gateway in another, over HTTPS, logged in before, with the same
options of aiohttp. Ours includes the guard, the rendering and the state file.
"""

import gc
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from pyenphase import Envoy
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT

from bench.poller_fixture import EVERYTHING_AT_ONCE, TEXT, WHAT_PYENPHASE_READS, polled_gateway
from bench.results import BenchRow, Findings, Goal, Progress, Quantity, side_by_side
from bench.sim_process import Simulated, simulated

HOMES = ("battery-home", "big-home")
_GOAL = Goal(1.0, of_ratio=True)
_REPETITIONS = 15
#: few enough rounds that six hours, after which a poller looks for new hardware, do not pass
_WARM, _ROUNDS = 5, 4
_MINUTES = 10
#: speed of the gateway's time. In real time most values are unchanged from one poll to the next, as
#: in a house; at the poller's speed every time stamp in every response is new.
_SPEEDS = {1.0: "values as before", 30_000.0: "every time stamp new"}


async def run(progress: Progress) -> Findings:
    """Compare one round of everything, and the minutes of a day."""
    results: list[BenchRow] = []
    notes: list[str] = []
    for name in HOMES:
        progress(f"CPU of polling {name}")
        for speed, label in _SPEEDS.items():
            async with simulated(name, speed) as gateway, pyenphase_on(gateway) as envoy:
                what = f"CPU of a poll, {name}, {label}"
                results += await _rounds(what, gateway, envoy, notes, WHAT_PYENPHASE_READS)
                if speed == 1:
                    also = f"… with the endpoints that only we read, {label}"
                    results += await _rounds(also, gateway, envoy, notes, EVERYTHING_AT_ONCE)
                else:
                    minute = await _day(name, gateway, envoy)
                    # of 60,000 ms
                    share = Quantity(minute.ours.value / 600, "%")
                    results += [minute, BenchRow("… of one core", share, goal=Goal(1))]
    return Findings(tuple(results), tuple(notes))


@asynccontextmanager
async def pyenphase_on(gateway: Simulated) -> AsyncIterator[Envoy]:
    """Log pyenphase in, on a connection like ours, and let it find out what there is."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=NO_VERIFY_SSL_CONTEXT, limit=2),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    ) as client:
        envoy = Envoy(gateway.host, client=client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=gateway.token)
        await envoy.update()
        yield envoy


async def _rounds(
    what: str,
    gateway: Simulated,
    envoy: Envoy,
    notes: list[str],
    cadences: Mapping[str, float],
) -> list[BenchRow]:
    """Compare rounds in which every collector with a short cadence runs once."""
    async with polled_gateway(gateway.host, gateway.token, cadences=cadences) as watched:

        async def ours() -> float:
            began = _start()
            for _ in range(_ROUNDS):
                await watched.round()
                watched.exposition.render(TEXT, "")
            return _milliseconds(began, _ROUNDS)

        async def unseen() -> float:
            began = _start()
            for _ in range(_ROUNDS):
                await watched.round()
            return _milliseconds(began, _ROUNDS)

        async def theirs() -> float:
            began = _start()
            for _ in range(_ROUNDS):
                await envoy.update()
            return _milliseconds(began, _ROUNDS)

        for _ in range(_WARM):
            await watched.round()
            await envoy.update()
        await gateway.take_requests()
        await watched.round()
        our_requests = await gateway.take_requests()
        await envoy.update()
        pyenphase_requests = await gateway.take_requests()
        mine, its = await side_by_side(ours, theirs, _REPETITIONS)
        without_rendering, then = await side_by_side(unseen, theirs, _REPETITIONS)
    notes.append(_endpoints(what, our_requests, pyenphase_requests))
    goal = _GOAL if cadences is WHAT_PYENPHASE_READS else None
    return [
        BenchRow(what, Quantity(mine, "ms"), Quantity(its, "ms"), goal),
        BenchRow(
            "… of that, without rendering", Quantity(without_rendering, "ms"), Quantity(then, "ms")
        ),
    ]


def _endpoints(what: str, ours: Counter[str], theirs: Counter[str]) -> str:
    """Return a note on the requests of both, to show that they are the same."""
    twice = [target for target, count in (ours + theirs).items() if count > 2]
    note = f"{what}: {ours.total()} requests, update() {theirs.total()}"
    for who, more in (("only we", ours - theirs), ("only pyenphase", theirs - ours)):
        if more:
            note += f"; {who}: {', '.join(sorted(more))}"
    return f"{note}; more than once: {', '.join(twice)}" if twice else note


async def _day(name: str, gateway: Simulated, envoy: Envoy) -> BenchRow:
    """Compare a minute of ours, with four looks at the grid, with one update in a minute."""
    async with polled_gateway(gateway.host, gateway.token) as watched:

        async def ours() -> float:
            began = _start()
            await watched.minutes(_MINUTES)
            return _milliseconds(began, _MINUTES)

        async def theirs() -> float:
            began = _start()
            for _ in range(_MINUTES):
                await envoy.update()
            return _milliseconds(began, _MINUTES)

        await watched.minutes(_MINUTES)
        mine, its = await side_by_side(ours, theirs, _REPETITIONS // 3)
    return BenchRow(
        f"CPU of a minute as served, {name} (update() once a minute)",
        Quantity(mine, "ms"),
        Quantity(its, "ms"),
    )


def _start() -> float:
    # one side's garbage must not be collected during the other's measurement
    gc.collect()
    return time.process_time()


def _milliseconds(began: float, count: int) -> float:
    return (time.process_time() - began) / count * 1000
