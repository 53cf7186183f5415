"""Times as scenarios write them: durations, and moments after the start or on the owner's wall."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated, Any

from pydantic import BeforeValidator

from exporter.config.errors import field_error
from exporter.text import printable

_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])", re.A)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[wdhms]\s*)+", re.A)
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?"
_ON_DAY = re.compile(rf"day ([1-9]\d{{0,3}}) {_CLOCK}", re.A)
_START = re.compile(rf"(\d{{4}}-\d\d-\d\d) {_CLOCK}", re.A)
#: seconds; beyond this a time is a slip of the pen, and the calendar has an end as well
_LONGEST = 10 * 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in a scenario: so many seconds after its start, or after midnight of one of its days.

    Day 1 is the day on which it starts.
    """

    seconds: float
    day: int | None = None

    def epoch(self, start: datetime, later_days: int = 0) -> float:
        """Return the epoch seconds; `later_days` is the same time on the wall so many days on."""
        if self.day is None:
            local = datetime.fromtimestamp(start.timestamp() + self.seconds, start.tzinfo)
        else:
            midnight = datetime.combine(start.date(), datetime.min.time(), start.tzinfo)
            local = midnight + timedelta(days=self.day - 1, seconds=self.seconds)
        return (local + timedelta(days=later_days)).timestamp()


@dataclass(frozen=True, slots=True)
class WallTime:
    """Date and time on the owner's wall."""

    day: date
    seconds: int

    def at(self, zone: tzinfo) -> datetime:
        """Return it as a time in this zone."""
        midnight = datetime.combine(self.day, datetime.min.time(), zone)
        return midnight + timedelta(seconds=self.seconds)


def seconds(value: Any) -> float:
    """Return the seconds of a duration such as `90s`, `30m` or `1d 6h`.

    Raises `PydanticCustomError`, which is for a model to turn into words.
    """
    text = str(value).strip()
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not _DURATION.fullmatch(text) or total > _LONGEST:
        raise field_error(
            f"'{printable(text)[:80]}' is not a duration: write 90s, 30m, 2h, 1d 6h or 3w,"
            " up to ten years"
        )
    return total


def words(duration: float) -> str:
    """Return a duration in its two largest units, such as `1d 6h`."""
    found = []
    for unit, size in _UNITS.items():
        count, duration = divmod(duration, size)
        if count and unit != "w":
            found.append(f"{count:g}{unit}")
        elif count:
            duration += count * size
    return " ".join(found[:2]) or "0s"


def _moment(value: Any) -> Moment:
    text = str(value).strip()
    on_day = _ON_DAY.fullmatch(text)
    if on_day:
        return Moment(_of_day(*on_day.groups()[1:]), int(on_day[1]))
    if not _DURATION.fullmatch(text):
        raise field_error(
            f"'{printable(text)[:80]}' is no time: write 2h for two hours after the start,"
            " or day 3 14:00 for a time of day"
        )
    return Moment(seconds(text))


def _start(value: Any) -> WallTime:
    text = str(value).strip()
    match = _START.fullmatch(text)
    try:
        if match:
            return WallTime(date.fromisoformat(match[1]), _of_day(*match.groups()[1:]))
    except ValueError:
        pass
    raise field_error(
        f"'{printable(text)[:80]}' is no date and time: write them as in 2026-06-21 12:00,"
        " local time of the home"
    )


def _of_day(hours: str, minutes: str, rest: str | None) -> int:
    return int(hours) * 3600 + int(minutes) * 60 + int(rest or 0)


Duration = Annotated[float, BeforeValidator(seconds)]
At = Annotated[Moment, BeforeValidator(_moment)]
Start = Annotated[WallTime, BeforeValidator(_start)]
