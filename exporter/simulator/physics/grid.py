"""The utility's side and the switch towards it: system controller or meter collar.

What was commanded and what is are two things: the switch opens when the grid is bad, and closes
only after the grid has been good for five minutes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from exporter.simulator.homes.device_states import GridSwitchState, LegReading, SwitchPosition
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.physics.rng import SmoothNoise

#: voltage (share of nominal) and frequency (Hz off nominal) beyond which the switch opens
_TRIP_LOW, _TRIP_HIGH, _TRIP_HERTZ = 0.88, 1.12, 1.2
#: how far both wander in good times (V as a share, Hz), and how much a kW lowers a leg
_WANDER_VOLTS, _WANDER_HERTZ, _SAG = 0.012, 0.03, 0.0006
#: seconds the grid has to be good before the switch closes, and that it takes to synchronise
RECONNECT_SECONDS, _SYNCHRONISE = 300.0, 10.0
#: seconds between two reports of the system controller
_INTERVAL = 120

_CLOSED = ((24, "ENPWR_STATE_OPER_CLOSED"), 16, "multimode-ongrid")
_BY_COMMAND = ((10, "ENPWR_STATE_GRIDMODE_CONFIRM"), 20, "multimode-offgrid")
_NO_GRID = ((26, "ENPWR_STATE_OPER_NO_GRID"), 18, "multimode-offgrid")
_WAITING = ((27, "ENPWR_STATE_OPER_SYNC_READY"), 19, "synchronizing-to-grid")
_GENERATOR = ((30, "ENPWR_STATE_OPER_GEN_CLOSE"), 22, "multimode-offgrid")


@dataclass
class ServiceLeg:
    """What is wrong with one leg of the service."""

    #: volts above what it should have; far below zero is a dead leg
    volts_offset: float = 0.0


class UtilityGrid:
    """The grid as it arrives at the house."""

    def __init__(self, site: HomeHardware, seed: int) -> None:
        self._volts, self._hertz = site.volts, site.hertz
        self.up = True
        self.hertz_offset = 0.0
        self.legs = [ServiceLeg() for _ in range(site.legs)]
        self._drifts = [SmoothNoise(seed, f"leg {index}", 420) for index in range(site.legs)]
        self._frequency = SmoothNoise(seed, "frequency", 20)

    @property
    def good(self) -> bool:
        """Whether a switch may stay connected to it."""
        low, high = (_TRIP_LOW - 1) * self._volts, (_TRIP_HIGH - 1) * self._volts
        return (
            self.up
            and abs(self.hertz_offset) <= _TRIP_HERTZ
            and all(low <= leg.volts_offset <= high for leg in self.legs)
        )

    def measured(self, now: float, kilowatts: float) -> tuple[LegReading, ...]:
        """Return the legs at the house, which draws these kilowatts from the grid."""
        hertz = self._hertz + self.hertz_offset
        hertz += _WANDER_HERTZ * (2 * self._frequency.at(now) - 1)
        return tuple(
            LegReading(
                max(
                    0.0,
                    self._volts * (1 + _WANDER_VOLTS * (2 * drift.at(now) - 1) - _SAG * kilowatts)
                    + leg.volts_offset,
                ),
                hertz,
            )
            for leg, drift in zip(self.legs, self._drifts, strict=True)
        )


class GridSwitch:
    """The switch towards the grid, and its reported state."""

    def __init__(self, *, installed: bool) -> None:
        """Create it closed; a house without one is always connected."""
        self.installed = installed
        self.commanded: SwitchPosition = "closed"
        #: state that it cannot leave
        self.stuck: SwitchPosition | None = None
        #: it opens and closes after so many seconds, again and again; 0 does not
        self.flap_seconds = 0.0
        self.reconnect_seconds = RECONNECT_SECONDS
        self.communicating = True
        self.frozen = False
        #: overrides of reported values, by field of `GridSwitchState`
        self.overrides: dict[str, Any] = {}
        #: how it is
        self.closed = True
        #: since when the grid has been good; None while it is not
        self._good_since: float | None = -inf
        self._commanded_before: SwitchPosition = "closed"
        self._commanded_at = -inf
        self._flapping_since: float | None = None
        self._reported = 0
        self._kept: GridSwitchState | None = None

    def update(self, now: float, *, good: bool) -> None:
        """Open or close by what holds at `now` (epoch seconds); `good` is the grid."""
        if not good:
            self._good_since = None
        elif self._good_since is None:
            self._good_since = now
        if self.commanded != self._commanded_before:
            self._commanded_before, self._commanded_at = self.commanded, now
        if not self.flap_seconds:
            self._flapping_since = None
        elif self._flapping_since is None:
            self._flapping_since = now
        self.closed = self._decided(now)

    def _decided(self, now: float) -> bool:
        if not self.installed:
            return True
        if self.stuck is not None:
            return self.stuck == "closed"
        if self.commanded == "open" or self._good_since is None:
            return False
        if self._flapping_since is not None:
            return int((now - self._flapping_since) // self.flap_seconds) % 2 == 1
        return self.closed or now >= self._closes_at()

    def _closes_at(self) -> float:
        assert self._good_since is not None
        return max(self._good_since + self.reconnect_seconds, self._commanded_at + _SYNCHRONISE)

    def events(self, now: float) -> Iterator[float]:
        """Yield when it may do something by itself next (epoch seconds)."""
        if self._good_since is not None and not self.closed and self.commanded == "closed":
            yield self._closes_at()
        if self._flapping_since is not None:
            passed = (now - self._flapping_since) // self.flap_seconds
            yield self._flapping_since + (passed + 1) * self.flap_seconds

    def report(self, now: float) -> None:
        """Report if its turn has come and it can."""
        if self.communicating and not self.frozen:
            self._reported = max(self._reported, int(now // _INTERVAL) * _INTERVAL)

    def show(self, air: float, clock: int, *, generating: bool) -> GridSwitchState:
        """Return what the gateway knows of it.

        `clock` is how many seconds the gateway's clock is ahead; air temperature in °C.
        """
        if (self.frozen or not self.communicating) and self._kept is not None:
            state = self._kept
        else:
            state = self._kept = self._truth(air, generating=generating)
        changes = {"communicating": self.communicating, "reported": self._reported + clock}
        return replace(state, **changes | self.overrides)

    def _truth(self, air: float, *, generating: bool) -> GridSwitchState:
        admin, inner, mode = self._modes(generating=generating)
        warm = 22.0 + 0.5 * (air - 15.0)
        return GridSwitchState(
            reported=self._reported,
            commanded=self.commanded,
            actual="closed" if self.closed else "open",
            admin=admin,
            inner_state=inner,
            grid_mode=mode,
            battery_grid_mode=mode if self.closed else "multimode-offgrid",
            fahrenheit=round(warm * 9 / 5 + 32),
            celsius=round(warm + 12),
            collar_admin=(88, "ENCMN_MDE_ON_GRID") if self.closed else (89, "ENCMN_MDE_OFF_GRID"),
            collar_grid_state="on_grid" if self.closed else "off_grid",
        )

    def _modes(self, *, generating: bool) -> tuple[tuple[int, str], int, str]:
        if self.closed:
            return _CLOSED
        if generating:
            return _GENERATOR
        if self.commanded == "open":
            return _BY_COMMAND
        return _NO_GRID if self._good_since is None else _WAITING
