"""What the collectors of one gateway share: connection, memory, discovery, clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from pyenphase.models.envoy import EnvoyData

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import GatewayError
from exporter.gateway.counters import CounterGuard
from exporter.gateway.members import StoragePower
from exporter.gateway.memory import Memory
from exporter.gateway.probe import Discovery
from exporter.gateway.session import Session
from exporter.gateway.wire import Wire


@dataclass
class Site:
    """What collectors work on: one gateway, what was found there and what is remembered of it."""

    config: Gateway
    session: Session
    wire: Wire
    memory: Memory
    guard: CounterGuard
    clock: Clock
    discovery: Discovery
    #: last known power of the ACBs in W, which the battery power needs to be complete
    acb_watts: float | None = None

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
        return orjson.loads((await self.session.request(endpoint)).body)

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
        return self.clock.time() + (self.wire.clock_skew or 0.0)

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
