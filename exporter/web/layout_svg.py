"""Panels drawn where they are on the roof, as configured, in the owner's unit.

The layout is stretched until no panel covers another: counted in panels, measured in metres, or
with every second row shifted by half, all end up side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from exporter.status.device_models import PanelStatus
from exporter.status.formatting import power
from exporter.web.rendering import nbsp_units, render

Position = tuple[float, float]

#: pixels that a panel takes, and of them those between two
_WIDTH, _HEIGHT, _GAP = 60, 44, 4
#: a layout is at most this many panels wide and high; what is closer together overlaps
_MAX_EXTENT = 60.0
#: panels side by side that a phone shows large enough to read; a wider layout scrolls there
_READABLE_COLUMNS = 8
#: characters of a name that fit
_NAME_LENGTH = 9
_ALARMING = frozenset({"silent", "missing"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel at a position in pixels."""

    panel: PanelStatus
    x: float
    y: float

    @property
    def short_name(self) -> str:
        """As much of its name as fits."""
        name = display_name(self.panel)
        return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"


def power_text(panel: PanelStatus) -> str:
    """Return the power of a panel, or why that is not known."""
    return panel.state if panel.watts is None else nbsp_units(power(panel.watts))


def display_name(panel: PanelStatus) -> str:
    """Return the name of a panel, or the end of its serial number."""
    return panel.name or f"…{panel.serial[-4:]}"


def colour_class(panel: PanelStatus) -> str:
    """Return the class that gives a panel its colour: the deeper, the nearer to its best."""
    if panel.state in _ALARMING:
        return panel.state
    share = 0
    if panel.watts and panel.max_watts:
        share = max(0, min(10, round(10 * panel.watts / panel.max_watts)))
    return f"l{share}"


def partition_placed(
    panels: Sequence[PanelStatus],
) -> tuple[list[PanelStatus], list[PanelStatus]]:
    """Return the panels that have a position, and the others."""
    placed: list[PanelStatus] = []
    rest: list[PanelStatus] = []
    for panel in panels:
        (rest if panel.x is None or panel.y is None else placed).append(panel)
    return placed, rest


def layout(array: str, panels: Sequence[PanelStatus]) -> Markup:
    """Return the drawing of panels that all have a position."""
    positions = normalise([(panel.x or 0.0, panel.y or 0.0) for panel in panels])
    width = _WIDTH * (1 + max(x for x, _ in positions))
    return render(
        "layout.svg.j2",
        title=f"{array or 'Panels'} seen from above",
        reporting=sum(panel.watts is not None for panel in panels),
        placed=[
            Placed(panel, _GAP / 2 + _WIDTH * x, _GAP / 2 + _HEIGHT * y)
            for panel, (x, y) in zip(panels, positions, strict=True)
        ],
        width=width,
        height=_HEIGHT * (1 + max(y for _, y in positions)),
        cell=(_WIDTH - _GAP, _HEIGHT - _GAP),
        wide=width > _READABLE_COLUMNS * _WIDTH,
        power_text=power_text,
        display_name=display_name,
        colour_class=colour_class,
    )


def normalise(positions: Sequence[Position]) -> list[Position]:
    """Return columns from the left and rows from the top, so that neighbours are one apart.

    Positions are to the right and upwards, in any unit. Two of them are apart when they differ by
    one column or by one row; where some are nearly the same, they stay on top of each other.
    """
    left, top = min(x for x, _ in positions), max(y for _, y in positions)
    moved = [(x - left, top - y) for x, y in positions]
    extent = max(max(x, y) for x, y in moved)
    scale = min(_scale(moved), _MAX_EXTENT / extent) if extent else 0.0
    return [(x * scale, y * scale) for x, y in moved]


def _scale(positions: Sequence[Position]) -> float:
    """Return by how much to stretch positions so that the closest two are one apart."""
    ordered = sorted(positions)
    scale = 0.0
    for index, (x, y) in enumerate(ordered):
        for other_x, other_y in ordered[index + 1 :]:
            # those further right are apart already
            if (other_x - x) * scale >= 1:
                break
            distance = max(other_x - x, abs(other_y - y))
            if distance > 0:
                scale = max(scale, 1 / distance)
    return scale
