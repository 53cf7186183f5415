"""Requests to a gateway with all hardware, in half an hour of virtual time."""

import time
from bisect import bisect_left

from bench.poller_fixture import polled_gateway
from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from exporter.clock import VirtualClock
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.rate_limit import PER_MINUTE, SMALL_PER_MINUTE
from exporter.simulator.homes import build_home
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.server import RunningGateway, serve

_MINUTES = 30.0
_WINDOW = 600.0
_SMALL = frozenset(path for path, endpoint in ENDPOINTS.items() if endpoint.small)

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
        self.small_times: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.note()
        await super().sleep(seconds)

    def note(self) -> None:
        """Record the requests that have arrived until now."""
        if self.gateway:
            known = len(self.times) + len(self.small_times)
            for request in list(self.gateway.requests)[known:]:
                small = request.target in _SMALL
                (self.small_times if small else self.times).append(self.monotonic())


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
        targets = {request.target for request in gateway.requests}
    return Findings(
        (
            *_rows("Full requests", clock.times, PER_MINUTE),
            *_rows("Small requests (less than 1 kB)", clock.small_times, SMALL_PER_MINUTE),
            BenchRow("Requests at once, at most", Quantity(gateway.max_concurrency), goal=Goal(1)),
        ),
        (f"a site with everything, {len(targets)} endpoints, {_MINUTES:g} minutes",),
    )


def _rows(what: str, times: list[float], limit: int) -> tuple[BenchRow, BenchRow]:
    busiest = max((bisect_left(times, at + _WINDOW) - n for n, at in enumerate(times)), default=0)
    # the last step may extend a little beyond the end
    later = bisect_left(times, _MINUTES * 60) - bisect_left(times, _WINDOW)
    return (
        BenchRow(
            f"{what} a minute, in the busiest ten",
            Quantity(busiest / (_WINDOW / 60)),
            goal=Goal(limit),
        ),
        BenchRow("… once it runs", Quantity(later / (_MINUTES - _WINDOW / 60))),
    )
