"""Draws the owner's story as the exporter would have recorded it.

    enphase-exporter record --scenario=owners-story --interval=1h --output=story.om
    python -m tools.plot_story story.om docs/owners-story.png

The whole of it on the left, the outage and the days after on the right.
"""

import re
import sys
from collections import defaultdict
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib as mpl
from matplotlib import dates, pyplot

from exporter.simulator.scenario import Scenario, find_scenario

_SAMPLE = re.compile(r'(\w+)\{gateway="home"(?:,serial="(\d+)")?\} (\S+) (\S+)')
_SOC, _GRID = "enphase_encharge_soc_ratio", "enphase_grid_connected"
_SUN, _CLOUD = "enphase_production_watts", "enphase_gateway_cloud_last_report_timestamp_seconds"
_UP = "enphase_up"
_METRICS = frozenset({_SOC, _GRID, _SUN, _CLOUD, _UP})
#: the days on the right
_CLOSE = (46, 49)
_DAY = 86400.0
_BAD, _GOOD, _QUIET = "#c0392b", "#2c7fb8", "#7f8c8d"

#: points in time by metric and serial number: epoch seconds and value
Series = dict[tuple[str, str], list[tuple[float, float]]]


def read(recording: Path, metrics: frozenset[str]) -> Series:
    """Return the series of these metrics, which have no labels but gateway and serial."""
    series: Series = defaultdict(list)
    with recording.open() as lines:
        for line in lines:
            match = _SAMPLE.match(line)
            if match and match[1] in metrics:
                series[match[1], match[2] or ""].append((float(match[4]), float(match[3])))
    return series


def whole(points: list[tuple[float, float]], times: list[float]) -> list[float]:
    """Return a value for each time, not a number where there is none, so that lines have gaps."""
    by_time = dict(points)
    return [by_time.get(time, float("nan")) for time in times]


def draw(series: Series, scenario: Scenario, output: Path) -> None:
    """Draw everything into a PNG file."""
    zone = ZoneInfo(scenario.site.timezone)
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = pyplot.subplots(
        4,
        2,
        figsize=(13, 8),
        sharex="col",
        sharey="row",
        width_ratios=(3, 2),
        height_ratios=(3, 3, 2, 0.7),
        constrained_layout=True,
    )
    for column in axes.T:
        _draw_column(column, series, zone)
    for axis, words in zip(
        axes[:, 0],
        ("charge (%)", "production (kW)", "last report\nto the cloud (days)"),
        strict=False,
    ):
        axis.set_ylabel(words)
    axes[0][1].legend(loc="upper right", ncols=3, frameon=False)
    first, last = (scenario.begins + (day - 1) * _DAY for day in _CLOSE)
    axes[0][0].set_xlim(local(scenario.begins, zone), local(scenario.ends, zone))
    axes[0][1].set_xlim(local(first, zone), local(last, zone))
    axes[3][0].xaxis.set_major_formatter(dates.DateFormatter("%d %b", tz=zone))
    axes[3][1].xaxis.set_major_formatter(dates.DateFormatter("%d %b\n%H:%M", tz=zone))
    axes[3][1].xaxis.set_major_locator(dates.HourLocator(byhour=(0, 12), tz=zone))
    axes[0][0].set_title("fourteen weeks", loc="left", color=_QUIET)
    axes[0][1].set_title("the outage, and the lights going out", loc="left", color=_QUIET)
    figure.savefig(output, dpi=110, metadata={"Software": None})


def _draw_column(axes: Any, series: Series, zone: tzinfo) -> None:
    times = [time for time, _ in series[_UP, ""]]
    where = [local(time, zone) for time in times]
    charge, sun, cloud, grid = axes
    for number, key in enumerate(sorted(key for key in series if key[0] == _SOC), start=1):
        percent = [100 * value for value in whole(series[key], times)]
        charge.plot(where, percent, linewidth=0.9, label=f"battery {number}")
    watts = [value / 1000 for value in whole(series[_SUN, ""], times)]
    sun.fill_between(where, watts, color="#f0b429", linewidth=0)
    reports = whole(series[_CLOUD, ""], times)
    age = [(time - stamp) / _DAY for time, stamp in zip(times, reports, strict=True)]
    cloud.plot(where, age, color=_BAD)
    for level, name in ((1, _GRID), (0, _UP)):
        values = whole(series[name, ""], times)
        for state, color in ((1.0, _GOOD), (0.0, _BAD)):
            bars = [
                (begin, end - begin)
                for begin, end, value in zip(where, where[1:], values, strict=False)
                if value == state
            ]
            grid.broken_barh(bars, (level - 0.35, 0.7), color=color, linewidth=0.6)
    grid.set_yticks((1, 0), ("on the grid", "gateway reachable"))
    grid.set_ylim(-0.5, 1.5)


def local(time: float, zone: tzinfo) -> datetime:
    """Return the local time of the home."""
    return datetime.fromtimestamp(time, zone)


if __name__ == "__main__":
    draw(read(Path(sys.argv[1]), _METRICS), find_scenario("owners-story"), Path(sys.argv[2]))
