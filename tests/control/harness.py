"""A house that lives, its gateway on the network, and an owner who commands it, in virtual time."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.gateway.control import (
    COMMANDS,
    CommandCall,
    CommandPlan,
    CommandResult,
    CommandRunner,
)
from exporter.gateway.production_wish import COMMAND_LOG
from exporter.simulator.faults import Fault
from exporter.simulator.gateway import HttpResponse
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.device_states import acb_serial
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import constant_sky
from exporter.simulator.server import RunningGateway, serve

ACB = acb_serial(1)


@dataclass(frozen=True)
class CommandCase:
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
    CommandCase("grid off", "battery-home", moved=("switch.commanded", "open")),
    CommandCase(
        "grid on",
        "battery-home",
        levers={"switch.commanded": "open"},
        moved=("switch.commanded", "closed"),
    ),
    CommandCase(
        "contact open", "battery-home", {"id": "NC1"}, moved=("contact.NC1.command", "open")
    ),
    CommandCase(
        "contact close",
        "battery-home",
        {"id": "NC2"},
        {"contact.NC2.command": "open"},
        ("contact.NC2.command", "closed"),
    ),
    CommandCase(
        "contact set",
        "battery-home",
        {"id": "NC1", "load_name": "Sauna", "soc_low": 40.0, "generator_action": "none"},
        moved=("contact.NC1.soc_low", 40.0),
    ),
    CommandCase(
        "storage mode", "battery-home", {"mode": "backup"}, moved=("storage.mode", "backup")
    ),
    CommandCase("storage reserve", "battery-home", {"reserve": 80}, moved=("storage.reserve", 0.8)),
    CommandCase(
        "storage charge-from-grid",
        "battery-home",
        {"on": True},
        moved=("storage.charge_from_grid", True),
    ),
    CommandCase(
        "acb sleep",
        "acb",
        {"serials": (ACB,), "sleep_min_soc": 40, "sleep_max_soc": 60},
        {"acb.2.soc": 0.5},
        ("acb.2.sleep_requested", True),
    ),
    CommandCase(
        "acb wake",
        "acb",
        {"serials": (ACB,)},
        {"acb.2.soc": 0.5, "acb.2.sleep_requested": True},
        ("acb.2.sleep_requested", False),
    ),
    CommandCase(
        "generator mode",
        "generator",
        {"mode": "auto"},
        {"generator.mode": "off"},
        ("generator.mode", "auto"),
    ),
    CommandCase(
        "generator schedule",
        "generator",
        {"default_start_soc": 35, "default_stop_soc": 75, "exercise_day": "Sun"},
        moved=("generator.start_soc", 35),
    ),
    CommandCase("generator charge", "generator", {"on": False}, moved=("generator.charges", False)),
    CommandCase("production off", "battery-home", moved=("limit.production_off", True)),
    CommandCase(
        "production on",
        "battery-home",
        levers={"limit.production_off": True},
        moved=("limit.production_off", False),
    ),
    CommandCase(
        "export limit",
        "battery-home",
        {"watts": 2500},
        {"limit.dynamic_export_watts": 9000.0},
        ("limit.dynamic_export_watts", 2500.0),
    ),
    CommandCase(
        "export unlimited",
        "battery-home",
        {"watts": None},
        {"limit.dynamic_export_watts": 9000.0},
        ("limit.dynamic_export_watts", None),
    ),
    CommandCase("live stream", "battery-home", {"on": True}, moved=("live.on", True)),
)


class TimedGateway(LiveGateway):
    """A gateway that records the times of its requests."""

    def __init__(self, house: HomeSimulation, clock: VirtualClock) -> None:
        super().__init__(house, lambda: house.at(clock.time()))
        self._clock = clock
        #: monotonic times
        self.asked: list[float] = []

    def answer(self, target: str) -> HttpResponse | None:
        """See `Gateway.answer`."""
        self.asked.append(self._clock.monotonic())
        return super().answer(target)


@dataclass
class ControlHarness:
    """An owner at the command line, and the house."""

    house: HomeSimulation
    gateway: TimedGateway
    running: RunningGateway
    command_runner: CommandRunner
    clock: VirtualClock
    directory: Path
    config: GatewayConfig

    @property
    def owner_token(self) -> SecretStr:
        """A token of the owner, who may do less than an installer."""
        return SecretStr(self.running.token)

    def call(self, row: str, args: Mapping[str, Any]) -> CommandCall:
        """Return a command with these arguments."""
        return CommandCall(COMMANDS[row], args)

    async def plan(self, row: str, args: Mapping[str, Any]) -> CommandPlan:
        """Plan a command."""
        return await self.command_runner.plan(CommandCall(COMMANDS[row], args))

    async def perform(self, row: str, args: Mapping[str, Any], **how: Any) -> CommandResult:
        """Plan a command and perform it."""
        return await self.command_runner.perform(await self.plan(row, args), **how)

    def lever(self, address: str) -> Any:
        """Return the present value of a lever."""
        self.house.at(self.clock.time())
        return self.house.get(address)

    def fault(self, plan: CommandPlan, fault: Fault) -> None:
        """Inject a fault into the requests of the planned command."""
        (request,) = plan.requests
        self.running.faults[f"{request.method} {request.endpoint}"] = fault

    def writes(self) -> list[str]:
        """Return the requests that were not GETs."""
        return [
            f"{request.method} {request.target}"
            for request in self.running.requests
            if request.method != "GET"
        ]

    def read_audit_log(self) -> list[dict[str, Any]]:
        """Return what is recorded."""
        return read_audit_log(self.directory)


def read_audit_log(directory: Path) -> list[dict[str, Any]]:
    """Return what is recorded in a state directory."""
    path = directory / COMMAND_LOG
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@asynccontextmanager
async def control_harness(
    home: str,
    directory: Path,
    clock: VirtualClock,
    levers: Mapping[str, Any] | None = None,
    **config: Any,
) -> AsyncIterator[ControlHarness]:
    """Serve a living house with these levers, and log its owner in."""
    it = HomeSimulation(
        SAMPLE_HOMES[home], seed=1, start=clock.time(), weather=constant_sky("clear"), past_days=0
    )
    if levers:
        it.set_all(dict(levers))
    # until everything has been reported as it is
    await clock.sleep(1800)
    gateway = TimedGateway(it, clock)
    async with serve(gateway, now=clock.time) as running:
        given = {"host": running.host, "name": "home", **config}
        if gateway.uses_tls:
            given.setdefault("token", running.issue("installer"))
        gateway_config = GatewayConfig(**given)
        async with CommandRunner(gateway_config, directory, clock) as command_runner:
            yield ControlHarness(
                it, gateway, running, command_runner, clock, directory, gateway_config
            )


@contextmanager
def nothing_written(owner: ControlHarness) -> Iterator[None]:
    """Check that nothing is sent to the gateway, and nothing is recorded."""
    yield
    assert owner.writes() == []
    assert owner.read_audit_log() == []
