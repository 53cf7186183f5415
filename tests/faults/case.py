"""One gateway with one fault at one moment, polled by the exporter, in virtual time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from exporter.config import Gateway as GatewayConfig
from exporter.exposition import Exposition
from exporter.gateway.assembly import Answer
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import CHECK_JWT, INFO
from exporter.gateway.poller import Poller
from exporter.house import HouseDeriver
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State
from tests.faults.gateways import growing
from tests.faults.table import Effect, Moment, Row
from tests.virtual_loop import LoopClock, VirtualLoop

#: a summer noon
START = 1_782_000_000.0
#: seconds between two looks at what is served
STEP = 15.0
#: how long a fault of a whole gateway lasts that lasts one cycle
CYCLE = 15.0
#: the name by which every gateway is configured, so that their series can be compared
NAME = "home"

#: value by series, as they stand on `/metrics`
Samples = dict[str, float]


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix; an endpoint of None is the whole gateway."""

    row: Row
    moment: Moment
    home: str
    endpoint: str | None

    def __str__(self) -> str:
        where = self.endpoint or "the gateway"
        return f"{self.row.name} {self.moment.name}, {self.home} {where}"

    @property
    def effect(self) -> Effect:
        """What the fault may do here: a login that was let in needs no answer to its renewal."""
        if self.endpoint == CHECK_JWT and (self.moment.begins > 0 or self._lets_in):
            return Effect.HARMLESS
        return self.row.effect

    @property
    def _lets_in(self) -> bool:
        """Whether the answer has status 200, which is all that a token check shows."""
        status_200 = {"HTML login page", "empty", "truncated", "garbage", "a byte per second"}
        return self.row.name in status_200

    @property
    def collector(self) -> str:
        """The collector that polls the endpoint; the login is the gateway's."""
        endpoint = ENDPOINTS.get(self.endpoint or "")
        return endpoint.collector if endpoint else "gateway"

    @property
    def whole(self) -> bool:
        """Whether nothing at all can be read, and not only one endpoint."""
        if self.effect is not Effect.FAILS:
            return False
        at_login = self.endpoint in (INFO, CHECK_JWT) and self.moment.begins == 0
        return self.endpoint is None or at_login


@dataclass
class GatewayCase:
    """A gateway that is served and watched."""

    loop: VirtualLoop
    clock: LoopClock
    running: RunningGateway
    poller: Poller
    exposition: Exposition
    cell: Cell | None
    task: asyncio.Task[None] | None = None
    #: what was served at the last looks, with loop time
    seen: deque[tuple[float, Samples]] = field(default_factory=lambda: deque(maxlen=200))
    #: loop time at which the fault began and ended
    began: float | None = None
    ended: float | None = None
    gateway_ahead: float = 0.0
    #: what did not hold, each once
    broken: dict[str, str] = field(default_factory=dict)
    #: seconds from the end of the fault until all was well
    recovered: float | None = None
    #: state of invariants between two looks
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """Loop time, which is the time the exporter has been running."""
        return self.loop.time()

    @property
    def samples(self) -> Samples:
        """What was served at the last look."""
        return self.seen[-1][1] if self.seen else {}

    @property
    def faulty(self) -> bool:
        """Whether the fault is there now."""
        return self.began is not None and self.ended is None

    def look(self) -> None:
        """Note what is served now."""
        self.seen.append((self.now, read(self.exposition)))

    def at(self, when: float) -> Samples:
        """Return what was served at the last look before a time, or at the first look of all."""
        samples = next((s for t, s in reversed(self.seen) if t <= when), None)
        return self.seen[0][1] if samples is None else samples

    @property
    def answers(self) -> Mapping[str, Answer]:
        """The last answers of the gateway as the exporter keeps them, by path."""
        return self.poller._parts.assembler.answers

    def begin(self) -> None:
        """Start the exporter, and the fault if it is there from the start."""
        if self.cell is not None and self.cell.moment.begins == 0:
            self._switch(self.cell, on=True)
        self.task = asyncio.create_task(self.poller.run())

    def set_resolvable(self, resolvable: bool) -> None:
        """Let DNS know the gateway's name, or not."""
        name = self.running.host.replace("127.0.0.1", "x").replace(":", "-") + ".test"
        if resolvable:
            self.loop.names[name] = "127.0.0.1"
        else:
            self.loop.names.pop(name, None)

    async def run_fault(self) -> None:
        """Run the fault of the cell."""
        cell = self.cell
        assert cell is not None
        await self.clock.sleep(cell.moment.begins - self.now)
        if self.began is None:
            self._switch(cell, on=True)
        if cell.moment.lasts is not None:
            await self.clock.sleep(cell.moment.lasts)
        elif cell.endpoint is None:
            await self.clock.sleep(CYCLE)
        else:
            while cell.endpoint in self.running.faults and self.now < cell.moment.begins + 700:
                await self.clock.sleep(1.0)
        self._switch(cell, on=False)

    def _switch(self, cell: Cell, *, on: bool) -> None:
        if cell.row.switch is not None:
            cell.row.switch(self, on)
        elif cell.row.fault is not None and cell.endpoint is not None:
            if on:
                times = 1 if cell.moment.lasts is None else None
                self.running.faults[cell.endpoint] = replace(cell.row.fault(), times=times)
            else:
                self.running.faults.pop(cell.endpoint, None)
        if on:
            self.began = self.now
        else:
            self.ended = self.now


def read(exposition: Exposition) -> Samples:
    """Return the samples that are served, by their series."""
    samples: Samples = {}
    for line in exposition.with_timestamps(0).decode().splitlines():
        series, value, _ = line.rsplit(" ", 2)
        assert series not in samples, f"{series} stands twice"
        samples[series] = float(value)
    return samples


@asynccontextmanager
async def open_cases(
    loop: VirtualLoop, cells: list[Cell], homes: list[str], folder: Path
) -> AsyncIterator[tuple[list[GatewayCase], dict[str, GatewayCase]]]:
    """Serve and watch a gateway for each cell, and a healthy twin for each of their homes."""
    async with AsyncExitStack() as stack:
        twins = {
            home: await _start(stack, loop, None, home, folder / f"twin-{home}") for home in homes
        }
        cases = [
            await _start(stack, loop, cell, cell.home, folder / str(number))
            for number, cell in enumerate(cells)
        ]
        for case in (*twins.values(), *cases):
            case.begin()
        yield cases, twins


async def _start(
    stack: AsyncExitStack, loop: VirtualLoop, cell: Cell | None, home: str, state: Path
) -> GatewayCase:
    clock, true = LoopClock(loop, START), LoopClock(loop, START)
    started: list[GatewayCase] = []

    def gateway_time() -> float:
        return true.time() + (started[0].gateway_ahead if started else 0.0)

    gateway = growing(home, gateway_time, true.monotonic)
    running = await stack.enter_async_context(serve(gateway, now=true.time))
    host = running.host
    if cell is not None and cell.row.name == "DNS gone":
        host = f"{host.replace('127.0.0.1', 'x').replace(':', '-')}.test:{host.rpartition(':')[2]}"
    config: dict[str, Any] = {"host": host, "name": NAME}
    if gateway.uses_tls:
        config["token"] = running.token
    exposition = Exposition(clock)
    poller = Poller(
        GatewayConfig(**config), State(state, NAME), clock, exposition.update, derive=HouseDeriver()
    )
    case = GatewayCase(loop, clock, running, poller, exposition, cell)
    started.append(case)
    case.set_resolvable(True)
    stack.push_async_callback(_stop, case)
    return case


async def _stop(case: GatewayCase) -> None:
    if case.task is not None:
        case.task.cancel()
        await asyncio.gather(case.task, return_exceptions=True)


#: collectors that the power flows of the house are derived from
HOUSE_SOURCES = frozenset(
    {"ensemble", "meters", "production", "inverters", "battery_power", "generator", "livedata"}
)
#: deadlines of the collectors, in seconds
DEADLINES = {
    collector: max(e.deadline for e in ENDPOINTS.values() if e.collector == collector)
    for collector in {e.collector for e in ENDPOINTS.values()}
} | {"gateway": 60.0, "acb": 60.0}
