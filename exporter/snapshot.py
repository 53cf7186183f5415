"""What is known of a gateway now: the data of each collector, with the time it was read.

A snapshot is never changed, only replaced, so whoever holds one sees a consistent moment. Data has
a best-before time: what is older is not served, because a last value is not a fresh one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

#: pseudo collector whose reading describes the exporter's own work for a gateway; never expires
SELF = "self"
#: pseudo collector whose reading is derived from those of all others
HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of one successful run of a collector.

    `data` maps a member name (of pyenphase's `EnvoyData`, or one of our extras) to its object, dict
    of objects, or dict of dicts. `counters` maps the path of a counter field (member, keys, field)
    to its guarded value in joules. `read_at` is in epoch seconds, `expires` in monotonic seconds:
    members that come from an answer of their own expire by `member_expires`, before all others. The
    reading is `complete` while its answers list all that they listed before.
    """

    data: Mapping[str, Any]
    read_at: float
    expires: float = float("inf")
    counters: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    complete: bool = True
    member_expires: Mapping[str, float] = field(default_factory=dict)

    def unexpired(self, now: float) -> "Reading | None":
        """Return this reading without the members that have expired at `now` (monotonic)."""
        if now >= self.expires:
            return None
        expired = [member for member, expires in self.member_expires.items() if now >= expires]
        if not expired:
            return self
        return replace(
            self,
            data={name: value for name, value in self.data.items() if name not in expired},
            counters={p: value for p, value in self.counters.items() if p[0] not in expired},
            member_expires={},
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All readings of one gateway at one moment, by collector."""

    gateway: str
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def fresh(self, collector: str, now: float) -> Reading | None:
        """Return the reading of `collector` unless it has expired at `now` (monotonic seconds)."""
        reading = self.readings.get(collector)
        return None if reading is None else reading.unexpired(now)

    def next_expiry(self, now: float) -> float:
        """Return the monotonic time at which this snapshot next loses data, or infinity."""
        return min(
            (
                expires
                for reading in self.readings.values()
                for expires in (reading.expires, *reading.member_expires.values())
                if expires > now
            ),
            default=float("inf"),
        )
