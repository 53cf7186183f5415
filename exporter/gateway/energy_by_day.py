"""Energy by day, from guarded counters and the time zone of the site.

The gateway's own figures of today and of the last week reset late, jump, and have been seen to be
the lifetime. They only help on the day the exporter starts, for what came before it, and only when
they can be true.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from exporter.gateway.site_limits import Side, SiteLimits
from exporter.gateway.state_model import DayState

#: seconds; over a longer gap in the readings nobody knows what was before midnight
_LONGEST_GAP = 3600.0
#: seconds after midnight in which the gateway may still show yesterday's figure
_LATE_RESET = 5400.0
_WEEK = 7
#: Wh; slack of all comparisons
_SLACK = 100.0


@dataclass(frozen=True, slots=True)
class GatewayFigures:
    """What the gateway says of a counter in Wh; None where it says nothing."""

    today: float | None = None
    last_7_days: float | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """The energy of today, yesterday and the seven days before today, in Wh; None is unknown."""

    today: float | None
    yesterday: float | None
    last_7_days: float | None


class EnergyByDay:
    """The energies by day of one gateway; `states` is remembered by the caller."""

    def __init__(
        self,
        states: dict[str, DayState],
        limits: SiteLimits,
        zone: Callable[[], tzinfo | None],
    ) -> None:
        self._states = states
        self._limits = limits
        self._zone = zone

    def update(
        self,
        key: str,
        position: float,
        now: float,
        side: Side,
        figures: GatewayFigures,
        *,
        signed: bool = False,
    ) -> Days:
        """Take the position of a counter (Wh) at `now` (epoch seconds); return its days.

        `signed` is the position of a balance, which can also fall.
        """
        zone = self._zone()
        week = self._plausible_week(figures, position, side, signed=signed)
        if zone is None:
            today = self._plausible_today(figures, position, 86400.0, side, signed=signed)
            return Days(today, None, week)
        local = datetime.fromtimestamp(now, zone)
        day = local.date().toordinal()
        state = self._states.get(key)
        if state is None or day < state.day or now < state.at:
            state = self._states[key] = DayState(day, position, now)
        elif day > state.day:
            _turn_pages(state, day, position, now, zone)
        elapsed = now - _midnight(day, zone)
        if state.start is None and elapsed > _LATE_RESET:
            today = self._plausible_today(figures, position, elapsed, side, signed=signed)
            state.start = None if today is None else position - today
        state.last, state.at = position, now
        complete = [value for value in state.history[:_WEEK] if value is not None]
        return Days(
            None if state.start is None else position - state.start,
            state.history[0] if state.history else None,
            sum(complete) if len(complete) == _WEEK else week,
        )

    def _plausible_today(
        self, figures: GatewayFigures, position: float, elapsed: float, side: Side, *, signed: bool
    ) -> float | None:
        """Return the gateway's figure of today when it can be true so long after midnight."""
        today = figures.today
        if today is None or not math.isfinite(today) or _is_lifetime(figures, position):
            return None
        most = self._limits.watt_hours(side, elapsed) + _SLACK
        least = -most if signed else 0.0
        return today if least <= today <= most else None

    def _plausible_week(
        self, figures: GatewayFigures, position: float, side: Side, *, signed: bool
    ) -> float | None:
        week = figures.last_7_days
        if week is None or not math.isfinite(week) or _is_lifetime(figures, position):
            return None
        most = self._limits.watt_hours(side, _WEEK * 86400.0) + _SLACK
        least = -most if signed else 0.0
        return week if least <= week <= most else None


def _is_lifetime(figures: GatewayFigures, position: float) -> bool:
    """Return whether the gateway shows one and the same figure for everything."""
    return figures.today == figures.last_7_days and abs(figures.today or 0.0) > _SLACK


def _turn_pages(state: DayState, day: int, position: float, now: float, zone: tzinfo) -> None:
    """Close the days before `day`."""
    midnight = _midnight(state.day + 1, zone)
    first = _position_at(state, midnight, position, now)
    closed = None if first is None or state.start is None else first - state.start
    history = [closed, *state.history]
    if day == state.day + 1:
        state.start = first
    else:
        # Days without a reading: nothing is known of them, unless nothing moved.
        still = 0.0 if position == state.last else None
        history = [*[still] * min(day - state.day - 1, _WEEK), *history]
        state.start = position if still is not None else None
    state.day, state.history = day, history[:_WEEK]


def _position_at(state: DayState, moment: float, position: float, now: float) -> float | None:
    """Return the position at a moment between the last reading and this one, if it is known."""
    if position == state.last:
        return position
    if now - state.at > _LONGEST_GAP:
        return None
    share = (moment - state.at) / (now - state.at)
    return state.last + (position - state.last) * min(1.0, max(0.0, share))


def _midnight(day: int, zone: tzinfo) -> float:
    return datetime.combine(date.fromordinal(day), time(), zone).timestamp()
