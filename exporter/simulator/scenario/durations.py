"""Times as scenarios write them: durations, times after the start, and local times of a day."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated, Any

from pydantic import BeforeValidator

from exporter import durations
from exporter.config.errors import field_error
from exporter.text import printable

_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?"
_ON_DAY = re.compile(rf"day ([1-9]\d{{0,3}}) {_CLOCK}", re.A)
_START = re.compile(rf"(\d{{4}}-\d\d-\d\d) {_CLOCK}", re.A)


@dataclass(frozen=True, slots=True)
class ScenarioTime:
    """A time in a scenario: seconds after its start, or after midnight of one of its days.

    Day 1 is the day on which it starts.
    """

    seconds: float
    day: int | None = None

    def epoch(self, start: datetime, later_days: int = 0) -> float:
        """Return the epoch seconds; with `later_days`, the same local time that many days later."""
        if self.day is None:
            local = datetime.fromtimestamp(start.timestamp() + self.seconds, start.tzinfo)
        else:
            midnight = datetime.combine(start.date(), datetime.min.time(), start.tzinfo)
            local = midnight + timedelta(days=self.day - 1, seconds=self.seconds)
        return (local + timedelta(days=later_days)).timestamp()


@dataclass(frozen=True, slots=True)
class LocalStartTime:
    """Local date and time of the home."""

    day: date
    seconds: int

    def at(self, zone: tzinfo) -> datetime:
        """Return it as a time in this zone."""
        midnight = datetime.combine(self.day, datetime.min.time(), zone)
        return midnight + timedelta(seconds=self.seconds)


def parse_duration_field(value: Any) -> float:
    """Return the seconds of a duration; raise `PydanticCustomError`."""
    try:
        return durations.parse_duration(value)
    except ValueError as error:
        raise field_error(str(error)) from None


def parse_time(value: Any) -> ScenarioTime:
    """Return a time in a scenario; raise `PydanticCustomError`, which a model turns into text."""
    text = str(value).strip()
    on_day = _ON_DAY.fullmatch(text)
    if on_day:
        return ScenarioTime(_seconds_of_day(*on_day.groups()[1:]), int(on_day[1]))
    if not durations.DURATION.fullmatch(text):
        raise field_error(
            f"'{printable(text)[:80]}' is not a time: write 2h for two hours after the start,"
            " or day 3 14:00 for a time of day"
        )
    return ScenarioTime(parse_duration_field(text))


def _parse_start(value: Any) -> LocalStartTime:
    text = str(value).strip()
    match = _START.fullmatch(text)
    try:
        if match:
            return LocalStartTime(
                date.fromisoformat(match[1]), _seconds_of_day(*match.groups()[1:])
            )
    except ValueError:
        pass
    raise field_error(
        f"'{printable(text)[:80]}' is not a date and time: write them as in 2026-06-21 12:00,"
        " local time of the home"
    )


def _seconds_of_day(hours: str, minutes: str, seconds: str | None) -> int:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)


Duration = Annotated[float, BeforeValidator(parse_duration_field)]
At = Annotated[ScenarioTime, BeforeValidator(parse_time)]
Start = Annotated[LocalStartTime, BeforeValidator(_parse_start)]
