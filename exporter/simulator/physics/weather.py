"""The weather: what the sky lets through, snow on the panels, and how warm it is.

A `SkyPlan` says which sky there is at a time; the details of each minute follow from the seed.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import cos, pi
from typing import Literal, NamedTuple, get_args

from exporter.simulator.physics.local_time import DAY
from exporter.simulator.physics.rng import SmoothNoise, random_value
from exporter.simulator.physics.sun import Sunlight

Sky = Literal["clear", "broken", "overcast", "snow"]
#: the sky at a time (epoch seconds)
SkyPlan = Callable[[float], Sky]

SKIES: tuple[Sky, ...] = get_args(Sky)

_YEAR = 365.2425 * DAY
#: how long one kind of sky lasts at least
_SPELL = 6 * 3600
#: light that a layer of snow lets through
_THROUGH_SNOW = 0.06
#: below this air temperature (°C) precipitation stays on the panels
_FREEZING = 0.5
_COLDEST_NORTH = 17 * DAY


class WeatherState(NamedTuple):
    """What is left of the sun: beam and diffuse light in W/m², share passing the snow, °C."""

    beam: float
    diffuse: float
    through_snow: float
    air: float


class Climate:
    """Air temperature by latitude, season, time of day, and chance."""

    def __init__(self, seed: int, latitude: float, longitude: float) -> None:
        """Take the climate of a place; degrees, north and east positive."""
        self.latitude = latitude
        self._mean = 30.0 - 0.38 * abs(latitude)
        self._season = 0.2 * abs(latitude)
        self._coldest = _COLDEST_NORTH + (0.0 if latitude >= 0 else _YEAR / 2)
        self._noon = longitude * 240
        self._front = SmoothNoise(seed, "front", 2 * DAY)
        self._bucket: float | None = None
        self._air = 0.0

    def winter(self, now: float) -> float:
        """Return 1 in the middle of winter, -1 in the middle of summer."""
        return cos((now - self._coldest) / _YEAR * 2 * pi)

    def air(self, now: float) -> float:
        """Return the temperature in °C at `now` (epoch seconds)."""
        # it changes slowly: a new value every ten minutes is enough
        bucket = now // 600
        if bucket != self._bucket:
            self._bucket = bucket
            # warmest three hours after the sun's noon
            day = cos((now + self._noon - 15 * 3600) / DAY * 2 * pi)
            front = 10.0 * (self._front.at(now) - 0.5)
            self._air = self._mean - self._season * self.winter(now) + 4.0 * day + front
        return self._air


class Atmosphere:
    """The weather of one place by a plan."""

    def __init__(self, climate: Climate, seed: int, plan: SkyPlan) -> None:
        """Follow `plan`, in this climate."""
        self._climate = climate
        self._plan = plan
        self._haze = SmoothNoise(seed, "haze", 1800)
        self._clouds = SmoothNoise(seed, "clouds", 240)
        self._cover = SmoothNoise(seed, "cover", 2700)
        #: a sky that replaces the plan's
        self.sky: Sky | None = None

    def at(self, now: float, light: Sunlight) -> WeatherState:
        """Return the weather at `now` (epoch seconds) under a clear sky's light."""
        air = self._climate.air(now)
        if light.up <= 0.0:
            return WeatherState(0.0, 0.0, 1.0, air)
        sky = self.sky or self._plan(now)
        through, scattered = self._left(sky, now)
        snow = _THROUGH_SNOW if sky == "snow" else 1.0
        return WeatherState(light.beam * through, light.diffuse * scattered, snow, air)

    def _left(self, sky: Sky, now: float) -> tuple[float, float]:
        """Return how much the clouds leave of the beam and of the diffuse light."""
        if sky == "clear":
            return 0.94 + 0.06 * self._haze.at(now), 1.0
        if sky == "broken":
            # clouds have edges: a drifting value, made steep
            open_sky = min(1.0, max(0.0, 2.6 * self._clouds.at(now) - 0.6))
            return 0.12 + 0.86 * open_sky, 1.7 - 0.4 * open_sky
        return 0.03 * self._clouds.at(now), 0.9 + 0.9 * self._cover.at(now)


def constant_sky(sky: Sky) -> SkyPlan:
    """Return a plan with one sky throughout."""
    return lambda now: sky


def sky_schedule(spells: Sequence[tuple[float, Sky]]) -> SkyPlan:
    """Return a plan of spells, each from its time (epoch seconds) on; the first also before."""
    ordered = sorted(spells, key=lambda spell: spell[0])
    starts = [start for start, _ in ordered]
    return lambda now: ordered[max(0, bisect_right(starts, now) - 1)][1]


def seasonal_sky(climate: Climate, seed: int) -> SkyPlan:
    """Return a plan with more cloud in winter and towards the poles, and snow when it freezes."""
    dull = min(0.75, 0.2 + 0.008 * abs(climate.latitude))
    skies: dict[int, Sky] = {}

    def sky(spell: int) -> Sky:
        now = float(spell * _SPELL)
        cloudy = dull + 0.15 * climate.winter(now)
        # today's weather is mostly that of the last two days
        luck = 0.6 * random_value(seed, "spell", spell // 8) + 0.4 * random_value(
            seed, "hours", spell
        )
        if luck > cloudy + 0.12:
            return "clear"
        if luck > cloudy - 0.15:
            return "broken"
        return "snow" if climate.air(now) < _FREEZING else "overcast"

    def plan(now: float) -> Sky:
        spell = int(now // _SPELL)
        if spell not in skies:
            skies.clear()
            skies[spell] = sky(spell)
        return skies[spell]

    return plan
