"""Draws a recorded day: power flows and state of charge.

    enphase-exporter record --scenario=sunny-day --interval=2m --output=day.om
    python -m tools.plot_day day.om docs/a-day.png

Above, what feeds the house is stacked, and what it does not use is stacked below the line.
"""

import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib as mpl
from matplotlib import dates, pyplot

from exporter.simulator.scenario import Scenario, find_scenario
from grafana.kit import colours
from tools.plot_story import Series, local, read, whole

_SUN, _NET = "enphase_production_watts", "enphase_net_consumption_watts"
_BATTERY, _SOC = "enphase_storage_watts", "enphase_storage_soc_ratio"
_RESERVE = "enphase_storage_reserve_soc_ratio"
_METRICS = frozenset({_SUN, _NET, _BATTERY, _SOC, _RESERVE})
#: in the colours of the dashboards
_COLORS = {
    "solar": colours.SOLAR,
    "house": colours.HOUSE,
    "charging": colours.CHARGE,
    "discharging": colours.DISCHARGE,
    "to the grid": colours.EXPORT,
    "from the grid": colours.IMPORT,
}
_QUIET = "#566270"


def draw(series: Series, scenario: Scenario, output: Path) -> None:
    """Draw everything into a PNG file."""
    zone = ZoneInfo(scenario.site.timezone)
    times = [time for time, _ in series[_SUN, ""]]
    where = [local(time, zone) for time in times]
    sun, net, battery = (
        [value / 1000 for value in whole(series[name, ""], times)]
        for name in (_SUN, _NET, _BATTERY)
    )
    house = [max(0.0, a + b + c) for a, b, c in zip(sun, net, battery, strict=True)]
    mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, (flow, charge) = pyplot.subplots(
        2, 1, figsize=(11, 5.6), sharex=True, height_ratios=(3, 1), constrained_layout=True
    )
    given = {
        "solar": [max(0.0, watts) for watts in sun],
        "discharging": [max(0.0, watts) for watts in battery],
        "from the grid": [max(0.0, watts) for watts in net],
    }
    taken = {
        "house": [-watts for watts in house],
        "charging": [min(0.0, watts) for watts in battery],
        "to the grid": [min(0.0, watts) for watts in net],
    }
    for parts in (given, taken):
        colors = [_COLORS[name] for name in parts]
        flow.stackplot(where, *parts.values(), colors=colors, linewidth=0)
    flow.axhline(0, color=_QUIET, linewidth=0.8)
    flow.set_ylabel("given above, taken below (kW)")
    flow.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    for name, color in _COLORS.items():
        flow.fill_between([], [], color=color, label=name)
    flow.legend(loc="upper right", ncols=3, frameon=False)
    flow.set_title(scenario.title, loc="left", color=_QUIET)
    percent = [100 * value for value in whole(series[_SOC, ""], times)]
    charge.fill_between(where, percent, color=colours.DISCHARGE, alpha=0.25, linewidth=0)
    charge.plot(where, percent, color=colours.DISCHARGE)
    reserve = [100 * value for value in whole(series[_RESERVE, ""], times)]
    charge.plot(where, reserve, color=_QUIET, linewidth=0.9, linestyle="--")
    charge.annotate("reserve", (where[0], reserve[-1] + 3), color=_QUIET, fontsize=8)
    charge.set_ylim(0, 105)
    charge.set_ylabel("charge (%)")
    charge.set_xlim(where[0], where[-1])
    charge.xaxis.set_major_locator(dates.HourLocator(interval=3, tz=zone))
    charge.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=zone))
    figure.savefig(output, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    draw(read(Path(sys.argv[1]), _METRICS), find_scenario("sunny-day"), Path(sys.argv[2]))
