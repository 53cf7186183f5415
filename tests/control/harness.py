"""A house that lives, its gateway on the network, and an owner who commands it, in virtual time."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.gateway.control import CONTROLS, Operator, Order, Outcome, Plan
from exporter.gateway.control.audit_log import NAME
from exporter.simulator.answers import Answer
from exporter.simulator.faults import Fault
from exporter.simulator.homes import SITES
from exporter.simulator.homes.devices import acb_serial
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import House
from exporter.simulator.physics.weather import always
from exporter.simulator.server import RunningGateway, serve

ACB = acb_serial(1)


@dataclass(frozen=True)
class Case:
    """A command that changes something, where it does."""

    row: str
    home: str
    args: Mapping[str, Any] = field(default_factory=dict)
    #: how the house is before
    levers: Mapping[str, Any] = field(default_factory=dict)
    #: what a lever of the house is afterwards
    moved: tuple[str, Any] = ("", None)

    def __str__(self) -> str:
        """Name the test."""
        return self.row


CASES = (
    Case("grid off", "battery-home", moved=("switch.commanded", "open")),
    Case(
        "grid on",
        "battery-home",
        levers={"switch.commanded": "open"},
        moved=("switch.commanded", "closed"),
    ),
    Case("contact open", "battery-home", {"id": "NC1"}, moved=("contact.NC1.command", "open")),
    Case(
        "contact close",
        "battery-home",
        {"id": "NC2"},
        {"contact.NC2.command": "open"},
        ("contact.NC2.command", "closed"),
    ),
    Case(
        "contact set",
        "battery-home",
        {"id": "NC1", "load_name": "Sauna", "soc_low": 40.0, "generator_action": "none"},
        moved=("contact.NC1.soc_low", 40.0),
    ),
    Case("storage mode", "battery-home", {"mode": "backup"}, moved=("storage.mode", "backup")),
    Case("storage reserve", "battery-home", {"reserve": 80}, moved=("storage.reserve", 0.8)),
    Case(
        "storage charge-from-grid",
        "battery-home",
        {"on": True},
        moved=("storage.charge_from_grid", True),
    ),
    Case(
        "acb sleep",
        "acb",
        {"serials": (ACB,), "sleep_min_soc": 40, "sleep_max_soc": 60},
        {"acb.2.soc": 0.5},
        ("acb.2.asleep_wanted", True),
    ),
    Case(
        "acb wake",
        "acb",
        {"serials": (ACB,)},
        {"acb.2.soc": 0.5, "acb.2.asleep_wanted": True},
        ("acb.2.asleep_wanted", False),
    ),
    Case(
        "generator mode",
        "generator",
        {"mode": "auto"},
        {"generator.mode": "off"},
        ("generator.mode", "auto"),
    ),
    Case(
        "generator schedule",
        "generator",
        {"default_start_soc": 35, "default_stop_soc": 75, "exercise_day": "Sun"},
        moved=("generator.start_soc", 35),
    ),
    Case("generator charge", "generator", {"on": False}, moved=("generator.charges", False)),
)


class Timed(LiveGateway):
    """A gateway that notes when it was asked."""

    def __init__(self, house: House, clock: VirtualClock) -> None:
        super().__init__(house, lambda: house.at(clock.time()))
        self._clock = clock
        #: monotonic times
        self.asked: list[float] = []

    def answer(self, target: str) -> Answer | None:
        """See `Gateway.answer`."""
        self.asked.append(self._clock.monotonic())
        return super().answer(target)


@dataclass
class Commanding:
    """An owner at the command line, and the house."""

    house: House
    gateway: Timed
    running: RunningGateway
    operator: Operator
    clock: VirtualClock
    directory: Path

    async def plan(self, row: str, args: Mapping[str, Any]) -> Plan:
        """Plan a command."""
        return await self.operator.plan(Order(CONTROLS[row], args))

    async def perform(self, row: str, args: Mapping[str, Any], **how: Any) -> Outcome:
        """Plan and perform it."""
        return await self.operator.perform(await self.plan(row, args), **how)

    def lever(self, address: str) -> Any:
        """Return what is so in the house now."""
        self.house.at(self.clock.time())
        return self.house.get(address)

    def fault(self, plan: Plan, fault: Fault) -> None:
        """Let something go wrong when what is planned is sent."""
        (request,) = plan.requests
        self.running.faults[f"{request.method} {request.endpoint}"] = fault

    def writes(self) -> list[str]:
        """Return the requests that were not GETs."""
        return [
            f"{request.method} {request.target}"
            for request in self.running.requests
            if request.method != "GET"
        ]

    def journal(self) -> list[dict[str, Any]]:
        """Return what is recorded."""
        return journal(self.directory)


def journal(directory: Path) -> list[dict[str, Any]]:
    """Return what is recorded in a state directory."""
    path = directory / NAME
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@asynccontextmanager
async def commanding(
    home: str,
    directory: Path,
    clock: VirtualClock,
    levers: Mapping[str, Any] | None = None,
    **config: Any,
) -> AsyncIterator[Commanding]:
    """Serve a living house with these levers, and log its owner in."""
    it = House(SITES[home], seed=1, start=clock.time(), weather=always("clear"), past_days=0)
    if levers:
        it.set_all(dict(levers))
    # until everything has been reported as it is
    await clock.sleep(1800)
    gateway = Timed(it, clock)
    async with serve(gateway, now=clock.time) as running:
        given = {"host": running.host, "name": "home", **config}
        if gateway.uses_tls:
            given.setdefault("token", running.token)
        async with Operator(GatewayConfig(**given), directory, clock) as operator:
            yield Commanding(it, gateway, running, operator, clock, directory)


@contextmanager
def nothing_written(owner: Commanding) -> Iterator[None]:
    """Check that what is done in here tells the gateway nothing, and records nothing."""
    yield
    assert owner.writes() == []
    assert owner.journal() == []
