"""What the collectors of one gateway share: connection, memory, discovery, clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import is_
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pyenphase.models.envoy import EnvoyData

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import GatewayError
from exporter.gateway.client import GatewayClient
from exporter.gateway.counters import CounterGuard
from exporter.gateway.models import StoragePower
from exporter.gateway.probe import Discovery
from exporter.gateway.state_model import GatewayState

T = TypeVar("T")


@dataclass
class Site:
    """What collectors work on: one gateway, what was found there and what is remembered of it."""

    config: Gateway
    session: GatewayClient
    memory: GatewayState
    guard: CounterGuard
    clock: Clock
    discovery: Discovery
    #: last known power of the ACBs in W, which the battery power needs to be complete
    acb_watts: float | None = None
    #: what was last made, and of what, by the function that did
    _made: dict[Callable[..., Any], tuple[tuple[Any, ...], Any]] = field(default_factory=dict)

    def collectors_seen(self) -> set[str]:
        """Return the collectors that the devices in the ensemble inventory call for."""
        seen = set()
        if "ENCHARGE" in self.memory.features:
            seen |= {"battery_power", "storage"}
        if "ENPOWER" in self.memory.features:
            seen.add("dry_contacts")
        return seen

    async def json(self, endpoint: str) -> Any:
        """Return the parsed answer of an endpoint."""
        return (await self.session.request(endpoint)).document()

    async def same(self, make: Callable[..., T], *endpoints: str, given: tuple[Any, ...] = ()) -> T:
        """Return what `make` makes of the parsed answers of endpoints and of what is given.

        Most answers say what the one before said, and what was made of that is returned again: it
        must not be changed by anybody.
        """
        answers = [await self.session.request(endpoint) for endpoint in endpoints]
        made_of = (*(answer.body for answer in answers), *given)
        before = self._made.get(make)
        if before and all(map(is_, before[0], made_of)):
            made: T = before[1]
        else:
            made = make(*(answer.document() for answer in answers), *given)
            self._made[make] = made_of, made
        return made

    async def update(self, collector: str) -> EnvoyData:
        """Drive pyenphase's updaters of a collector and return what they filled."""
        data = EnvoyData()
        for updater in self.discovery.updaters.get(collector, ()):
            await updater.update(data)
        return data

    def storage_power(
        self, found: dict[str, Any], watts: float | None
    ) -> dict[tuple[str, ...], float]:
        """Add the power of all batteries to what was found; return the energies it sums up to."""
        if watts is not None:
            found["storage_power"] = StoragePower(watts)
        return self.guard.integrate(("storage_power",), watts)

    def gateway_time(self) -> float:
        """Return the gateway's own clock in epoch seconds."""
        return self.clock.time() + (self.session.clock_skew or 0.0)

    def local_time(self) -> datetime | None:
        """Return the time on the owner's wall, or None when the time zone is not known."""
        name = self.config.timezone or self.memory.timezone
        try:
            return datetime.fromtimestamp(self.clock.time(), ZoneInfo(name)) if name else None
        except (KeyError, ValueError, OSError):
            return None


@dataclass(frozen=True, slots=True)
class Found:
    """Members of a reading, counters that are not judged by the guard, and what is wrong."""

    data: dict[str, Any]
    problems: list[GatewayError] = field(default_factory=list)
    counters: Mapping[tuple[str, ...], float] = field(default_factory=dict)


def members(data: EnvoyData, *names: str) -> dict[str, Any]:
    """Return the members of these names that pyenphase has filled."""
    return {name: value for name in names if (value := getattr(data, name)) not in (None, {})}
