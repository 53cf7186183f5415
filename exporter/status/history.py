"""What the exporter remembers of one house for the status page: 24 hours as curves, 30 days.

Prometheus has all of it and more; this is for those who look at the page alone. It survives a
restart in a small file next to the state of the gateway.
"""

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from exporter.status.models import LastValue

#: seconds of one point of the curve, and how many are kept
BUCKET_SECONDS = 600
BUCKETS = 144
DAYS = 30
#: values that are kept of each moment; `connected` is 1 or 0
SERIES = ("solar_watts", "house_watts", "grid_watts", "storage_watts", "soc_ratio", "connected")
#: a longer time between two samples counts as blind: nobody knows what happened
_MAX_GAP = 600.0
_MAX_BATTERIES = 200

Sample = Mapping[str, float | None]


@dataclass(slots=True)
class Day:
    """Seconds of one day in each state."""

    on_grid: float = 0.0
    off_grid: float = 0.0
    blind: float = 0.0


class History:
    """The last 24 hours and the last 30 days of one house."""

    def __init__(self, zone: tzinfo | None, *, detailed: bool = True) -> None:
        """Begin with nothing; days are those of `zone`, or of this machine.

        Without details only the last values are kept.
        """
        self._zone = zone
        self.detailed = detailed
        self._values = {name: array("f", [math.nan] * BUCKETS) for name in SERIES if detailed}
        self._counts = dict.fromkeys(SERIES, 0)
        #: number of the bucket that samples go to now, counted from the epoch
        self._bucket = 0
        self._days: dict[date, Day] = {}
        #: when the last sample came, in epoch seconds
        self._sampled_at: float | None = None
        self.last: dict[str, LastValue] = {}
        #: last charge of each battery, by serial
        self.batteries: dict[str, LastValue] = {}

    def add(
        self, now: float, sample: Sample, read_at: Mapping[str, float | None], *, blind: bool
    ) -> None:
        """Take a sample at `now`; None is not known. `read_at` is when each value was read.

        Times are epoch seconds.
        """
        present = {name: value for name, value in sample.items() if value is not None}
        for name, value in present.items():
            self.last[name] = LastValue(value, read_at.get(name) or now)
        if not self.detailed:
            return
        self._move_to(int(now // BUCKET_SECONDS))
        slot = self._bucket % BUCKETS
        for name, value in present.items():
            points = self._values[name]
            count = self._counts[name] = self._counts[name] + 1
            if count == 1:
                points[slot] = value
            elif name == "connected":
                # No average: an outage of a minute is an outage.
                points[slot] = min(value, points[slot])
            else:
                points[slot] += (value - points[slot]) / count
        self._count_day(now, sample.get("connected"), blind=blind)

    def curve(self, name: str, now: float) -> list[tuple[float, float | None]]:
        """Return the last 24 hours of a value, as times (epoch seconds) and values."""
        newest = int(now // BUCKET_SECONDS)
        return [
            (number * BUCKET_SECONDS, self._value(name, number))
            for number in range(newest - BUCKETS + 1, newest + 1)
        ]

    def days(self, now: float) -> list[tuple[date, Day]]:
        """Return the last 30 days, the oldest first; a day without samples is empty."""
        today = self._day(now)
        days = (today - timedelta(days=back) for back in reversed(range(DAYS)))
        return [(day, self._days.get(day, Day())) for day in days]

    def local(self, stamp: float) -> datetime:
        """Return a time of the house."""
        return datetime.fromtimestamp(stamp, self._zone)

    def add_batteries(self, charges: Mapping[str, float | None], read_at: float) -> None:
        """Remember the charge of all batteries by serial, as it was at `read_at`; None is unknown.

        A battery that is not among them was removed for good.
        """
        last = {serial: each for serial, each in self.batteries.items() if serial in charges}
        last |= {
            serial: LastValue(charge, read_at)
            for serial, charge in charges.items()
            if charge is not None
        }
        self.batteries = dict(list(last.items())[:_MAX_BATTERIES])

    def dump(self) -> dict[str, Any]:
        """Return the whole history for a file."""
        return {
            "bucket": self._bucket,
            "values": {
                name: [None if math.isnan(v) else round(v, 3) for v in values]
                for name, values in self._values.items()
            },
            "days": {
                day.isoformat(): [round(each.on_grid), round(each.off_grid), round(each.blind)]
                for day, each in self._days.items()
            },
            "sampled_at": self._sampled_at,
            "last": _dump(self.last),
            "batteries": _dump(self.batteries),
        }

    def load(self, document: Mapping[str, Any]) -> None:
        """Take what was dumped; anything that does not fit is left out."""
        try:
            bucket, sampled_at = int(document["bucket"]), document["sampled_at"]
            values = {
                name: array("f", [math.nan if v is None else float(v) for v in numbers])
                for name, numbers in document["values"].items()
                if name in SERIES
            }
            days = {
                date.fromisoformat(day): Day(*map(float, seconds))
                for day, seconds in document["days"].items()
            }
            last = _load(document["last"])
            batteries = _load(document.get("batteries", {}))
            sampled_at = None if sampled_at is None else float(sampled_at)
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        fits = values.keys() == set(SERIES) and {len(v) for v in values.values()} == {BUCKETS}
        if not fits or len(days) > 2 * DAYS:
            return
        self._values, self._bucket, self._days = values, bucket, days
        self._sampled_at, self.batteries = sampled_at, batteries
        self.last = {name: each for name, each in last.items() if name in SERIES}

    def _move_to(self, bucket: int) -> None:
        """Begin a new point of the curve, and empty those that were skipped."""
        if bucket == self._bucket:
            return
        # A clock that steps back, or forward by a day, restarts the curve.
        skipped = bucket - self._bucket if 0 < bucket - self._bucket <= BUCKETS else BUCKETS
        for values in self._values.values():
            for number in range(bucket - skipped + 1, bucket + 1):
                values[number % BUCKETS] = math.nan
        self._counts = dict.fromkeys(SERIES, 0)
        self._bucket = bucket

    def _value(self, name: str, number: int) -> float | None:
        if not self._bucket - BUCKETS < number <= self._bucket:
            return None
        value = self._values[name][number % BUCKETS]
        return None if math.isnan(value) else value

    def _count_day(self, now: float, connected: float | None, *, blind: bool) -> None:
        before, self._sampled_at = self._sampled_at, now
        if before is None or before >= now:
            return
        state = "blind" if blind or now - before > _MAX_GAP else None
        state = state or ("off_grid" if connected == 0 else "on_grid")
        for day, seconds in self._by_day(max(before, now - DAYS * 86400.0), now):
            entry = self._days.setdefault(day, Day())
            setattr(entry, state, getattr(entry, state) + seconds)
        oldest = self._day(now) - timedelta(days=DAYS)
        self._days = {day: each for day, each in self._days.items() if day > oldest}

    def _by_day(self, begin: float, end: float) -> Iterator[tuple[date, float]]:
        while begin < end:
            local = self.local(begin)
            midnight = datetime.combine(local.date() + timedelta(days=1), time(), self._zone)
            until = min(end, max(begin + 1.0, midnight.timestamp()))
            yield local.date(), until - begin
            begin = until

    def _day(self, stamp: float) -> date:
        return self.local(stamp).date()


def _dump(values: Mapping[str, LastValue]) -> dict[str, list[float]]:
    return {name: [each.value, each.timestamp_seconds] for name, each in values.items()}


def _load(document: Mapping[str, Any]) -> dict[str, LastValue]:
    return {
        name: LastValue(float(value), float(stamp))
        for name, (value, stamp) in list(document.items())[:_MAX_BATTERIES]
    }
