"""What is known of a gateway now: the data of each collector, with the time it was read.

A snapshot is never changed, only replaced, so whoever holds one sees a consistent moment. Data has
a best-before time: what is older is not served, because a last value is not a fresh one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: pseudo collector whose reading describes the exporter's own work for a gateway; never expires
SELF = "self"


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of one successful run of a collector.

    `data` maps a member name (of pyenphase's `EnvoyData`, or one of our extras) to its object, dict
    of objects, or dict of dicts. `counters` maps the path of a counter field (member, keys, field)
    to its guarded value in joules. `read_at` is in epoch seconds, `expires` in monotonic seconds.
    """

    data: Mapping[str, Any]
    read_at: float
    expires: float = float("inf")
    counters: Mapping[tuple[str, ...], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All readings of one gateway at one moment, by collector."""

    gateway: str
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def fresh(self, collector: str, now: float) -> Reading | None:
        """Return the reading of `collector` unless it has expired at `now` (monotonic seconds)."""
        reading = self.readings.get(collector)
        return reading if reading is not None and now < reading.expires else None

    def next_expiry(self, now: float) -> float:
        """Return the monotonic time at which this snapshot next loses a reading, or infinity."""
        return min(
            (r.expires for r in self.readings.values() if r.expires > now), default=float("inf")
        )
