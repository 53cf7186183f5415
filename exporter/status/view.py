"""The values of a snapshot that are still valid: members of readings that have not expired."""

from collections.abc import Mapping
from typing import Any

from exporter.findings.thresholds import resolve
from exporter.metrics.units import epoch
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot

#: collectors that list devices of a kind: while none of them has data, the devices are unknown
_LISTED_BY: Mapping[str, tuple[str, ...]] = {
    "inverter": ("inverters",),
    "battery": ("ensemble",),
    "acb": ("acb", "devices"),
    "iq_relay": ("devices",),
    "controller": ("ensemble",),
    "collar": ("ensemble",),
    "combiner": ("ensemble",),
    "meter": ("meters",),
    "meter_phase": ("meters",),
    "section": ("production",),
    "dry_contact": ("dry_contacts",),
    "generator": ("generator",),
}


class SnapshotView:
    """A snapshot at a moment."""

    def __init__(
        self,
        snapshot: Snapshot,
        now: float,
        monotonic: float,
        names: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        """View `snapshot` at `now` (epoch seconds); `monotonic` decides what has expired.

        `names` are those that the owner gives devices, by kind and id.
        """
        exporter = snapshot.readings[SELF].data
        self.now = now
        self.report = exporter["self"]
        #: where the sun is; None where the location is not configured
        self.sun = exporter.get("sun")
        #: settings that the owner wants
        self.desired = exporter.get("wanted")
        #: values of the thresholds of the alerts for this gateway
        self.thresholds: Mapping[str, float] = exporter.get("thresholds") or resolve()
        #: what was ever seen here, by kind and id, and whether it is there now
        self.expected: Mapping[tuple[str, str], Any] = exporter.get("expected") or {}
        self._names = names or {}
        self._readings: dict[str, Reading] = {}
        for name in snapshot.readings:
            reading = snapshot.fresh(name, monotonic)
            if name != SELF and reading is not None:
                self._readings[name] = reading

    @property
    def has_data(self) -> bool:
        """Whether anything is known of the site, beyond the identity of the gateway."""
        return any(name not in ("gateway", HOUSE) for name in self._readings)

    def collector(self, name: str) -> Mapping[str, Any]:
        """Return the data of a collector, empty where it is not known."""
        reading = self._readings.get(name)
        return {} if reading is None else reading.data

    def member(self, collector: str, name: str) -> Any:
        """Return a member of the data, or None."""
        return self.collector(collector).get(name)

    def devices(self, collector: str, name: str) -> Mapping[Any, Any]:
        """Return a member that maps serials or the like to objects, empty where not known."""
        return self.collector(collector).get(name) or {}

    def counter(self, collector: str, *path: str) -> float | None:
        """Return a guarded energy in joules by the path of its field, or None."""
        reading = self._readings.get(collector)
        return None if reading is None else reading.counters.get(path)

    def read_at(self, collector: str) -> float | None:
        """Return when the data of a collector was read, in epoch seconds."""
        reading = self._readings.get(collector)
        return None if reading is None else reading.read_at

    def complete(self, collector: str) -> bool:
        """Return whether the last answers of a collector held all that was there before."""
        return bool(getattr(self._readings.get(collector), "complete", True))

    def expects(self, *kinds: str) -> bool:
        """Return whether anything of these kinds was ever seen here."""
        return any(kind in kinds for kind, _ in self.expected)

    def missing_since(self, kind: str) -> dict[str, float | None]:
        """Return what of a kind is expected and not listed, and since when."""
        sources = _LISTED_BY.get(kind)
        if sources is not None and not any(name in self._readings for name in sources):
            return {}
        return {
            identity: entry.missing_since
            for (each, identity), entry in self.expected.items()
            if each == kind and not entry.present
        }

    def device_name(self, kind: str, identity: str) -> str:
        """Return the name that the configuration gives a device, or an empty string."""
        return self._names.get((kind, identity), "")

    def to_local_time(self, stamp: Any) -> float | None:
        """Return a time stamp of the gateway by the exporter's clock."""
        value = epoch(stamp)
        return None if value is None else value - (self.report.clock_skew or 0.0)
