"""IQ Relays (NSRB): they connect the inverters of European homes to the grid while it is good.

Power is not measured by a relay; whether it is closed decides whether the panels can feed in.
"""

from typing import Any

from exporter.simulator.homes.device_states import IqRelayState, LegReading, iq_relay_serial

#: seconds between two reports
_INTERVAL = 300
#: reasons why it is open: number and text
_GRID_GONE, _GRID_BAD, _WAITING = (1, "grid gone"), (3, "grid out of range"), (5, "reconnecting")
_HELD_OPEN = (9, "relay fault")


class SimulatedIqRelay:
    """One relay."""

    def __init__(self, index: int) -> None:
        self.index = index
        #: whether it stays open though the grid is good
        self.held_open = False
        self.forced = False
        self.communicating = True
        self.closed = True
        self.state_changes = 2
        #: overrides of reported values, by field of `IqRelayState`
        self.overrides: dict[str, Any] = {}
        self._reason: tuple[int, str] = (0, "")
        self._reported = 0

    def update(self, *, up: bool, good: bool, waiting: bool) -> None:
        """Open or close by the state of the grid; `waiting` until it has been good for long."""
        reason = (0, "")
        if self.held_open or self.forced:
            reason = _HELD_OPEN
        elif not up:
            reason = _GRID_GONE
        elif not good:
            reason = _GRID_BAD
        elif waiting:
            reason = _WAITING
        closed = reason == (0, "")
        self.state_changes += closed != self.closed
        self.closed, self._reason = closed, reason

    def report(self, now: float) -> None:
        """Report if it is time (epoch seconds)."""
        if self.communicating:
            self._reported = max(self._reported, int(now // _INTERVAL) * _INTERVAL)

    def state(self, legs: tuple[LegReading, ...], air: float, clock: int) -> IqRelayState:
        """Return what the gateway knows of it; `clock` is how far its clock is ahead, in s."""
        number, reason = self._reason
        values: dict[str, Any] = {
            "serial": iq_relay_serial(self.index),
            "reported": self._reported + clock,
            "closed": self.closed,
            "reason_code": number,
            "reason": reason,
            "forced": self.forced,
            "volts": tuple(leg.volts for leg in legs),
            "hertz": legs[0].hertz,
            "temperature": round(20.0 + 0.4 * (air - 15.0)),
            "state_changes": self.state_changes,
            "communicating": self.communicating,
            "conditions": self._conditions(),
        }
        return IqRelayState(**(values | self.overrides))

    def _conditions(self) -> tuple[str, ...]:
        if not self.communicating:
            return ("obs_strs.failure",)
        if self.closed:
            return ()
        forced = ("nsrb_ctrl.relayforced",) if self.forced else ()
        return ("nsrb_ctrl.relayopen", *forced)
