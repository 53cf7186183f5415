"""AC Batteries: they follow the house by themselves, can be put to sleep, and report late."""

from collections.abc import Iterator
from math import inf
from typing import Any

from exporter.simulator.homes.device_states import AcbState, SleepState, acb_serial
from exporter.simulator.homes.models import ACB_WH

#: watts of one, share of the energy that remains each way
_LIMIT, _EFFICIENCY = 260.0, 0.95
#: watts with which it goes for the charge it sleeps with
_TOWARDS_SLEEP = 120.0
#: seconds that falling asleep takes at the right charge, and waking
_FALLING, _WAKING = 900.0, 900.0
#: seconds between two reports: first one, then one longer for each, up to a quarter of an hour
_INTERVAL, _LONGER, _LONGEST = 600, 60, 900


class SimulatedAcb:
    """One AC Battery. Power in W at its AC side, positive discharges."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.soc = 0.5
        self.watts = 0.0
        #: whether it was commanded to sleep, and with which charge, in percent
        self.sleep_requested = False
        self.sleep_min = 25
        self.sleep_max = 30
        self.communicating = True
        self.frozen = False
        self.listed = True
        self.state: SleepState = "awake"
        #: when it has fallen asleep or woken up (epoch seconds)
        self.until = inf
        self._interval = min(_LONGEST, _INTERVAL + _LONGER * index)
        self.reported = 0
        self.watts_reported = 0
        self.soc_reported = 0.5
        self._state_reported: SleepState = "awake"
        #: overrides of reported values, by field of `AcbState`
        self.overrides: dict[str, Any] = {}

    def update(self, now: float) -> None:
        """Fall asleep or wake up as commanded."""
        if self.sleep_requested and self.state in ("awake", "waking"):
            self.state, self.until = "going_to_sleep", inf
        elif not self.sleep_requested and self.state == "going_to_sleep":
            self.state, self.until = "awake", inf
        elif not self.sleep_requested and self.state == "asleep":
            self.state, self.until = "waking", now + _WAKING
        if self.state == "going_to_sleep" and self.until == inf and not self._towards():
            self.until = now + _FALLING
        if now >= self.until:
            self.state = "asleep" if self.state == "going_to_sleep" else "awake"
            self.until = inf

    def _towards(self) -> float:
        """Return the power that brings it to the charge it sleeps with."""
        if 100 * self.soc < self.sleep_min:
            return -_TOWARDS_SLEEP
        return _TOWARDS_SLEEP if 100 * self.soc > self.sleep_max else 0.0

    def limits(self, seconds: float) -> tuple[float, float]:
        """Return the least and the most power it may have for so long."""
        if self.state in ("asleep", "waking"):
            return 0.0, 0.0
        room = (1.0 - self.soc) * ACB_WH / _EFFICIENCY * 3600 / seconds
        left = self.soc * ACB_WH * _EFFICIENCY * 3600 / seconds
        least, most = -min(_LIMIT, room), min(_LIMIT, left)
        if self.state == "going_to_sleep":
            aim = min(most, max(least, self._towards()))
            return aim, aim
        return least, most

    def after(self, seconds: float) -> float:
        """Return its charge when this has gone on for so long."""
        drawn = self.watts / _EFFICIENCY if self.watts > 0 else self.watts * _EFFICIENCY
        return min(1.0, max(0.0, self.soc - drawn * seconds / 3600 / ACB_WH))

    def report(self, now: float) -> None:
        """Report if its turn has come and it can."""
        due = int(now // self._interval) * self._interval
        if due > self.reported and self.communicating and not self.frozen:
            self.reported, self.watts_reported = due, round(self.watts)
            self.soc_reported, self._state_reported = self.soc, self.state

    def show(self, clock: int) -> AcbState:
        """Return what the gateway knows of it; `clock` is how far its clock is ahead, in s."""
        truth: dict[str, Any] = {
            "serial": acb_serial(self.index),
            "watts": self.watts_reported,
            "soc": self.soc_reported,
            "reported": self.reported + clock,
            "cell_temperature": 24 + abs(self.watts_reported) // 60,
            "sleep": self._state_reported,
            "sleep_min": self.sleep_min,
            "sleep_max": self.sleep_max,
            "communicating": self.communicating,
            "operating": self.communicating,
        }
        return AcbState(**(truth | self.overrides))


class SimulatedAcbGroup:
    """All AC Batteries of a home; they only work while the grid is there."""

    def __init__(self, count: int) -> None:
        self.units = [SimulatedAcb(index) for index in range(count)]

    @property
    def soc(self) -> float:
        """Charge of all as last reported, 0 to 1; 0 without any."""
        return (
            sum(unit.soc_reported for unit in self.units) / len(self.units) if self.units else 0.0
        )

    def update(self, now: float) -> None:
        """See `SimulatedAcb.update`."""
        for unit in self.units:
            unit.update(now)

    def events(self) -> Iterator[float]:
        """Yield when one does something by itself next (epoch seconds)."""
        return (unit.until for unit in self.units)

    def follow(self, net: float, seconds: float) -> float:
        """Make up for what the house lacks (W), or take what is left; returns the power of all."""
        target = net / len(self.units) if self.units else 0.0
        for unit in self.units:
            least, most = unit.limits(seconds)
            unit.watts = min(most, max(least, target))
        return sum(unit.watts for unit in self.units)

    def rest(self) -> None:
        """Neither take nor give."""
        for unit in self.units:
            unit.watts = 0.0

    def commit(self, seconds: float) -> None:
        """Let time pass."""
        for unit in self.units:
            unit.soc = unit.after(seconds)

    def report(self, now: float) -> None:
        """Let each report whose turn it is."""
        for unit in self.units:
            unit.report(now)
