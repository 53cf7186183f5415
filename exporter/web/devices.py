"""The batteries and the panels of a house, in HTML."""

import math
from collections.abc import Sequence

from exporter.status.formatting import ago, celsius, percent, power
from exporter.status.models import BatteryStatus, GatewayStatus, PanelStatus
from exporter.status.panels import by_array
from exporter.web.layout_svg import called, colour, parted, plan, told
from exporter.web.markup import Markup, element, section, unbroken

_TROUBLE = frozenset({"not ready", "switched off", "not heard", "missing"})


def batteries(status: GatewayStatus) -> Markup:
    """Return the strip of batteries."""
    found = status.batteries
    well = sum(battery.state not in _TROUBLE for battery in found)
    title = ("Batteries ", element("small", f"{well} of {len(found)} take part"))
    return section(title, element("ul", map(_battery, found), class_="cells"))


def _battery(battery: BatteryStatus) -> Markup:
    soc = battery.soc_ratio
    height = 0 if soc is None else 46 * soc
    state: str = battery.state
    if battery.watts is not None and state in ("charging", "discharging"):
        state = f"{state} {power(battery.watts)}"
    more = [celsius(battery.temperature_celsius)] if battery.temperature_celsius is not None else []
    if battery.led:
        more.append(f"light {battery.led}")
    return element(
        "li",
        element(
            "svg",
            element("rect", x=10, y=1, width=10, height=5, rx=2, class_="can"),
            element("rect", x=2, y=6, width=26, height=50, rx=5, class_="can"),
            element("rect", x=4, y=8 + 46 - height, width=22, height=height, rx=3, class_="juice"),
            viewBox="0 0 30 58",
            aria_hidden="true",
        ),
        element("b", "?" if soc is None else unbroken(percent(soc))),
        element(
            "p",
            element("em", unbroken(state)),
            element("br"),
            [(part, element("br")) for part in more],
            element("small", battery.serial),
        ),
        class_=f"cell{' trouble' if battery.state in _TROUBLE else ''}",
    )


def panels(status: GatewayStatus) -> Markup:
    """Return the panels by array, on a plan or side by side; the deeper in colour, the more."""
    found = status.panels
    heard = [panel for panel in found if panel.watts is not None]
    heading = f"{len(heard)} of {len(found)} report"
    if heard:
        heading += f", {power(sum(panel.watts or 0.0 for panel in heard))} together"
    return section(
        ("Panels ", element("small", heading)),
        element(
            "div",
            (_array(*each) for each in sorted(by_array(found).items(), key=_from_the_left)),
            class_="arrays",
        ),
        element("details", element("summary", "As a table"), _panel_table(status)),
    )


def _from_the_left(each: tuple[str, Sequence[PanelStatus]]) -> float:
    return min((panel.x for panel in each[1] if panel.x is not None), default=math.inf)


def _array(array: str, found: Sequence[PanelStatus]) -> Markup:
    on_plan, rest = parted(found)
    return element(
        "div",
        element("h3", array) if array else None,
        plan(array, on_plan) if on_plan else None,
        element("ul", map(_panel, rest), class_="panels") if rest else None,
        class_="array whole" if rest else "array",
    )


def _panel(panel: PanelStatus) -> Markup:
    return element("li", element("b", told(panel)), called(panel), class_=colour(panel))


def _panel_table(status: GatewayStatus) -> Markup:
    head = ("Panel", "Serial", "Power", "Best", "Last report")
    rows = (
        element(
            "tr",
            element("td", " ".join(filter(None, (panel.array, panel.name))) or "-"),
            element("td", panel.serial),
            element("td", panel.state if panel.watts is None else power(panel.watts)),
            element("td", power(panel.max_watts)),
            element("td", ago(panel.last_report_timestamp_seconds, status.timestamp_seconds)),
        )
        for panel in status.panels
    )
    return element(
        "table",
        element("thead", element("tr", (element("th", name, scope="col") for name in head))),
        element("tbody", rows),
    )
