"""The drawings of what was: 24 hours of power as curves, and 30 days on grid, off grid or blind.

Here is the geometry; the templates draw it. What is drawn is also written in words.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from exporter.status.formatting import duration, percent, power
from exporter.status.history import BUCKET_SECONDS, BUCKETS, Day, History
from exporter.web.rendering import render

_WIDTH, _HEIGHT = 720.0, 200.0
#: seconds of a day that were neither seen nor missed: before the exporter was first started
_LEAST_SECONDS = 60.0
_DAY = 86400.0
#: points of a curve before it is worth looking at
_LEAST_POINTS = 3
#: about how many steps the scale has, and how small one may be (W): a dark night is a flat line
_LEVELS, _LEAST_STEP = 6, 50.0
#: curves in the order in which they are drawn, with their names and whether the area is filled
_CURVES = (
    ("solar_watts", "Solar", "solar", True),
    ("house_watts", "House", "house", False),
    ("grid_watts", "Grid (above zero: from the grid)", "grid", False),
    ("storage_watts", "Batteries (above zero: discharging)", "battery", False),
)
#: hours between two marks of the time
_TICK_HOURS = 4

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: its paths, one for each stretch without a gap."""

    name: str
    part: str
    lines: tuple[str, ...]
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: the shares of it as tops and heights in percent, by state."""

    x: float
    title: str
    parts: tuple[tuple[str, float, float], ...]


def day_curve(history: History, now: float) -> Markup | None:
    """Return the last 24 hours as SVG; None while there is not enough to draw."""
    series = {name: history.curve(name, now) for name, *_ in _CURVES if history.detailed}
    values = [v for points in series.values() for _, v in points if v is not None]
    if all(sum(v is not None for _, v in points) < _LEAST_POINTS for points in series.values()):
        return None
    levels = _levels(min(*values, 0.0), max(*values, 0.0))
    bottom, top = levels[0], levels[-1]
    scale = _Scale(now, top, bottom)
    curves = [
        Curve(name, part, *_paths(series[key], scale, filled=filled))
        for key, name, part, filled in _CURVES
        if any(value is not None for _, value in series[key])
    ]
    return render(
        "day_curve.svg.j2",
        width=_WIDTH,
        height=_HEIGHT,
        curves=curves,
        outages=list(_bands(history.curve("connected", now), scale)),
        levels=[
            (round(100 * scale.y(level) / _HEIGHT, 2), _signed(level) if level else "0")
            for level in levels
        ],
        hours=[(round(100 * x / _WIDTH, 2), text) for x, text in _hours(history, now, scale)],
        title=_in_words(series),
    )


def month_strip(history: History, now: float, *, has_switch: bool) -> Markup | None:
    """Return the last 30 days as SVG; None while there is nothing to draw."""
    days = history.days(now) if history.detailed else []
    seen = [day for _, day in days if _seconds(day) >= _LEAST_SECONDS]
    if not seen:
        return None
    on = "on grid" if has_switch else "answering"
    bars = []
    for number, (date, day) in enumerate(days):
        states = ", ".join(f"{state} {duration(seconds)}" for state, seconds in _states(day, on))
        bars.append(Bar(number, f"{date:%d %b}: {states or 'not recorded'}", _stack(day)))
    total = Day(*(sum(getattr(day, name) for day in seen) for name in Day.__slots__))
    sums = ", ".join(f"{state} {duration(seconds)}" for state, seconds in _states(total, on))
    return render(
        "month_strip.svg.j2",
        bars=bars,
        first=f"{days[0][0]:%d %b}",
        on=on,
        off_grid=has_switch,
        title=f"Last 30 days: {sums}",
        seen=percent(1 - total.blind / _seconds(total)),
    )


class _Scale:
    """From times and watts to pixels."""

    def __init__(self, now: float, top: float, bottom: float) -> None:
        newest = int(now // BUCKET_SECONDS) * BUCKET_SECONDS
        self.start = newest - (BUCKETS - 1) * BUCKET_SECONDS
        self._end = newest + BUCKET_SECONDS
        self._top, self._bottom = top, bottom

    def x(self, stamp: float) -> float:
        """Return the pixel of a time."""
        return round(_WIDTH * (stamp - self.start) / (self._end - self.start), 1)

    def y(self, watts: float) -> float:
        """Return the pixel of a power."""
        return round(_HEIGHT * (self._top - watts) / (self._top - self._bottom), 1)


def _paths(
    points: Points, scale: _Scale, *, filled: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines, areas = [], []
    zero = scale.y(0.0)
    for stretch in _stretches(points):
        places = [(scale.x(stamp + BUCKET_SECONDS / 2), scale.y(watts)) for stamp, watts in stretch]
        line = "L".join(f"{x} {y}" for x, y in places)
        # A single point is a short line, so that it can be seen.
        lines.append(f"M{line}" if len(places) > 1 else f"M{line}h2")
        if filled and len(places) > 1:
            areas.append(f"M{places[0][0]} {zero}L{line}L{places[-1][0]} {zero}z")
    return tuple(lines), tuple(areas)


def _stretches(points: Points) -> Iterator[list[tuple[float, float]]]:
    stretch: list[tuple[float, float]] = []
    for stamp, value in points:
        if value is not None:
            stretch.append((stamp, value))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _bands(points: Points, scale: _Scale) -> Iterator[tuple[float, float]]:
    """Yield left edge and width of the times off the grid."""
    for stamp, value in points:
        if value is not None and value < 1:
            left = scale.x(stamp)
            yield left, round(scale.x(stamp + BUCKET_SECONDS) - left, 1)


def _hours(history: History, now: float, scale: _Scale) -> Iterator[tuple[float, str]]:
    local = history.local(scale.start).replace(minute=0, second=0, microsecond=0)
    while (stamp := local.timestamp()) <= now:
        if stamp > scale.start and local.hour % _TICK_HOURS == 0:
            yield scale.x(stamp), f"{local:%H:%M}"
        local += timedelta(hours=1)


def _levels(low: float, high: float) -> list[float]:
    """Return the lines of the scale from the lowest to the highest, the same distance apart.

    They are multiples of 1, 2 or 5 times a power of ten, and zero is one of them.
    """
    wanted = max((high - low) / _LEVELS, _LEAST_STEP)
    power_of_ten = 10.0 ** math.floor(math.log10(wanted))
    step = next(f * power_of_ten for f in (1.0, 2.0, 5.0, 10.0) if f * power_of_ten >= wanted)
    first, last = math.floor(low / step), max(math.ceil(high / step), 1)
    return [number * step for number in range(first, last + 1)]


def _in_words(series: dict[str, list[tuple[float, float | None]]]) -> str:
    parts = []
    for key, name, *_ in _CURVES:
        values = [value for _, value in series[key] if value is not None]
        if values:
            title = name.partition(" (")[0]
            parts.append(f"{title} {_signed(min(values))} to {_signed(max(values))}")
    return f"Power in the last 24 hours. {'; '.join(parts)}."


def _signed(watts: float) -> str:
    sign = "\N{MINUS SIGN}" if watts <= -1 else ""
    return f"{sign}{power(watts)}"


def _seconds(day: Day) -> float:
    return day.on_grid + day.off_grid + day.blind


def _states(day: Day, on: str) -> Iterator[tuple[str, float]]:
    for state, seconds in ((on, day.on_grid), ("off grid", day.off_grid), ("blind", day.blind)):
        if seconds >= _LEAST_SECONDS:
            yield state, seconds


def _stack(day: Day) -> tuple[tuple[str, float, float], ...]:
    """Return the parts of a bar from the top: what is short still shows."""
    parts, top = [], 100.0
    for state in ("on_grid", "off_grid", "blind"):
        seconds = getattr(day, state)
        if seconds < _LEAST_SECONDS:
            continue
        height = max(100 * min(1.0, seconds / _DAY), 0.0 if state == "on_grid" else 6.0)
        top = max(0.0, top - height)
        parts.append((state.replace("_", "-"), round(top, 1), round(height, 1)))
    return tuple(parts)
