"""Draws a timeline: a bar for every alert while it fires, and the events that led to it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import matplotlib as mpl  # type: ignore[import-not-found, unused-ignore]  # absent at run time
from matplotlib import dates, pyplot  # type: ignore[import-not-found, unused-ignore]

from exporter.simulator.scenario import Scenario
from tools.incident.timeline import Timeline

_COLOURS = {"critical": "#c0392b", "warning": "#e08e0b", "info": "#2c7fb8"}
_OTHER, _QUIET = "#7f8c8d", "#7f8c8d"


def draw(
    timelines: Sequence[Timeline],
    scenario: Scenario,
    events: Sequence[tuple[float, str]],
    output: Path,
) -> None:
    """Draw everything into a PNG file; what fires at the end of a timeline ends with it."""
    firings = [
        (firing, firing.ends or timeline.ends)
        for timeline in timelines
        for firing in timeline.alerts()
    ]
    begin = min(timeline.begins for timeline in timelines)
    end = max(timeline.ends for timeline in timelines)
    names = list(dict.fromkeys(firing.alert for firing, _ in firings))
    zone = scenario.local_start.tzinfo
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = pyplot.subplots(
        figsize=(13, 1.6 + 0.3 * max(1, len(names))), constrained_layout=True
    )
    for firing, ends in firings:
        begins = _number(scenario, firing.begins)
        width = _number(scenario, ends) - begins
        axes.broken_barh(
            [(begins, width)],
            (names.index(firing.alert) - 0.35, 0.7),
            color=_COLOURS.get(firing.severity, _OTHER),
            linewidth=0.8,
        )
    for at, _ in events:
        if begin <= at <= end:
            axes.axvline(_number(scenario, at), color=_QUIET, linewidth=0.6, linestyle=":")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(_number(scenario, begin), _number(scenario, end))
    locator = dates.AutoDateLocator(tz=zone)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
    axes.set_title(scenario.title, loc="left", color=_QUIET)
    figure.savefig(output, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _number(scenario: Scenario, at: float) -> float:
    local: datetime = scenario.local(at)
    return float(dates.date2num(local))
