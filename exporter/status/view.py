"""What of a snapshot may still be told: members of readings that have not expired."""

from collections.abc import Mapping
from typing import Any

from exporter.metrics.units import epoch
from exporter.snapshot import SELF, Snapshot


class SnapshotView:
    """A snapshot at a moment."""

    def __init__(self, snapshot: Snapshot, now: float, monotonic: float) -> None:
        """Look at `snapshot`; `now` in epoch seconds, `monotonic` decides what has expired."""
        self.now = now
        self.report = snapshot.readings[SELF].data["self"]
        self.wanted = snapshot.readings[SELF].data.get("wanted")
        self._data = {
            name: reading.data
            for name in snapshot.readings
            if name != SELF and (reading := snapshot.fresh(name, monotonic)) is not None
        }

    @property
    def any(self) -> bool:
        """Whether anything at all is known of the site, beyond what the gateway is."""
        return any(name != "gateway" for name in self._data)

    def data(self, collector: str) -> Mapping[str, Any]:
        """Return the data of a collector, empty where it is not known."""
        return self._data.get(collector, {})

    def one(self, collector: str, member: str) -> Any:
        """Return a member of the data, or None."""
        return self.data(collector).get(member)

    def all(self, collector: str, member: str) -> Mapping[str, Any]:
        """Return a member that maps serials or the like to objects, empty where not known."""
        return self.data(collector).get(member) or {}

    def stamp(self, told: Any) -> float | None:
        """Return by our clock what the gateway stamped by its own."""
        known = epoch(told)
        return None if known is None else known - (self.report.clock_skew or 0.0)
