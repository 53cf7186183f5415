"""What a household uses: always something, more when people are up, a kettle now and then.

Daily and weekly shape, weather where a heat pump is, chance by the seed. Loads on a dry contact
are kept separate, so that they can be shed.
"""

from typing import NamedTuple

from exporter.simulator.physics.local_time import LocalMoment
from exporter.simulator.physics.rng import SmoothNoise, random_value

#: watts by hour of the day, on weekdays and at weekends: light, cooking, screens
_WEEKDAY = (150, 130, 120, 120, 130, 180, 380, 520, 400, 280, 250, 260,
            290, 270, 260, 280, 380, 620, 820, 860, 760, 600, 380, 220)  # fmt: skip
_WEEKEND = (190, 150, 130, 120, 120, 130, 180, 320, 520, 600, 560, 540,
            600, 560, 500, 480, 520, 640, 780, 820, 760, 640, 460, 280)  # fmt: skip
_SATURDAY = 5
#: refrigerator: watts, and seconds of a cycle with the share it runs
_COLD, _CYCLE, _RUNNING = 130.0, 3300, 0.4
#: heat pump: watts, °C at which it need not run, and degrees from there to running all the time
_HEAT_PUMP, _HEATING, _COOLING, _FULL = 2200.0, 14.0, 25.0, 22.0
#: pool pump: watts, and the hours it runs
_POOL_PUMP, _POOL_HOURS = 900.0, (10, 14)


class _Appliance(NamedTuple):
    """Something that runs once a day at most: W, minutes, hours it may start, how likely it is."""

    name: str
    watts: float
    minutes: float
    earliest: float
    latest: float
    weekday: float
    weekend: float


_APPLIANCES = (
    _Appliance("kettle", 1800, 4, 6.3, 8.3, 0.9, 0.8),
    _Appliance("hairdryer", 1300, 6, 6.5, 9.0, 0.5, 0.5),
    _Appliance("microwave", 1100, 8, 11.8, 13.2, 0.4, 0.6),
    _Appliance("washing machine", 650, 75, 9.0, 15.0, 0.25, 0.6),
    _Appliance("dryer", 2400, 50, 11.0, 18.0, 0.2, 0.5),
    _Appliance("oven", 2200, 50, 17.0, 18.8, 0.5, 0.6),
    _Appliance("dishwasher", 1100, 70, 19.3, 21.5, 0.6, 0.7),
)


class HouseholdLoad:
    """The consumers of one home."""

    def __init__(self, seed: int, scale: float, *, contacts: bool) -> None:
        """Make a household of `scale` times the usual size.

        With `contacts`, it has a heat pump and a pool pump, on dry contacts of these names.
        """
        self._seed = seed
        #: size, 1 being usual
        self.scale = scale
        self._contacts = contacts
        self._mood = SmoothNoise(seed, "mood", 90)
        self._day: int | None = None
        self._running: list[tuple[float, float, float]] = []
        #: times and on top of what it would use
        self.factor = 1.0
        self.extra = 0.0

    def loads(self, now: float, local: LocalMoment, air: float) -> tuple[float, dict[str, float]]:
        """Return watts of the house, and by dry contact; air temperature in °C."""
        if local.day != self._day:
            self._plan(local)
        shape = _WEEKEND if local.weekday >= _SATURDAY else _WEEKDAY
        seconds = local.seconds
        hour, rest = divmod(seconds, 3600)
        usual = shape[hour] + (shape[(hour + 1) % 24] - shape[hour]) * rest / 3600
        usual *= 0.8 + 0.4 * self._mood.at(now)
        if (now + 1000 * self._seed) % _CYCLE < _CYCLE * _RUNNING:
            usual += _COLD
        for start, end, watts in self._running:
            if start <= seconds < end:
                usual += watts
        factor = self.scale * self.factor
        base = usual * factor + self.extra
        if not self._contacts:
            return base, {}
        return base, {
            "NC1": _heat_pump(now, air) * factor,
            "NC2": _POOL_PUMP * factor if _POOL_HOURS[0] <= hour < _POOL_HOURS[1] else 0.0,
        }

    def _plan(self, local: LocalMoment) -> None:
        """Decide which appliances run on this day, and when."""
        self._day = local.day
        self._running = []
        for each in _APPLIANCES:
            likely = each.weekend if local.weekday >= _SATURDAY else each.weekday
            if random_value(self._seed, each.name, 2 * local.day) < likely:
                when = random_value(self._seed, each.name, 2 * local.day + 1)
                start = 3600 * (each.earliest + (each.latest - each.earliest) * when)
                self._running.append((start, start + 60 * each.minutes, each.watts))


def _heat_pump(now: float, air: float) -> float:
    """Return its watts: it runs part of every half hour, longer the worse the weather."""
    need = max(_HEATING - air, air - _COOLING, 0.0) / _FULL
    return _HEAT_PUMP if now % 1800 < 1800 * need else 0.0
