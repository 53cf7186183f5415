"""The drawing of what flows where: sun, grid, batteries and house around a junction.

Here is the geometry; templates/power_flow.svg.j2 draws it. Every amount is written out in words
too, so nothing depends on colour or motion.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from exporter.status.formatting import (
    IDLE_WATTS,
    grid_flow,
    percent,
    power,
    storage_activity,
)
from exporter.status.models import GatewayStatus
from exporter.web.rendering import render

_CENTRE = (180, 160)
_RADIUS = 44
#: radius of the junction
_HUB = 7

_ICONS = {
    "solar": (
        "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 1v3M12 20v3M1 12h3M20 12h3"
        "M4.2 4.2l2.1 2.1M17.7 17.7l2.1 2.1M4.2 19.8l2.1-2.1M17.7 6.3l2.1-2.1"
    ),
    "grid": "M8 23l4-21 4 21M5 7h14M6.5 7l-3 4M17.5 7l3 4M7 12h10M9.3 16h5.4M9 17l6 5M15 17l-6 5",
    "generator": "M2 8h15v11H2zM17 11h4v5h-4M5 8V5h6v3M6 19v3M13 19v3M10.5 10l-2.5 4h3.5l-2 3.5",
    "house": "M3 11.5L12 3l9 8.5M5.5 10v11h13V10M10 21v-6h4v6",
    "battery": "M8 4h8v18H8zM10.5 1.5h3V4h-3zM12.8 8l-3 5h4.4l-3 5",
}

Part = Literal["solar", "grid", "generator", "house", "battery"]


@dataclass(frozen=True, slots=True)
class Node:
    """One of the four; `inward` is the power towards the junction in W."""

    part: Part
    x: int
    y: int
    name: str
    value: str
    note: str
    inward: float | None
    broken: bool = False
    #: charge in percent, drawn as a ring
    ring: float | None = None

    @property
    def icon(self) -> str:
        """The path of its symbol."""
        return _ICONS[self.part]

    @property
    def live(self) -> bool:
        """Whether power flows."""
        return not self.broken and self.inward is not None and abs(self.inward) >= IDLE_WATTS

    @property
    def outward(self) -> bool:
        """Whether power flows from the junction to it."""
        return self.live and (self.inward or 0.0) < 0


@dataclass(frozen=True, slots=True)
class Wire:
    """The line from a node to the junction, and an arrow or a cut in its middle."""

    node: Node
    x1: int
    y1: int
    x2: int
    y2: int
    width: float
    arrow: str
    cut: str


def power_flow(status: GatewayStatus) -> Markup:
    """Return the drawing as SVG."""
    nodes = list(_nodes(status))
    most = max((abs(node.inward) for node in nodes if node.inward is not None), default=0.0)
    return render(
        "power_flow.svg.j2",
        nodes=nodes,
        wires=[_wire(node, most) for node in nodes],
        centre=_CENTRE,
        hub=_HUB,
        radius=_RADIUS,
        height=342 if len(nodes) == 4 else 236,
    )


def _nodes(status: GatewayStatus) -> Iterator[Node]:
    now, storage = status.power, status.storage
    solar = None if now.solar_watts is None else max(0.0, now.solar_watts)
    yield Node("solar", 180, 48, "Solar", _value(solar), "", solar)
    if status.grid.connected is False and status.generator and status.generator.running:
        watts = now.generator_watts
        yield Node("generator", 50, 160, "Generator", _value(watts), "running", watts)
    elif status.grid.connected is False:
        yield Node("grid", 50, 160, "Grid", "off", "off grid", 0.0, broken=True)
    else:
        value, note = _grid(now.grid_watts, measured=status.measured)
        yield Node("grid", 50, 160, "Grid", value, note, now.grid_watts)
    house = now.house_watts
    unmeasured = "not measured" if house is None and not status.measured else ""
    yield Node(
        "house", 310, 160, "House", _value(house), unmeasured, None if house is None else -house
    )
    if storage is not None:
        watts, soc = now.storage_watts, storage.soc_ratio
        note = ", ".join(dict.fromkeys((percent(soc), storage_activity(watts))))
        ring = None if soc is None else 100 * soc
        yield Node("battery", 180, 272, "Batteries", _value(watts), note, watts, ring=ring)


def _grid(watts: float | None, *, measured: bool) -> tuple[str, str]:
    if watts is None:
        return "?", "" if measured else "not measured"
    if abs(watts) < IDLE_WATTS:
        return power(watts), "idle"
    return power(watts), grid_flow(watts).removeprefix(power(watts)).strip()


def _value(watts: float | None) -> str:
    return "?" if watts is None else power(watts)


def _wire(node: Node, most: float) -> Wire:
    cx, cy = _CENTRE
    dx, dy = (cx > node.x) - (cx < node.x), (cy > node.y) - (cy < node.y)
    x1, y1 = node.x + dx * _RADIUS, node.y + dy * _RADIUS
    x2, y2 = cx - dx * _HUB, cy - dy * _HUB
    mx, my = (x1 + x2) / 2, (y1 + y2) / 2
    # The arrow points the way the power goes.
    direction = -11 if node.outward else 11
    px, py = dx * direction, dy * direction
    share = abs(node.inward) / most if node.inward is not None and most else 0.0
    return Wire(
        node,
        x1,
        y1,
        x2,
        y2,
        width=3 + round(5 * share**0.5, 1),
        arrow=f"M{mx + px} {my + py}L{mx - px + py} {my - py + px}L{mx - px - py} {my - py - px}z",
        cut=f"M{mx - 8} {my - 8}l16 16M{mx - 8} {my + 8}l16 -16",
    )
