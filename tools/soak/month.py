"""Days of virtual time in one process: exporter, gateways, cloud, and all who look at it.

What is looked at is the process of all of them, so what the simulator kept would show as well.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from exporter.address import parse
from exporter.config import Config
from exporter.gateway import topology
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.web import listener
from exporter.web.config import WebConfig
from tests import log_asserts
from tests.virtual_loop import LoopClock, VirtualLoop, run
from tools.soak.clients import Clients
from tools.soak.faults import FaultInjector
from tools.soak.measurements import Measurement, standing
from tools.soak.simulated_site import CADENCE, DAY, SimulatedSite, sites

HOUR = 3600.0
#: a spring noon: the month has a change of the clocks in it
START = 1_773_000_000.0
#: state files in memory: a disk that syncs is slow, and not what is tested
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # by TemporaryDirectory
#: seconds: within this all is well again after the last fault; the longest pause that the account
#: of somebody gets who has failed often is six hours
_WELL = 7 * HOUR
#: seconds for which the process is watched, to find a moment between two rounds
_CALM, _GLANCE = 2 * CADENCE, 7.0
#: seconds between two runs of the deadline check; each second is a leap of the clock
_SWEEP = 60.0
#: seconds between two reloads that drop a gateway and take it back
_RELOAD = 0.1 * DAY


@dataclass
class MonthResult:
    """Result of a soak: measurements in order, and counts."""

    measurements: list[Measurement] = field(default_factory=list)
    #: seconds from the end of all faults until everything was up, for each measurement
    well_after: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    visits: Counter[str] = field(default_factory=Counter)
    reloads: int = 0
    #: virtual and real seconds
    lasted: float = 0.0
    took: float = 0.0


def run_month(
    days: float, every: float, seed: int, tell: Callable[[Measurement, float], None]
) -> MonthResult:
    """Run so many days, with a measurement every so many; `tell` gets each, with the recovery time.

    Raises AssertionError when something does not come up again, or an error is logged.
    """
    began = time.monotonic()
    with (
        _sweeping(),
        log_asserts.logged_errors("aiohttp") as errors,
        tempfile.TemporaryDirectory(dir=_MEMORY) as folder,
    ):

        async def main(loop: VirtualLoop) -> MonthResult:
            return await _Month(loop, Path(folder), seed, tell).run(days, every)

        result = run(main)
    result.took = time.monotonic() - began
    if errors:
        raise AssertionError(f"in the log: {errors[:3]}")
    return result


class _Month:
    def __init__(
        self, loop: VirtualLoop, folder: Path, seed: int, tell: Callable[[Measurement, float], None]
    ) -> None:
        self._loop = loop
        self._folder = folder
        self._tell = tell
        self._rng = Random(seed)  # noqa: S311  # a schedule, no secret
        self._clock = LoopClock(loop, START)
        self._manager = PollerManager(folder, self._clock)
        self._injectors: list[FaultInjector] = []
        self._sites: list[SimulatedSite] = []
        self._result = MonthResult()

    async def run(self, days: float, every: float) -> MonthResult:
        """Live."""
        async with AsyncExitStack() as stack:
            self._sites = await stack.enter_async_context(
                sites(self._loop, self._clock, START, self._folder)
            )
            _, port = await stack.enter_async_context(
                listening(self._manager, WebConfig.load(None), parse("127.0.0.1:0"))
            )
            stack.push_async_callback(self._manager.close)
            clients = Clients(port, self._rng)
            await self._manager.apply_config(self._config(self._sites))
            self._injectors = [FaultInjector(each, self._rng) for each in self._sites]
            # In the first hour all that can happen does, so that nothing happens first later on.
            await asyncio.gather(*(w.all_kinds(HOUR / 60) for w in self._injectors), clients.all())
            await self._measure()
            while self._loop.time() < days * DAY:
                await self._spell(clients, min(every, days - self._loop.time() / DAY) * DAY)
                await self._measure()
            result = self._result
            result.faults = sum((injector.counts for injector in self._injectors), Counter())
            result.visits = clients.counts
            result.lasted = self._loop.time()
        return result

    async def _spell(self, clients: Clients, seconds: float) -> None:
        """Inject faults for a while, with clients."""
        for injector in self._injectors:
            injector.begin()
        beside = [
            asyncio.create_task(clients.come()),
            asyncio.create_task(self._reload()),
        ]
        try:
            await asyncio.sleep(max(HOUR, seconds))
        finally:
            for task in beside:
                task.cancel()
            ends = await asyncio.gather(*beside, return_exceptions=True)
            for injector in self._injectors:
                await injector.end()
        for end in ends:
            if isinstance(end, Exception):
                raise end
        await self._manager.apply_config(self._config(self._sites))

    async def _reload(self) -> None:
        """Drop a gateway from the configuration now and then, and take it back."""
        while True:
            await asyncio.sleep(_RELOAD)
            dropped = self._rng.choice(self._sites)
            others = [each for each in self._sites if each != dropped]
            await self._manager.apply_config(self._config(others))
            await asyncio.sleep(2 * CADENCE)
            await self._manager.apply_config(self._config(self._sites))
            self._result.reloads += 1

    def _config(self, those: list[SimulatedSite]) -> Config:
        return Config.model_validate(
            {"gateways": [each.config for each in those], "state_dir": self._folder}
        )

    async def _measure(self) -> None:
        """Wait until all is well and nothing is under way, then look."""
        began = self._loop.time()
        while down := self._down():
            waited = self._loop.time() - began
            assert waited < _WELL, f"{waited / HOUR:.1f} h after all faults: {down}"
            await asyncio.sleep(_GLANCE)
        well_after = self._loop.time() - began
        least = standing()
        until = self._loop.time() + _CALM
        while self._loop.time() < until:
            await asyncio.sleep(_GLANCE)
            least = min(least, standing())
        for each in self._sites:
            self._result.requests += len(each.running.requests)
            each.forget()
        # Where something leaks, there is no such moment any more.
        until += _CALM
        while standing() > least and self._loop.time() < until:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(_GLANCE)
        measurement = Measurement.take(self._loop.time())
        self._result.measurements.append(measurement)
        self._result.well_after.append(well_after)
        self._tell(measurement, well_after)

    def _down(self) -> list[str]:
        """Return what is not up."""
        lines = self._manager.exposition.with_timestamps(0).decode().splitlines()
        ups = [line.split()[:2] for line in lines if line.startswith(_UPS)]
        missing = {each.name for each in self._sites}
        for series, _ in ups:
            missing -= {each.name for each in self._sites if f'"{each.name}"' in series}
        down = [series for series, value in ups if float(value) != 1]
        return [*missing, *(series for series in down if not series.endswith(_ONCE_A_NIGHT))]


_UPS = ("enphase_up{", "enphase_collector_up{")
#: what failed last night is tried again in the next one
_ONCE_A_NIGHT = tuple(f'collector="{name}"}}' for name in topology.OPT_IN)


@contextmanager
def _sweeping() -> Iterator[None]:
    """Check deadlines seldom, as every check is a leap in time."""
    name = "_EXPIRY_INTERVAL"
    before = getattr(listener, name)
    setattr(listener, name, _SWEEP)
    try:
        yield
    finally:
        setattr(listener, name, before)
