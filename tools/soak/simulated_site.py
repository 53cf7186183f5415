"""The simulated side of a soak: houses that live, their gateways on the network, and the cloud.

Each house is small, so that a month of it is short, and each lets the exporter in another way: by a
token in a file, by an account of the cloud, by the users of old firmware.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyenphase.auth import EnvoyTokenAuth

from exporter.gateway.auth import accept_serial
from exporter.gateway.cadences import CADENCES
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import CHECK_JWT
from exporter.simulator.access import TokenAccessCheck
from exporter.simulator.cloud import SimulatedCloud, serve_cloud
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import RunningGateway, serve
from tests.faults.gateways import small
from tests.virtual_loop import LoopClock, VirtualLoop

DAY = 86400.0
#: how a gateway lets us in, by the home it is in
WAYS: Mapping[str, str] = {"battery-home": "file", "solar-only": "account", "legacy": "users"}
#: seconds between two runs of every collector: a month of a fortieth of the usual requests
CADENCE = 600.0
#: life of the tokens that the cloud gives, in seconds
_LIFETIME = 2 * DAY
_ACCOUNT: Mapping[str, Any] = {"username": "owner@example.invalid", "password": "soaked-in-rain"}


@dataclass
class SimulatedSite:
    """A house, its gateway on the network, and its configuration entry."""

    name: str
    loop: VirtualLoop
    #: the exporter's clock, which a fault may turn
    clock: LoopClock
    running: RunningGateway
    house: HomeSimulation
    cloud: SimulatedCloud
    #: where the token is; None where there is none in a file
    token_file: Path | None
    #: the exporter's
    state_dir: Path

    @property
    def host(self) -> str:
        """The name under which it is configured."""
        return f"{self.name}.test"

    @property
    def config(self) -> dict[str, Any]:
        """Its entry in the list of gateways."""
        entry: dict[str, Any] = {
            "name": self.name,
            "host": f"{self.host}:{self.running.host.rpartition(':')[2]}",
            "cadences": dict.fromkeys(CADENCES, CADENCE),
        }
        if self.token_file is not None:
            entry["token_file"] = self.token_file
        elif self.running.gateway.uses_tls:
            entry |= _ACCOUNT
        return entry

    @property
    def targets(self) -> list[str]:
        """The endpoints that it answers, of those that the exporter reads."""
        gateway = self.running.gateway
        paths = [path for path in ENDPOINTS if gateway.answer(path) is not None]
        return [*paths, CHECK_JWT] if gateway.uses_tls else paths

    @property
    def gateway_ahead(self) -> float:
        """Seconds that the gateway's clock is ahead."""
        return self.running.gateway.clock_offset

    @gateway_ahead.setter
    def gateway_ahead(self, seconds: float) -> None:
        self.set({"gateway.clock_offset": seconds})

    def set_resolvable(self, resolvable: bool) -> None:
        """Let DNS know its name, or not."""
        if resolvable:
            self.loop.names[self.host] = "127.0.0.1"
        else:
            self.loop.names.pop(self.host, None)

    def set(self, levers: Mapping[str, Any], after: float = 0.0) -> None:
        """Move levers of the house, now or some seconds later."""
        self.running.gateway.answer("/info")  # which brings the house to the present
        self.house.plan(self.house.now + after, dict(levers))

    def revoke(self) -> None:
        """Revoke all tokens."""
        login = self.running.login
        if not isinstance(login, TokenAccessCheck):
            return
        if self.token_file is not None:
            login.revoke(self.token_file.read_text().strip())
        for token in self.cloud.tokens:
            login.revoke(token)
        self.cloud.tokens.clear()

    def new_token(self) -> None:
        """Give the owner a new token, where he keeps one in a file."""
        if self.token_file is not None:
            self.token_file.write_text(self.running.issue())

    def accept_gateway(self) -> None:
        """Let the exporter fetch a token for the gateway that is there now, as the owner does."""
        accept_serial(self.state_dir, self.name, self.running.gateway.serial)

    def forget(self) -> None:
        """Drop what only the simulator notes."""
        self.running.requests.clear()


@asynccontextmanager
async def sites(
    loop: VirtualLoop, clock: LoopClock, start: float, folder: Path
) -> AsyncIterator[list[SimulatedSite]]:
    """Serve all of them; `clock` is the exporter's, theirs is always right (`start`: its zero)."""
    true = LoopClock(loop, start)
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(serve_cloud(true.time, **_ACCOUNT))
        cloud.lifetime = _LIFETIME
        stack.enter_context(_use_cloud(cloud))
        lines = []
        for seed, (name, way) in enumerate(WAYS.items()):
            house = HomeSimulation(small(name), seed=seed, start=start)
            gateway = LiveGateway(house, lambda house=house: house.at(true.time()))  # type: ignore[misc]  # a default binds it
            running = await stack.enter_async_context(serve(gateway, now=true.time))
            file = folder / f"{name}.token" if way == "file" else None
            site = SimulatedSite(name, loop, clock, running, house, cloud, file, folder)
            site.set_resolvable(True)
            site.new_token()
            lines.append(site)
        yield lines


@contextmanager
def _use_cloud(cloud: SimulatedCloud) -> Iterator[None]:
    """Make pyenphase use this cloud instead of the real one."""
    before = EnvoyTokenAuth.JSON_LOGIN_URL, EnvoyTokenAuth.TOKEN_URL
    EnvoyTokenAuth.JSON_LOGIN_URL, EnvoyTokenAuth.TOKEN_URL = cloud.login_url, cloud.token_url
    try:
        yield
    finally:
        EnvoyTokenAuth.JSON_LOGIN_URL, EnvoyTokenAuth.TOKEN_URL = before
