"""All faults of a soak as one table, and their injector.

The faults of the wire are those of the fault matrix. What else happens to a house in years happens
here in days: outages, restarts, upgrades, another gateway, tokens that are taken back.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, cast

from exporter.simulator.cloud import CloudMode
from tests.faults.table import ROWS, Row
from tools.soak.simulated_site import SimulatedSite

if TYPE_CHECKING:
    from tests.faults.case import GatewayCase

#: ends what was begun
End = Callable[[], None]
#: seconds: a fault is over soon or lasts for hours; in between there is quiet for a while
_SHORTEST, _LONGEST = 30.0, 3 * 3600.0
_QUIET = 1200.0
#: seconds for which a gateway that has started again answers with zeros
_ZEROS = 120.0
_MODES: tuple[CloudMode, ...] = (
    *("mfa", "wrong password", "not registered", "slow"),
    *("html", "error", "cut off", "down"),
)


@dataclass(frozen=True)
class ScheduledFault:
    """Something that goes wrong; beginning it returns what ends it."""

    name: str
    begin: Callable[[SimulatedSite, Random], End]
    #: how often it happens, compared with others
    weight: float = 1.0


def _fault(row: Row, site: SimulatedSite, rng: Random) -> End:
    if row.switch is not None:
        # A switch turns what a site has as well: its server, its name, its clocks.
        case = cast("GatewayCase", site)
        row.switch(case, True)
        return partial(row.switch, case, False)
    assert row.fault is not None
    faults = site.running.faults
    possible = [target for target in site.targets if row.can(target)]
    chosen = rng.sample(possible, min(len(possible), rng.randint(1, 4)))
    faults.update({target: row.fault() for target in chosen})

    def end() -> None:
        for target in chosen:
            faults.pop(target, None)

    return end


def _power_cut(site: SimulatedSite, rng: Random) -> End:
    site.set({"grid.up": False})
    return partial(site.set, {"grid.up": True})


def _restart(site: SimulatedSite, rng: Random) -> End:
    site.running.up = False
    site.running.login.forget()

    def end() -> None:
        site.running.up = True
        site.set({"gateway.zeros": True})
        site.set({"gateway.zeros": False}, after=_ZEROS)

    return end


def _upgrade(site: SimulatedSite, rng: Random) -> End:
    end = _restart(site, rng)
    major, minor, patch = site.running.gateway.firmware.split(".")
    site.set({"gateway.firmware": f"{major}.{minor}.{int(patch) + 1}"})
    return end


def _replacement(site: SimulatedSite, rng: Random) -> End:
    end = _restart(site, rng)
    site.house.replace_gateway(str(int(site.running.gateway.serial) + 1000))

    def install() -> None:
        end()
        site.accept_gateway()
        site.new_token()

    return install


def _revoked(site: SimulatedSite, rng: Random) -> End:
    site.revoke()
    return site.new_token


def _new_token(site: SimulatedSite, rng: Random) -> End:
    site.new_token()
    return lambda: None


def _refused(site: SimulatedSite, rng: Random) -> End:
    login = site.running.login
    login.refuse = True
    return partial(setattr, login, "refuse", False)


def _silent_battery(site: SimulatedSite, rng: Random) -> End:
    if not site.house.site.batteries:
        return lambda: None
    lever = rng.choice(("listed", "communicating"))
    site.set({f"battery.1.{lever}": False})
    return partial(site.set, {f"battery.1.{lever}": True})


def _cloud(site: SimulatedSite, rng: Random) -> End:
    cloud = site.cloud
    cloud.mode = rng.choice(_MODES)

    def end() -> None:
        cloud.mode = "ok"

    return end


FAULTS: tuple[ScheduledFault, ...] = (
    *(ScheduledFault(row.name, partial(_fault, row)) for row in ROWS),
    ScheduledFault("power cut", _power_cut, 3),
    ScheduledFault("gateway restart", _restart, 3),
    ScheduledFault("firmware upgrade", _upgrade, 0.5),
    ScheduledFault("gateway replaced", _replacement, 0.2),
    ScheduledFault("token revoked", _revoked, 0.5),
    ScheduledFault("token replaced", _new_token, 2),
    ScheduledFault("login refused", _refused),
    ScheduledFault("battery gone", _silent_battery),
    ScheduledFault("cloud outage", _cloud, 3),
)


class FaultInjector:
    """Injects faults at a site, one after the other and sometimes two at once."""

    def __init__(self, site: SimulatedSite, rng: Random) -> None:
        self.counts: Counter[str] = Counter()
        self._site = site
        self._rng = rng
        #: what has to be ended
        self._ends: list[End] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def all_kinds(self, seconds: float) -> None:
        """Let every fault happen once, each for so many seconds."""
        for fault in FAULTS:
            await self._happen(fault, seconds)

    def begin(self) -> None:
        """Inject faults from now on, until `end`."""
        self._tasks = [asyncio.create_task(self._go_on()) for _ in range(2)]

    async def end(self) -> None:
        """End all faults."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _go_on(self) -> None:
        weights = [fault.weight for fault in FAULTS]
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _QUIET))
            (fault,) = self._rng.choices(FAULTS, weights)
            lasts = _SHORTEST * (_LONGEST / _SHORTEST) ** self._rng.random()
            await self._happen(fault, lasts)

    async def _happen(self, fault: ScheduledFault, seconds: float) -> None:
        self.counts[fault.name] += 1
        end = fault.begin(self._site, self._rng)
        try:
            await asyncio.sleep(seconds)
        finally:
            end()
