"""Weeks without a failure, in all seasons and for all kinds of homes, with all that is ordinary.

In each week the gateway stalls every night, is restarted by day, is without internet for half an
hour and gets a new firmware by night; batteries then follow one by one; the exporter is restarted
as well. Weather is what place, season and seed bring, snow included, unless the week is about one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.scenario import Scenario

#: a week and two hours: the night in which summer time ends belongs to it
_DAYS, _LASTS = 7, "7d 2h"
_FIRMWARE, _BATTERY_FIRMWARE = "8.3.5286", "3.0.8120_rel/31.50"
#: firmware of gateways that cannot run the usual one
_OTHER_FIRMWARE: Mapping[str, str] = {"legacy": "5.0.71"}


@dataclass(frozen=True, slots=True)
class Week:
    """A week at a home; the rest of what happens in it is the same in all of them."""

    season: str
    home: str
    start: str
    latitude: float
    #: what is special about this week
    about: str
    seed: int = 1
    weather: Any = ()
    #: parameters set from the start
    levers: Mapping[str, Any] = field(default_factory=dict)
    #: hardware that differs from the sample home
    changed: Mapping[str, Any] = field(default_factory=dict)
    household: float | None = None

    @property
    def disturbances(self) -> str:
        """What happens in this week, in a few words."""
        batteries = ", batteries' upgrade" if SAMPLE_HOMES[self.home].batteries else ""
        return (
            f"{_DAYS} nightly stalls, gateway restart, exporter restart, internet lost for 30 m, "
            f"firmware upgrade{batteries}; {self.about}"
        )

    def scenario(self) -> Scenario:
        """Return the week as a scenario."""
        return Scenario.model_validate(
            {
                "title": f"A week of {self.season} at {self.home}",
                "description": f"Nothing is wrong: {self.disturbances}.",
                "start": self.start,
                "duration": _LASTS,
                "home": {"base": self.home, **self.changed},
                "latitude": self.latitude,
                "seed": self.seed,
                "weather": self.weather,
                "household": self.household,
                "events": list(self._events()),
            }
        )

    def _events(self) -> Iterator[dict[str, Any]]:
        if self.levers:
            yield {"at": "0s", "set": dict(self.levers)}
        stall = {"*": {"delay": "20s"}, "/api/v1/production/inverters": "hang"}
        if SAMPLE_HOMES[self.home].device_data:
            stall["/ivp/pdm/device_data"] = "hang"
        yield {"at": "day 1 23:02", "for": "7m", "every": "day", "server": stall}
        yield {"at": "day 2 12:40", "gateway": {"away": "4m", "zeros": "2m"}}
        yield {"at": "day 3 18:20", "exporter": "restart"}
        yield {"at": "day 4 14:10", "for": "30m", "set": _OFFLINE}
        firmware = _OTHER_FIRMWARE.get(self.home, _FIRMWARE)
        yield {
            "at": "day 5 01:30",
            "gateway": {"firmware": firmware, "away": "6m", "zeros": "3m"},
        }
        for number in range(1, SAMPLE_HOMES[self.home].batteries + 1):
            day, hour = divmod(5 * 24 + 2 + 3 * number, 24)
            battery = f"battery.{number}"
            at = f"day {day} {hour:02}:"
            yield {"at": f"{at}30", "for": "8m", "set": {f"{battery}.communicating": False}}
            yield {"at": f"{at}38", "set": {f"{battery}.firmware": _BATTERY_FIRMWARE}}


_OFFLINE = {"cloud.reporting": False, "cloud.connected": False}
_SNOW = (
    {"at": "0s", "sky": "broken"},
    {"at": "day 2 00:00", "sky": "overcast"},
    {"at": "day 3 03:00", "sky": "snow"},
    {"at": "day 5 10:00", "sky": "clear"},
    {"at": "day 6 15:00", "sky": "overcast"},
    {"at": "day 7 00:00", "sky": "broken"},
)

#: the four seasons
SEASONS: tuple[Week, ...] = (
    Week(
        *("winter", "battery-home", "2026-01-12 00:00", 45),
        "two days of snow, then sun on it",
        weather=_SNOW,
    ),
    Week(
        *("spring", "three-phase", "2026-04-13 00:00", 52),
        "April weather, no batteries",
        seed=2,
    ),
    Week(
        *("summer", "generator", "2026-07-13 00:00", 33),
        "batteries full by noon, the generator's exercise",
        seed=3,
    ),
    Week(
        *("autumn", "collar", "2026-10-29 00:00", 42),
        "fog and rain, the end of summer time",
        seed=4,
    ),
)
#: and what else could be taken for a failure
OTHERS: tuple[Week, ...] = (
    Week(
        *("midwinter", "solar-only", "2026-12-18 00:00", 60),
        "days of five hours under cloud, no CT",
        weather="overcast",
    ),
    Week(
        *("deep winter", "battery-home", "2026-01-19 00:00", 47),
        "snow all week, a reserve of 100 %, by modem",
        seed=5,
        weather="snow",
        levers={"storage.reserve": 1.0, "cloud.cellular": True},
    ),
    Week(
        *("high summer", "battery-home", "2026-06-15 00:00", 37),
        "house empty, batteries full all week",
        seed=6,
        weather="clear",
        household=0.1,
        levers={"storage.mode": "backup", "storage.reserve": 1.0},
    ),
    Week(
        *("spring", "acb", "2026-03-26 00:00", 49),
        "AC Batteries, the beginning of summer time",
        seed=7,
    ),
    Week(
        *("autumn", "legacy", "2026-09-21 00:00", 40),
        "firmware 5, neither CT nor battery",
        seed=8,
    ),
    Week(
        *("spring", "big-home", "2026-05-11 00:00", 37),
        "100 inverters and 20 batteries",
        seed=9,
    ),
    Week(
        *("winter", "acb", "2026-06-22 00:00", -38),
        "the other half of the world, a production CT only",
        seed=10,
        changed={"cts": ["production"], "timezone": "Australia/Melbourne"},
    ),
)
#: all of them by name
WEEKS: Mapping[str, Week] = {f"{week.season} at {week.home}": week for week in SEASONS + OTHERS}
