"""`make incident SCENARIO=…`: prints the alerts that fire during a scenario, and plots them."""

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
from tools.incident.healthy import silence_logging
from tools.incident.proving import epoch
from tools.incident.timeline import Firing, Timeline, replay

#: columns where the output is no terminal
_WIDTH = 140


def main() -> None:
    """Replay the scenario of the command line."""
    options = _options()
    silence_logging()  # the scenario makes the exporter log errors
    scenario = catalogue.find(options.scenario)
    windows = story.WINDOWS.get(options.scenario, ())
    if not windows or options.begins or options.until or options.interval:
        windows = (story.Window(options.begins, options.until, options.interval),)
    with ProcessPoolExecutor(os.cpu_count(), initializer=silence_logging) as workers:
        timelines = list(workers.map(partial(replayed, options.scenario), windows))
    results = list(story.judged(options.scenario, scenario, timelines))
    if options.markdown:
        sys.stdout.write(story.markdown(scenario, results) + "\n")
    else:
        console = Console()
        if not console.is_terminal:
            console = Console(width=_WIDTH)
        for timeline in timelines:
            console.print(_table(scenario, timeline))
        if results:
            console.print(_beats(scenario, results))
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
    """Return the messages to the audience with their times (epoch seconds), in order of time."""
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
    parser.add_argument("--png", type=Path, help="write a plot to this file")
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
        help="print when the alert of each beat fired, as a table for a README",
    )
    return parser.parse_args()


def _table(scenario: Scenario, timeline: Timeline) -> Table:
    table = Table(
        title=f"{scenario.title}\nscraped and evaluated every {format_duration(timeline.interval)}",
        title_justify="left",
    )
    for name in ("when", "alert", "severity", "what", "about", "later by", "than"):
        table.add_column(name, overflow="fold")
    messages = events(scenario)
    for at, what, firing in _changes(timeline):
        before = [(when, text) for when, text in messages if when <= at] or [(scenario.begins, "")]
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


def _beats(scenario: Scenario, results: Iterable[story.BeatResult]) -> Table:
    """Return the table of the beats of a story."""
    table = Table(title="At each beat the alert that would have changed it", title_justify="left")
    for name in ("when", "what happened", "alert", "severity", "deadline", "fired after"):
        table.add_column(name, overflow="fold")
    for result in results:
        beat = result.beat
        after = "never" if result.measured is None else format_duration(result.measured)
        late = "" if result.in_time else " (late)"
        table.add_row(
            *(story.when(scenario, beat), beat.what, beat.alert, beat.severity),
            *(beat.deadline, after + late),
        )
    return table


def _changes(timeline: Timeline) -> list[tuple[float, str, Firing]]:
    """Return beginnings and ends of all firings in order of time."""
    lines = [(firing.begins, "firing", firing) for firing in timeline.alerts()]
    lines += [
        (firing.ends, "resolved", firing) for firing in timeline.alerts() if firing.ends is not None
    ]
    return sorted(lines, key=lambda change: (change[0], change[2].alert, change[2].device))


def _when(scenario: Scenario, at: float) -> str:
    local: datetime = scenario.local(at)
    day = (local.date() - scenario.local_start.date()).days + 1
    return f"day {day} {local:%H:%M:%S}"


if __name__ == "__main__":
    main()
