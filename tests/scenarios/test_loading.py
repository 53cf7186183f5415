"""Scenario files are read strictly: each mistake is reported in one line, with a remedy."""

from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.scenario import Scenario, find_scenario, load_scenario, scenario_names
from tests.scenarios import catalogue

HEAD = """
title: A trial
description: Nothing much.
start: 2026-06-21 12:00
duration: 2h
"""


def loaded(folder: Path, text: str) -> Scenario:
    """Load a scenario from a file with this text."""
    path = folder / "trial.yml"
    path.write_text(text)
    return load_scenario(path)


def mistakes(folder: Path, text: str) -> list[str]:
    """Return the messages about a file with this text, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    prefix = f"{folder / 'trial.yml'}: "
    lines = str(caught.value).splitlines()
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


def event(folder: Path, text: str) -> list[str]:
    """Return the messages about a scenario with this one event."""
    return mistakes(folder, f"{HEAD}home: battery-home\nevents:\n  - {text}")


@pytest.mark.parametrize("name", scenario_names())
def test_shipped_scenarios_load(name: str) -> None:
    """Every scenario that comes with the program is free of mistakes."""
    scenario = find_scenario(name)
    assert scenario.ends > scenario.begins
    assert all(event.at.epoch(scenario.local_start) <= scenario.ends for event in scenario.events)


def test_the_scenarios_that_come_with_the_program() -> None:
    """They are the six that somebody wants to see."""
    assert scenario_names() == [
        *("firmware-upgrade", "grid-outage", "night-stall"),
        *("owners-story", "sunny-day", "winter-week"),
    ]


@pytest.mark.parametrize("name", catalogue.files())
def test_the_catalogue_loads(name: str) -> None:
    """Every scenario of the catalogue is free of mistakes."""
    scenario = catalogue.load(name)
    assert scenario.ends > scenario.begins


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("owner-story", "there is no scenario 'owner-story': did you mean owners-story?"),
        ("nothing-like-it", "there is no scenario 'nothing-like-it': known are firmware-upgrade, "),
        ("f01", "there is no scenario 'f01': "),
        ("./none.yml", "none.yml: cannot be read (No such file or directory)"),
    ],
)
def test_unknown_scenario(word: str, message: str) -> None:
    """An unknown name is reported with the nearest one, a file with the reason."""
    with pytest.raises(ConfigError) as caught:
        find_scenario(word)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_home_with_changes(tmp_path: Path) -> None:
    """A home can be another one with some of its hardware changed."""
    home = "home: {base: collar, batteries: 5, timezone: Europe/Berlin, cts: [production]}"
    site = loaded(tmp_path, HEAD + home).site
    assert (site.batteries, site.timezone, site.cts) == (5, "Europe/Berlin", ("production",))
    assert site.battery_part == SAMPLE_HOMES["collar"].battery_part


def test_season_follows_from_the_start(tmp_path: Path) -> None:
    """The start is local time of the home."""
    scenario = loaded(tmp_path, f"{HEAD}home: battery-home")
    assert scenario.local_start.isoformat() == "2026-06-21T12:00:00-07:00"


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """All mistakes of a file are reported, each with place and remedy."""
    text = """
titel: A trial
description: Nothing much.
start: 21.6.2026
duration: two hours
home: batery-home
weather: sunny
seed: seven
"""
    assert mistakes(tmp_path, text) == [
        "title: is missing: add it",
        "start: '21.6.2026' is not a date and time: write them as in 2026-06-21 12:00, local time"
        " of the home",
        "duration: 'two hours' is not a duration: write 90s, 30m, 2h, 1d 6h or 3w, up to ten years",
        "home.base: there is no sample home 'batery-home': did you mean battery-home?",
        "weather[0].sky: 'sunny' must be 'clear', 'broken', 'overcast' or 'snow'",
        "seed: 'seven' must be a whole number",
        "titel: unknown key: did you mean title?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{at: 1h, fur: 2m, say: a}", "events[0].fur: unknown key: did you mean for?"),
        ("{at: noon, say: a}", "events[0].at: 'noon' is not a time: write 2h for two hours after"),
        ("{at: day 9 12:00, say: a}", "events[0].at: is before the start or after the end: "),
        ("{at: day 1 06:00, say: a}", "events[0].at: is before the start or after the end: "),
        ("{at: 1h}", "events[0]: nothing happens: add set, server, gateway, exporter or say"),
        ("{at: 1h, say: a, then: b}", "events[0].then: never comes, as the event stays: add for"),
        ("{at: 1h, for: 0s, say: a}", "events[0].for: is over at once: "),
        (
            "{at: 1h, set: {grid.upp: false}}",
            "events[0].set.grid.upp: this house has no 'grid.upp'; did you mean grid.up",
        ),
        (
            "{at: 1h, set: {battery.7.stuck: 0.5}}",
            "events[0].set.battery.7.stuck: this house has no 'battery.7.stuck'; did you mean",
        ),
        (
            "{at: 1h, set: {grid.up: no}}",
            "events[0].set.grid.up: grid.up takes true or false, not 'no'",
        ),
        (
            "{at: 1h, set: {battery.*.soc: 80}}",
            "events[0].set.battery.*.soc: battery.1.soc takes a number from 0 to 1, not 80.0",
        ),
        (
            "{at: 1h, for: 5m, set: {battery.1.soc: 0.5}}",
            "events[0].set.battery.1.soc: moves by itself and cannot go back: leave out `for`",
        ),
        ("{at: 1h, server: {home: hang}}", "events[0].server.home: is not a path: begin it with /"),
        (
            "{at: 1h, server: {/home: hnag}}",
            "events[0].server./home: 'hnag' is not a fault: did you mean hang?",
        ),
        (
            "{at: 1h, server: {/home: unreachable}}",
            "events[0].server: unreachable is for all paths: write * for /home",
        ),
        (
            "{at: 1h, server: {/home: {status: 503, body: a}}}",
            "events[0].server./home: has several kinds of faults: ",
        ),
        ("{at: 1h, gateway: explode}", "events[0].gateway: must be restart, or a mapping such as"),
        ("{at: 1h, exporter: dance}", "events[0].exporter: 'dance' must be 'restart' or 'stopped'"),
    ],
)
def test_mistakes_in_events(tmp_path: Path, text: str, message: str) -> None:
    """What cannot happen is reported when the scenario is loaded, with its place."""
    lines = event(tmp_path, text)
    assert len(lines) == 1
    assert lines[0].startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alerts: [{alert: EnphaseX, deadline: 1m}]", "alerts[0].deadline: needs one of since and"),
        ("alerts: [{alert: Other, deadline: 1m, since: 1m}]", "alerts[0].alert: "),
        ("visible: {noon: up}", "visible.noon"),
        ("quiet: [5]", "quiet[0]: '5' is not a time"),
    ],
)
def test_mistakes_in_expectations(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be expected is reported like any other mistake."""
    lines = mistakes(tmp_path, f"{HEAD}home: battery-home\nexpect:\n  {text}")
    assert len(lines) == 1
    assert lines[0].startswith(f"expect.{message}")
