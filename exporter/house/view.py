"""All that is known of a site at one moment, whichever collector it comes from."""

from collections.abc import Iterable
from typing import Any

from exporter.snapshot import HOUSE, SELF, Reading, Snapshot

#: names of CTs by what they measure
PRODUCTION, NET, TOTAL, STORAGE = (
    "production",
    "net-consumption",
    "total-consumption",
    "storage",
)
#: kinds of expected hardware that charge and discharge
_BATTERY_KINDS = frozenset({"battery", "acb"})
#: kinds of expected hardware that sit between the house and the grid
_CONTROLLER_KINDS = frozenset({"controller", "collar", "combiner"})


def measures_grid(expected: Iterable[tuple[str, str]]) -> bool:
    """Return whether something at a site measures what grid and house draw, by what it has."""
    return any(
        kind in _CONTROLLER_KINDS or (kind == "meter" and role not in (PRODUCTION, STORAGE))
        for kind, role in expected
    )


class HouseView:
    """All fresh members of a snapshot, with the reading of each."""

    def __init__(self, snapshot: Snapshot, now: float) -> None:
        self._members: dict[str, tuple[Any, Reading]] = {}
        self.expires = float("inf")
        #: when the newest member that was used was read
        self.newest = 0.0
        #: whether this site has batteries, though nothing of them may be known now
        self.has_batteries = False
        #: whether anything of this site measures what the grid and the house draw
        self.measures_grid = True
        own = snapshot.readings.get(SELF)
        if own is not None and "expected" in own.data:
            expected = own.data["expected"]
            self.has_batteries = any(kind in _BATTERY_KINDS for kind, _ in expected)
            self.measures_grid = measures_grid(expected)
        for collector in snapshot.readings:
            if collector in (SELF, HOUSE):
                continue
            reading = snapshot.fresh(collector, now)
            if reading is not None:
                for name, value in reading.data.items():
                    self._members[name] = value, reading

    def get(self, member: str) -> Any:
        """Return a member, or None."""
        entry = self._members.get(member)
        if entry is None:
            return None
        value, reading = entry
        expires = reading.member_expires.get(member, reading.expires)
        self.expires = min(self.expires, expires)
        self.newest = max(self.newest, reading.read_at)
        return value

    def read_at(self, member: str) -> float:
        """Return when a member was read, in epoch seconds."""
        entry = self._members.get(member)
        return entry[1].read_at if entry else float("-inf")

    def joules(self, *path: str) -> float | None:
        """Return a guarded energy."""
        entry = self._members.get(path[0])
        return entry[1].counters.get(path) if entry else None

    def registers(self, *paths: tuple[str, ...]) -> dict[str, float]:
        """Return the guarded energies of these paths, those that are known, by name."""
        return {
            "/".join(path): joules for path in paths if (joules := self.joules(*path)) is not None
        }
