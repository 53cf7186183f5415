"""`make incident SCENARIO=…`: prints what would have rung during a scenario, and draws it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exporter.durations import format_duration, parse_duration
from exporter.simulator.scenario import Scenario
from tests.scenarios import catalogue
from tools.incident import drawing, story
from tools.incident.healthy import quiet
from tools.incident.proving import epoch
from tools.incident.timeline import Firing, Timeline, replay

#: columns where the output is no terminal
_WIDTH = 140


def main() -> None:
    """Replay what the command line asks for."""
    options = _options()
    quiet()  # the scenario makes the exporter complain, as it must
    scenario = catalogue.find(options.scenario)
    windows = story.WINDOWS.get(options.scenario, ())
    if not windows or options.begins or options.until or options.interval:
        windows = (story.Window(options.begins, options.until, options.interval),)
    with ProcessPoolExecutor(os.cpu_count(), initializer=quiet) as workers:
        timelines = list(workers.map(partial(replayed, options.scenario), windows))
    rungs = list(story.judged(options.scenario, scenario, timelines))
    if options.markdown:
        sys.stdout.write(story.markdown(scenario, rungs) + "\n")
    else:
        console = Console()
        if not console.is_terminal:
            console = Console(width=_WIDTH)
        for timeline in timelines:
            console.print(_table(scenario, timeline))
        if rungs:
            console.print(_beats(scenario, rungs))
    if options.png:
        drawing.draw(timelines, scenario, events(scenario), options.png)


def replayed(name: str, window: story.Window) -> Timeline:
    """Play a scenario and watch it in a window."""
    scenario = catalogue.find(name)
    return asyncio.run(
        replay(
            scenario,
            begins=epoch(scenario, window.begins) if window.begins else None,
            until=epoch(scenario, window.ends) if window.ends else None,
            interval=window.interval,
        )
    )


def events(scenario: Scenario) -> list[tuple[float, str]]:
    """Return when something is told to the audience (epoch seconds), and what, in order of time."""
    return sorted(_events(scenario))


def _events(scenario: Scenario) -> Iterator[tuple[float, str]]:
    for event in scenario.events:
        at = scenario.epoch(event.at)
        if event.say:
            yield at, event.say
        if event.then and event.lasts is not None:
            yield at + event.lasts, event.then


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.incident", description=__doc__)
    parser.add_argument("scenario", help="name of a scenario, or the path of its file")
    parser.add_argument("--png", type=Path, help="where to draw it")
    parser.add_argument(
        "--from",
        dest="begins",
        default="",
        help="begin to watch then, as in day 46 12:00",
    )
    parser.add_argument("--until", default="", help="end then")
    parser.add_argument(
        "--interval",
        type=parse_duration,
        help="time between scrapes; by default as short as affordable",
    )
    parser.add_argument(
        "--markdown",
        action="store_true",
        help="print when each beat of a story rang, as a table for a README",
    )
    return parser.parse_args()


def _table(scenario: Scenario, timeline: Timeline) -> Table:
    table = Table(
        title=f"{scenario.title}\nscraped and evaluated every {format_duration(timeline.interval)}",
        title_justify="left",
    )
    for name in ("when", "alert", "severity", "what", "about", "later by", "than"):
        table.add_column(name, overflow="fold")
    told = events(scenario)
    for at, what, firing in _changes(timeline):
        before = [(when, text) for when, text in told if when <= at] or [(scenario.begins, "")]
        when, text = before[-1]
        table.add_row(
            _when(scenario, at),
            firing.alert,
            firing.severity,
            what,
            firing.device,
            format_duration(at - when),
            text,
        )
    return table


def _beats(scenario: Scenario, rungs: Iterable[story.Rung]) -> Table:
    """Return the table of the beats of a story."""
    table = Table(title="At each beat the alert that would have changed it", title_justify="left")
    for name in ("when", "what happened", "alert", "severity", "deadline", "rang after"):
        table.add_column(name, overflow="fold")
    for rung in rungs:
        beat = rung.beat
        after = "never" if rung.measured is None else format_duration(rung.measured)
        late = "" if rung.in_time else " (late)"
        table.add_row(
            *(story.when(scenario, beat), beat.what, beat.alert, beat.severity),
            *(beat.deadline, after + late),
        )
    return table


def _changes(timeline: Timeline) -> list[tuple[float, str, Firing]]:
    """Return beginnings and ends of all firings in order of time."""
    found = [(told.begins, "firing", told) for told in timeline.alerts()]
    found += [(told.ends, "resolved", told) for told in timeline.alerts() if told.ends is not None]
    return sorted(found, key=lambda change: (change[0], change[2].alert, change[2].device))


def _when(scenario: Scenario, at: float) -> str:
    local: datetime = scenario.local(at)
    day = (local.date() - scenario.local_start.date()).days + 1
    return f"day {day} {local:%H:%M:%S}"


if __name__ == "__main__":
    main()
