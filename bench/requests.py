"""Requests to a gateway with all hardware, in half an hour of virtual time."""

import time
from bisect import bisect_left

from bench.poller_fixture import polled_gateway
from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from exporter.clock import VirtualClock
from exporter.simulator.homes import build_home
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.server import RunningGateway, serve

_MINUTES = 30.0
_WINDOW = 600.0

_EVERYTHING = HomeHardware(
    serial="202499000099",
    firmware="8.3.5200",
    cts=("production", "net-consumption", "storage", "backfeed"),
    legs=2,
    volts=120.0,
    inverters=24,
    device_data=True,
    batteries=6,
    acbs=3,
    controller=True,
    collar=True,
    combiner=True,
    generator=True,
    time_of_use=True,
)


class _RecordingClock(VirtualClock):
    """Records request times: all requests since the last sleep count for that moment."""

    def __init__(self, start: float) -> None:
        super().__init__(start)
        self.gateway: RunningGateway | None = None
        self.times: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.note()
        await super().sleep(seconds)

    def note(self) -> None:
        """Record the requests that have arrived until now."""
        if self.gateway:
            new = len(self.gateway.requests) - len(self.times)
            self.times += [self.monotonic()] * new


async def run(progress: Progress) -> Findings:
    """Count over the window of ten minutes that has the most, the start included."""
    progress("Requests to the gateway")
    clock = _RecordingClock(time.time())
    async with (
        serve(build_home(_EVERYTHING, clock.time), now=clock.time) as gateway,
        polled_gateway(gateway.host, gateway.token, clock) as watched,
    ):
        clock.gateway = gateway
        await watched.minutes(_MINUTES)
        clock.note()
        times, targets = clock.times, {request.target for request in gateway.requests}
        busiest = max(bisect_left(times, at + _WINDOW) - n for n, at in enumerate(times))
        # the last step may extend a little beyond the end
        later = bisect_left(times, _MINUTES * 60) - bisect_left(times, _WINDOW)
    return Findings(
        (
            BenchRow(
                "Requests a minute, in the busiest ten",
                Quantity(busiest / (_WINDOW / 60)),
                goal=Goal(14),
            ),
            BenchRow("… once it runs", Quantity(later / (_MINUTES - _WINDOW / 60))),
            BenchRow("Requests at once, at most", Quantity(gateway.max_concurrency), goal=Goal(1)),
        ),
        (f"a site with everything, {len(targets)} endpoints, {_MINUTES:g} minutes",),
    )
