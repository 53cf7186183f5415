"""Panels drawn where they lie, as the configuration places them; the unit of that is the owner's.

The plan is stretched until no panel covers another: counted in panels, measured in metres, or with
every second row shifted by half, all come out side by side.
"""

from collections.abc import Sequence

from exporter.status.formatting import power
from exporter.status.models import PanelStatus
from exporter.web.markup import Markup, element, unbroken

Place = tuple[float, float]

#: pixels that a panel takes, and of them those between two
_WIDTH, _HEIGHT, _GAP = 60, 44, 4
#: a plan is at most so many panels wide and high; what lies closer than that allows overlaps
_LARGEST = 60.0
#: panels side by side that a phone shows large enough to read; a wider plan is scrolled there
_READABLE = 8
#: of a name there is room for so much
_LETTERS = 9
_ALARMING = frozenset({"silent", "missing"})


def told(panel: PanelStatus) -> str:
    """Return what a panel gives, or why that is not known."""
    return panel.state if panel.watts is None else unbroken(power(panel.watts))


def called(panel: PanelStatus) -> str:
    """Return the name of a panel, or the end of its serial number."""
    return panel.name or f"…{panel.serial[-4:]}"


def colour(panel: PanelStatus) -> str:
    """Return the class that gives a panel its colour: the deeper, the nearer to its best."""
    if panel.state in _ALARMING:
        return panel.state
    share = 0
    if panel.watts and panel.max_watts:
        share = max(0, min(10, round(10 * panel.watts / panel.max_watts)))
    return f"l{share}"


def parted(found: Sequence[PanelStatus]) -> tuple[list[PanelStatus], list[PanelStatus]]:
    """Return those that have a place, and the others."""
    placed: list[PanelStatus] = []
    rest: list[PanelStatus] = []
    for panel in found:
        (rest if panel.x is None or panel.y is None else placed).append(panel)
    return placed, rest


def plan(array: str, found: Sequence[PanelStatus]) -> Markup:
    """Return the drawing of panels that all have a place."""
    places = spread([(panel.x or 0.0, panel.y or 0.0) for panel in found])
    width = _WIDTH * (1 + max(x for x, _ in places))
    height = _HEIGHT * (1 + max(y for _, y in places))
    heard = sum(panel.watts is not None for panel in found)
    title = f"{array or 'Panels'} seen from above"
    drawing = element(
        "svg",
        map(_panel, found, places),
        role="img",
        aria_label=f"{title}: {heard} of {len(found)} report",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        class_="plan",
    )
    if width <= _READABLE * _WIDTH:
        return drawing
    # what scrolls has to be reached by the keyboard too
    return element(
        "div", drawing, class_="broad", role="region", aria_label=f"{title}, wide", tabindex=0
    )


def _panel(panel: PanelStatus, place: Place) -> Markup:
    x, y = place
    name = called(panel)
    short = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
    middle = (_WIDTH - _GAP) // 2
    return element(
        "g",
        element("title", f"{name}, serial {panel.serial}: {told(panel)}"),
        element("rect", width=_WIDTH - _GAP, height=_HEIGHT - _GAP, rx=6),
        element("text", told(panel), x=middle, y=18, class_="value"),
        element("text", short, x=middle, y=32),
        transform=f"translate({_GAP / 2 + _WIDTH * x:.0f} {_GAP / 2 + _HEIGHT * y:.0f})",
        class_=colour(panel),
    )


def spread(places: Sequence[Place]) -> list[Place]:
    """Return columns from the left and rows from the top, so that neighbours are one apart.

    Places are to the right and upwards, in any unit. Two of them are apart when they differ by one
    column or by one row; where some are all but the same, they stay upon each other.
    """
    left, top = min(x for x, _ in places), max(y for _, y in places)
    moved = [(x - left, top - y) for x, y in places]
    extent = max(max(x, y) for x, y in moved)
    scale = min(_needed(moved), _LARGEST / extent) if extent else 0.0
    return [(x * scale, y * scale) for x, y in moved]


def _needed(places: Sequence[Place]) -> float:
    """Return by how much to stretch places so that the closest two are one apart."""
    found = sorted(places)
    scale = 0.0
    for index, (x, y) in enumerate(found):
        for other_x, other_y in found[index + 1 :]:
            # those further right are apart already
            if (other_x - x) * scale >= 1:
                break
            distance = max(other_x - x, abs(other_y - y))
            if distance > 0:
                scale = max(scale, 1 / distance)
    return scale
