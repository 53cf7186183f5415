"""The owner's clock: local day, weekday and time of day, cheap enough to compute at every step."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = 86400
#: zones change their offset at quarters of an hour, never between
_QUARTER = 900


class LocalMoment(NamedTuple):
    """A moment on the owner's wall."""

    #: days since 1970-01-01, local
    day: int
    #: seconds since local midnight as the clock shows them
    seconds: int
    #: Monday is 0
    weekday: int


class LocalClock:
    """Local times of one zone; UTC where the zone is not known."""

    def __init__(self, zone: str) -> None:
        self._zone = _zone(zone)
        self._quarter: int | None = None
        self._offset = 0

    @property
    def meridian(self) -> float:
        """Longitude in degrees east at which the zone's standard noon is the sun's."""
        winter = datetime(2026, 1, 1, 12, tzinfo=self._zone)
        standard = (winter.utcoffset() or timedelta()) - (winter.dst() or timedelta())
        return standard / timedelta(hours=1) * 15.0

    def local(self, now: float) -> LocalMoment:
        """Return the local time at `now` (epoch seconds)."""
        seconds = int(now // 1)
        quarter = seconds // _QUARTER
        if quarter != self._quarter:
            self._quarter = quarter
            moment = datetime.fromtimestamp(quarter * _QUARTER, self._zone)
            self._offset = int((moment.utcoffset() or timedelta()).total_seconds())
        day, rest = divmod(seconds + self._offset, DAY)
        # the first of January 1970 was a Thursday
        return LocalMoment(day, rest, (day + 3) % 7)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return UTC
