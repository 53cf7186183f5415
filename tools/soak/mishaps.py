"""Everything that goes wrong in a soak, as one table, and who lets it go wrong.

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
from tools.soak.neighbours import Neighbour

if TYPE_CHECKING:
    from tests.faults.patient import Patient

#: ends what was begun
End = Callable[[], None]
#: seconds: a mishap is over soon or lasts for hours; in between there is quiet for a while
_SHORTEST, _LONGEST = 30.0, 3 * 3600.0
_QUIET = 1200.0
#: seconds for which a gateway that has started again answers with zeros
_ZEROS = 120.0
_MODES: tuple[CloudMode, ...] = (
    *("mfa", "wrong password", "not registered", "slow"),
    *("html", "error", "cut off", "down"),
)


@dataclass(frozen=True)
class Mishap:
    """Something that goes wrong; beginning it returns what ends it."""

    name: str
    begin: Callable[[Neighbour, Random], End]
    #: how often it happens, compared with others
    weight: float = 1.0


def _fault(row: Row, neighbour: Neighbour, rng: Random) -> End:
    if row.switch is not None:
        # A switch turns what a neighbour has as well: its server, its name, its clocks.
        patient = cast("Patient", neighbour)
        row.switch(patient, True)
        return partial(row.switch, patient, False)
    assert row.fault is not None
    faults = neighbour.running.faults
    possible = [target for target in neighbour.targets if row.can(target)]
    chosen = rng.sample(possible, min(len(possible), rng.randint(1, 4)))
    faults.update({target: row.fault() for target in chosen})

    def end() -> None:
        for target in chosen:
            faults.pop(target, None)

    return end


def _power_cut(neighbour: Neighbour, rng: Random) -> End:
    neighbour.set({"grid.up": False})
    return partial(neighbour.set, {"grid.up": True})


def _restart(neighbour: Neighbour, rng: Random) -> End:
    neighbour.running.up = False
    neighbour.running.login.forget()

    def end() -> None:
        neighbour.running.up = True
        neighbour.set({"gateway.zeros": True})
        neighbour.set({"gateway.zeros": False}, after=_ZEROS)

    return end


def _upgrade(neighbour: Neighbour, rng: Random) -> End:
    end = _restart(neighbour, rng)
    major, minor, patch = neighbour.running.gateway.firmware.split(".")
    neighbour.set({"gateway.firmware": f"{major}.{minor}.{int(patch) + 1}"})
    return end


def _replacement(neighbour: Neighbour, rng: Random) -> End:
    end = _restart(neighbour, rng)
    neighbour.house.replace_gateway(str(int(neighbour.running.gateway.serial) + 1000))

    def install() -> None:
        end()
        neighbour.new_token()

    return install


def _revoked(neighbour: Neighbour, rng: Random) -> End:
    neighbour.revoke()
    return neighbour.new_token


def _new_token(neighbour: Neighbour, rng: Random) -> End:
    neighbour.new_token()
    return lambda: None


def _refused(neighbour: Neighbour, rng: Random) -> End:
    login = neighbour.running.login
    login.refuse = True
    return partial(setattr, login, "refuse", False)


def _silent_battery(neighbour: Neighbour, rng: Random) -> End:
    if not neighbour.house.site.batteries:
        return lambda: None
    lever = rng.choice(("listed", "communicating"))
    neighbour.set({f"battery.1.{lever}": False})
    return partial(neighbour.set, {f"battery.1.{lever}": True})


def _cloud(neighbour: Neighbour, rng: Random) -> End:
    cloud = neighbour.cloud
    cloud.mode = rng.choice(_MODES)

    def end() -> None:
        cloud.mode = "ok"

    return end


MISHAPS: tuple[Mishap, ...] = (
    *(Mishap(row.name, partial(_fault, row)) for row in ROWS),
    Mishap("power cut", _power_cut, 3),
    Mishap("gateway restart", _restart, 3),
    Mishap("firmware upgrade", _upgrade, 0.5),
    Mishap("gateway replaced", _replacement, 0.2),
    Mishap("token revoked", _revoked, 0.5),
    Mishap("token replaced", _new_token, 2),
    Mishap("login refused", _refused),
    Mishap("battery gone", _silent_battery),
    Mishap("cloud outage", _cloud, 3),
)


class Weather:
    """Lets things go wrong at a neighbour, one after the other and sometimes two at once."""

    def __init__(self, neighbour: Neighbour, rng: Random) -> None:
        self.counts: Counter[str] = Counter()
        self._neighbour = neighbour
        self._rng = rng
        #: what has to be ended
        self._ends: list[End] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def all_kinds(self, seconds: float) -> None:
        """Let everything that there is happen once, each for so many seconds."""
        for mishap in MISHAPS:
            await self._happen(mishap, seconds)

    def begin(self) -> None:
        """Let things go wrong from now on, until `end`."""
        self._tasks = [asyncio.create_task(self._go_on()) for _ in range(2)]

    async def end(self) -> None:
        """Let all be well again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _go_on(self) -> None:
        weights = [mishap.weight for mishap in MISHAPS]
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _QUIET))
            (mishap,) = self._rng.choices(MISHAPS, weights)
            lasts = _SHORTEST * (_LONGEST / _SHORTEST) ** self._rng.random()
            await self._happen(mishap, lasts)

    async def _happen(self, mishap: Mishap, seconds: float) -> None:
        self.counts[mishap.name] += 1
        end = mishap.begin(self._neighbour, self._rng)
        try:
            await asyncio.sleep(seconds)
        finally:
            end()
