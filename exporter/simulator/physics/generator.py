"""The standby generator: starts when the batteries are low off grid, stops when they are full."""

from collections.abc import Iterator
from enum import Enum
from math import inf
from typing import Literal

from exporter.simulator.homes.device_states import (
    DEFAULT_EXERCISE,
    ExerciseSchedule,
    GeneratorState,
)
from exporter.simulator.homes.generator import COOL_DOWN, RATED_KW, WARM_UP
from exporter.simulator.physics.local_time import LocalMoment

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: watts it can give without end, and the least it should be loaded with
RATED_WATTS = RATED_KW * 1000
MINIMUM_WATTS = 0.1 * RATED_WATTS


class _Phase(Enum):
    STOPPED = 0
    WARMING = 1
    RUNNING = 2
    COOLING = 3


class SimulatedGenerator:
    """A generator; charges in percent, times in epoch seconds."""

    def __init__(self, *, installed: bool) -> None:
        self.installed = installed
        self.mode: Literal["off", "on", "auto"] = "auto"
        self.start_soc = 25
        self.stop_soc = 65
        #: whether it cranks and does not start
        self.broken = False
        #: whether it may charge the batteries
        self.charges = True
        #: its exercise: how many weeks apart, from which minute of the day, how long, on which day
        self.exercise_weeks, self.exercise_start = DEFAULT_EXERCISE.weeks, DEFAULT_EXERCISE.start
        self.exercise_minutes, self.exercise_day = DEFAULT_EXERCISE.minutes, DEFAULT_EXERCISE.day
        self.exercising = False
        self._phase = _Phase.STOPPED
        self._until = inf

    @property
    def running(self) -> bool:
        """Whether it feeds the house."""
        return self._phase is _Phase.RUNNING

    def update(self, now: float, local: LocalMoment, *, islanded: bool, soc: float) -> None:
        """Start or stop by what holds now; `soc` is the batteries' charge, 0 to 1."""
        if not self.installed:
            return
        self.exercising = self.mode != "off" and not islanded and self._exercise(local)
        needed = islanded and self._is_needed(100 * soc)
        if self._phase in (_Phase.STOPPED, _Phase.COOLING):
            if needed:
                self._phase, self._until = _Phase.WARMING, now + 60 * WARM_UP
            elif now >= self._until:
                self._phase, self._until = _Phase.STOPPED, inf
        elif not needed:
            self._phase, self._until = _Phase.COOLING, now + 60 * COOL_DOWN
        elif self.broken:
            self._phase, self._until = _Phase.WARMING, inf
        elif now >= self._until:
            self._phase, self._until = _Phase.RUNNING, inf
        elif self._phase is _Phase.WARMING and self._until == inf:
            # repaired: warms up again
            self._until = now + 60 * WARM_UP

    def _is_needed(self, soc: float) -> bool:
        if self.mode != "auto":
            return self.mode == "on"
        low = self._phase in (_Phase.STOPPED, _Phase.COOLING)
        return soc <= self.start_soc if low else soc < self.stop_soc

    def _exercise(self, local: LocalMoment) -> bool:
        begin = self.exercise_start * 60
        return (
            WEEKDAYS[local.weekday] == self.exercise_day
            and begin <= local.seconds < begin + self.exercise_minutes * 60
            and local.day // 7 % self.exercise_weeks == 0
        )

    def events(self) -> Iterator[float]:
        """Yield when it does something by itself next."""
        yield self._until

    def show(self) -> GeneratorState:
        """Return what the gateway reports of it."""
        called = self._phase in (_Phase.WARMING, _Phase.RUNNING)
        return GeneratorState(
            running=self.running,
            commanded="closed" if called else "open",
            mode=self.mode,
            start_soc=self.start_soc,
            stop_soc=self.stop_soc,
            exercising=self.exercising,
            charges=self.charges,
            exercise=ExerciseSchedule(
                self.exercise_weeks,
                self.exercise_start,
                self.exercise_minutes,
                self.exercise_day,
            ),
        )
