"""The picture of what flows where: sun, grid, batteries and house around a crossing.

Every amount stands there in words too, so nothing hangs on colour or motion.
"""

from dataclasses import dataclass
from typing import Literal

from exporter.status.formatting import grid_flow, percent, power, storage_activity
from exporter.status.models import GatewayStatus
from exporter.web.markup import Markup, element

#: below this nothing flows (W)
_LEAST = 5.0
_CENTRE = (180, 160)
_RADIUS = 44

_ICONS = {
    "solar": (
        "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM12 1v3M12 20v3M1 12h3M20 12h3"
        "M4.2 4.2l2.1 2.1M17.7 17.7l2.1 2.1M4.2 19.8l2.1-2.1M17.7 6.3l2.1-2.1"
    ),
    "grid": "M8 23l4-21 4 21M5 7h14M6.5 7l-3 4M17.5 7l3 4M7 12h10M9.3 16h5.4M9 17l6 5M15 17l-6 5",
    "house": "M3 11.5L12 3l9 8.5M5.5 10v11h13V10M10 21v-6h4v6",
    "battery": "M8 4h8v18H8zM10.5 1.5h3V4h-3zM12.8 8l-3 5h4.4l-3 5",
}

Part = Literal["solar", "grid", "house", "battery"]


@dataclass(frozen=True, slots=True)
class _Node:
    """One of the four; `inward` is the power towards the crossing in W."""

    part: Part
    at: tuple[int, int]
    name: str
    value: str
    note: str
    inward: float | None
    broken: bool = False
    #: charge as a share, drawn as a ring
    ring: float | None = None


def flow(status: GatewayStatus) -> Markup:
    """Return the picture as SVG."""
    nodes = _nodes(status)
    height = 342 if len(nodes) == 4 else 226
    told = "; ".join(f"{node.name}: {node.value}, {node.note}".rstrip(", ") for node in nodes)
    most = max((abs(node.inward) for node in nodes if node.inward is not None), default=0.0)
    return element(
        "svg",
        element("title", f"Power now. {told}."),
        [_line(node, most) for node in nodes],
        element("circle", cx=_CENTRE[0], cy=_CENTRE[1], r=7, class_="hub"),
        [_circle(node) for node in nodes],
        viewBox=f"0 0 360 {height}",
        role="img",
        class_="flow",
    )


def _nodes(status: GatewayStatus) -> list[_Node]:
    now, storage = status.power, status.storage
    solar = None if now.solar_watts is None else max(0.0, now.solar_watts)
    house = now.house_watts
    off = status.grid.connected is False
    grid_note, grid_value = "", power(now.grid_watts)
    if off:
        grid_note = "off grid"
    elif now.grid_watts is not None:
        grid_note = "idle" if abs(now.grid_watts) < _LEAST else _direction(now.grid_watts)
    nodes = [
        _Node("solar", (180, 48), "Solar", _value(solar), "", solar),
        _Node(
            "grid",
            (50, 160),
            "Grid",
            "off" if off else _short(grid_value),
            grid_note,
            0.0 if off else now.grid_watts,
            broken=off,
        ),
        _Node("house", (310, 160), "House", _value(house), "", None if house is None else -house),
    ]
    if storage is not None:
        watts = now.storage_watts
        nodes.append(
            _Node(
                "battery",
                (180, 272),
                "Batteries",
                _value(watts),
                f"{percent(storage.soc_ratio)}, {storage_activity(watts)}",
                watts,
                ring=storage.soc_ratio,
            )
        )
    return nodes


def _direction(watts: float) -> str:
    return grid_flow(watts).removeprefix(power(watts)).strip()


def _value(watts: float | None) -> str:
    return _short(power(watts))


def _short(told: str) -> str:
    return "?" if told == power(None) else told


def _line(node: _Node, most: float) -> Markup:
    (x, y), (cx, cy) = node.at, _CENTRE
    dx, dy = (cx > x) - (cx < x), (cy > y) - (cy < y)
    x1, y1 = x + dx * _RADIUS, y + dy * _RADIUS
    line = {"x1": x1, "y1": y1, "x2": cx - dx * 7, "y2": cy - dy * 7}
    if node.broken:
        mx, my = (x1 + cx) / 2, (y1 + cy) / 2
        return element(
            "g",
            element("line", **line, class_="wire"),
            element("path", d=f"M{mx - 8} {my - 8}l16 16M{mx - 8} {my + 8}l16 -16", class_="cut"),
        )
    if node.inward is None or abs(node.inward) < _LEAST:
        return element("line", **line, class_="wire")
    width = 3 + round(5 * (abs(node.inward) / most) ** 0.5, 1)
    inward = node.inward > 0
    # The arrow points the way the power goes, and so do the dashes that run along the wire.
    way = 1 if inward else -1
    mx, my = (x1 + cx - dx * 7) / 2, (y1 + cy - dy * 7) / 2
    px, py = dx * way * 11, dy * way * 11
    arrow = f"M{mx + px} {my + py}L{mx - px + py} {my - py + px}L{mx - px - py} {my - py - px}z"
    return element(
        "g",
        element(
            "line", **line, class_=f"wire live {'in' if inward else 'out'}", stroke_width=width
        ),
        element("path", d=arrow, class_="arrow"),
        class_=f"of-{node.part}{'' if inward else ' outward'}",
    )


def _manner(node: _Node) -> str:
    """Return how the circle differs: no connection, or power that goes out to the grid."""
    if node.broken:
        return "broken"
    return "outward" if node.inward is not None and node.inward <= -_LEAST else ""


def _circle(node: _Node) -> Markup:
    x, y = node.at
    ring = None
    if node.ring is not None:
        ring = element(
            "circle",
            cx=x,
            cy=y,
            r=_RADIUS,
            class_="ring",
            pathLength=100,
            stroke_dasharray=f"{100 * node.ring:.0f} 100",
            transform=f"rotate(-90 {x} {y})",
        )
    return element(
        "g",
        element("circle", cx=x, cy=y, r=_RADIUS, class_="node"),
        ring,
        element(
            "path",
            d=_ICONS[node.part],
            class_="icon",
            transform=f"translate({x - 10} {y - 34}) scale(.84)",
        ),
        element("text", node.value, x=x, y=y + 9, class_="value"),
        element("text", node.name, x=x, y=y + 26, class_="name"),
        element("text", node.note, x=x, y=y + 62, class_="note") if node.note else None,
        class_=" ".join(filter(None, (f"of-{node.part}", _manner(node)))),
    )
