"""One inverter: its own factor, and the reports it sends every five or fifteen minutes."""

from collections import deque
from typing import Any

from exporter.simulator.homes.device_states import InverterState, inverter_serial

#: seconds between two reports of an inverter, unless set otherwise
INTERVAL = 300
#: reports missed until it counts as gone
_MISSED = 3
_OFF_BY_COMMAND = ("pcu_ctrl.pwrgenoffbycmd",)
#: midnights remembered: seven days before today
_MIDNIGHTS = 8


class PlaneOutput:
    """What the light does to a plane of panels, per watt of their rating."""

    __slots__ = ("awake", "energy", "power")

    def __init__(self) -> None:
        #: whether there is light enough, and mains power to feed into
        self.awake = False
        #: power that is fed in, 0 to 1
        self.power = 0.0
        #: energy since the beginning, in hours at full power
        self.energy = 0.0


class SimulatedInverter:
    """One inverter with its panel.

    Its energy in Wh is that of its plane times its watts; when the watts change, what was made
    before is kept apart.
    """

    __slots__ = (
        "_base",
        "_midnights",
        "_output",
        "_plane",
        "_rated",
        "energy",
        "index",
        "interval",
        "joules",
        "listed",
        "off_by_command",
        "overrides",
        "phase",
        "reported",
        "silent",
        "watts",
    )

    def __init__(self, index: int, rated: float, plane: PlaneOutput) -> None:
        """Make the inverter with this place in the list and these watts at full light."""
        self.index = index
        self._plane = plane
        #: watts at full light, now
        self.watts = rated
        self._rated = rated
        self._output = 1.0
        self._base = 0.0
        self._midnights: deque[float] = deque([0.0], maxlen=_MIDNIGHTS)
        #: whether it is silent, is in the list, and how often it reports (seconds)
        self.silent = False
        self.listed = True
        #: whether the gateway has switched it off
        self.off_by_command = False
        self.interval = INTERVAL
        #: they take turns
        self.phase = index * 37 % INTERVAL
        #: its last report: when, energy so far in Wh, energy of the interval in joules
        self.reported = 0
        self.energy = 0.0
        self.joules = 0.0
        #: overrides of reported values, by field of `InverterState`
        self.overrides: dict[str, Any] = {}

    @property
    def output(self) -> float:
        """Share of what is possible that it makes; 0 is dead."""
        return self._output

    @output.setter
    def output(self, share: float) -> None:
        made = self._made()
        self._output = share
        self.watts = self._rated * share
        self._base = made - self.watts * self._plane.energy

    def start(self, energy: float, now: float) -> None:
        """Begin with this lifetime energy in Wh at `now` (epoch seconds)."""
        self._base = self.energy = energy
        self._midnights = deque([energy], maxlen=_MIDNIGHTS)
        self.reported = int(now)

    def report(self, now: float) -> None:
        """Report if its turn has come and it can."""
        due = int((now - self.phase) // self.interval) * self.interval + self.phase
        if due <= self.reported or self.silent or not self.watts or not self._plane.awake:
            return
        made = self._made()
        if due - self.reported == self.interval:
            self.joules = (made - self.energy) * 3600
        else:
            # after a night or a silence the last interval is as good as this moment
            self.joules = self.watts * self._plane.power * self.interval
        self.reported, self.energy = due, made

    def conditions(self, now: float) -> tuple[str, ...]:
        """Return the conditions that it reports at `now` (epoch seconds)."""
        reported: tuple[str, ...] | None = self.overrides.get("conditions")
        if reported is not None:
            return reported
        gone = now - self.reported > _MISSED * self.interval
        return ("obs_strs.failure",) if gone else ()

    def new_day(self) -> None:
        """Note the energy at midnight."""
        self._midnights.append(self._made())

    def _made(self) -> float:
        return self._base + self.watts * self._plane.energy

    def show(self, now: float, volts: float, hertz: float, air: float, clock: int) -> InverterState:
        """Return what the gateway knows of it at `now` (epoch seconds).

        `clock` is how many seconds the gateway's clock is ahead; air temperature in °C.
        """
        watts = round(self.joules / self.interval)
        gone = now - self.reported > _MISSED * self.interval
        days = self._midnights
        truth: dict[str, Any] = {
            "serial": inverter_serial(self.index),
            "index": self.index,
            "watts": watts,
            "max_watts": round(self._rated),
            "reported": self.reported + clock,
            "interval": self.interval,
            "joules": round(self.joules),
            "today": max(0.0, self.energy - days[-1]),
            "yesterday": days[-1] - days[-2] if len(days) > 1 else 0.0,
            "week": days[-1] - days[0],
            "lifetime": self.energy,
            "gone": gone,
            "communicating": not gone,
            "producing": not gone and watts > 0,
            "volts": volts,
            "hertz": hertz,
            "panel_volts": 36.0 + 0.1 * (self.index % 8) + (2.0 if watts else 0.0),
            "temperature": round(air) + watts // 15,
            "conditions": () if gone or not self.off_by_command else _OFF_BY_COMMAND,
        }
        return InverterState(**(truth | self.overrides))
