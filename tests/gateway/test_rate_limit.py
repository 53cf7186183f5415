"""A gateway is never pressed: one request at a time, and at most 14 a minute over ten minutes."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.collectors import CADENCES
from exporter.gateway.policy import CHECK_JWT, HOME, INFO
from exporter.gateway.rate_limit import BURST, PER_MINUTE, WINDOW, RateLimiter
from exporter.simulator.faults import Fault, Reset, Truncated, body, status
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.homes import build_home, sample_home
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.server import ReceivedRequest
from tests.polled_gateway import START, PolledGateway, polled_gateway

#: a site with all there is
EVERYTHING = HomeHardware(
    serial="202499000077",
    firmware="8.3.5200",
    cts=("production", "net-consumption", "storage"),
    legs=3,
    volts=230.0,
    inverters=20,
    device_data=True,
    batteries=3,
    controller=True,
    generator=True,
    acbs=2,
    time_of_use=True,
)


class Times(deque[ReceivedRequest]):
    """The requests that arrive, with their time by the clock of the test."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.at: list[float] = []
        self._clock = clock

    def append(self, request: ReceivedRequest) -> None:
        """Take a request."""
        self.at.append(self._clock.monotonic())
        super().append(request)

    def most(self) -> int:
        """Return how many requests there were in the ten minutes that had most."""
        return max(sum(start <= at < start + WINDOW for at in self.at) for start in self.at)


def everything(now: Callable[[], float]) -> SimulatedGateway:
    """Return a gateway with all there is."""
    return build_home(EVERYTHING, now)


def timed(watched: PolledGateway) -> Times:
    """Note the times of the requests from now on."""
    times = Times(watched.clock)
    watched.gateway.requests = times
    return times


async def test_a_site_with_everything_is_asked_as_much_as_home_assistant_would(
    tmp_path: Path,
) -> None:
    """All that can be installed fits into the limit, and everything keeps its cadence."""
    clock = VirtualClock(START)
    async with polled_gateway(everything(clock.time), tmp_path, clock) as watched:
        times = timed(watched)
        await watched.pass_time(3000)
        assert times.most() <= PER_MINUTE * 10
        assert watched.gateway.max_concurrency == 1
        assert {dict(labels)["collector"]
                for labels, up in watched.samples()["enphase_collector_up"].items() if up
        } == set(CADENCES)  # fmt: skip
        for endpoint, least in (("/ivp/ensemble/inventory", 165), (HOME, 9), (INFO, 9)):
            assert watched.gateway.count(endpoint) >= least


@pytest.mark.parametrize("cadences", [{}, dict.fromkeys(CADENCES, 5.0)], ids=["usual", "5 s"])
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"*": status(500)},
        {"*": status(401)},
        {"*": Reset()},
        {"*": body(b"[]")},
        {"*": Truncated()},
        {INFO: Reset()},
        {INFO: status(503)},
        {CHECK_JWT: status(401)},
        {CHECK_JWT: Reset()},
    ],
    ids=str,
)
async def test_no_failure_presses_the_gateway(
    faults: dict[str, Fault], cadences: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever fails all the time, and whatever cadence is configured, the limit holds."""
    clock = VirtualClock(START)
    async with polled_gateway(
        everything(clock.time), tmp_path, clock, cadences=cadences
    ) as watched:
        times = timed(watched)
        await watched.pass_time(60)
        watched.gateway.faults |= faults
        await watched.pass_time(1500)
        assert times.most() <= PER_MINUTE * 10
        assert watched.gateway.max_concurrency == 1


async def test_old_firmware_is_not_pressed_either(tmp_path: Path) -> None:
    """The challenges of digest are requests like any other."""
    clock = VirtualClock(START)
    cadences = dict.fromkeys(CADENCES, 5.0)
    async with polled_gateway(
        sample_home("legacy", clock.time), tmp_path, clock, cadences=cadences
    ) as watched:
        times = timed(watched)
        await watched.pass_time(1500)
        assert times.most() <= PER_MINUTE * 10


async def test_a_burst_then_the_limit() -> None:
    """The first round may ask for everything at once, and still the limit holds."""
    clock = VirtualClock(START)
    budget = RateLimiter(clock)
    turns = []
    for _ in range(300):
        async with budget.slot():
            turns.append(clock.monotonic())
    assert turns[BURST - 1] == 0
    assert turns[BURST] > 0
    assert max(sum(at <= other < at + WINDOW for other in turns) for at in turns) <= PER_MINUTE * 10


async def test_a_turn_that_is_given_up_is_free_again() -> None:
    """Who is cancelled while waiting or asking keeps nobody else waiting."""
    budget = RateLimiter(VirtualClock(START))

    async def ask(forever: asyncio.Event) -> None:
        async with budget.slot():
            await forever.wait()

    never = asyncio.Event()
    first, second = (asyncio.create_task(ask(never)) for _ in range(2))
    await asyncio.sleep(0)
    for task in (second, first):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with budget.slot():
        pass
