"""`make incident SCENARIO=…`: prints what would have rung during a scenario, and draws it."""

import argparse
import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exporter.simulator.scenario import Scenario, find
from exporter.simulator.scenario.times import seconds, words
from tools.incident import drawing
from tools.incident.proving import epoch
from tools.incident.timeline import Firing, Timeline, replay

#: columns where the output is no terminal
_WIDTH = 140


def main() -> None:
    """Replay what the command line asks for."""
    options = _options()
    logging.disable(logging.ERROR)  # the scenario makes the exporter complain, as it must
    scenario = find(options.scenario)
    timeline = asyncio.run(
        replay(
            scenario,
            begins=options.begins and epoch(scenario, options.begins),
            until=options.until and epoch(scenario, options.until),
            interval=options.interval and seconds(options.interval),
        )
    )
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(_table(scenario, timeline))
    if options.png:
        drawing.draw(timeline, scenario, events(scenario), options.png)


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
        help="begin to watch then, as in day 46 12:00; a last report long before counts as none",
    )
    parser.add_argument("--until", help="end then")
    parser.add_argument(
        "--interval", help="time between scrapes; by default as short as affordable"
    )
    return parser.parse_args()


def _table(scenario: Scenario, timeline: Timeline) -> Table:
    table = Table(
        title=f"{scenario.title}\nscraped and evaluated every {words(timeline.interval)}",
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
            words(at - when),
            text,
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
