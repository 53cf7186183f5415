"""The scenarios of the failure catalogue, and of ordinary life: test data with expectations.

Each file has an `expect:` section, the one table of which alert must fire by when, how the failure
shows in the metrics, and what may not fire. Files `f01-…` show a failure of the catalogue, several
may show the same one; files `healthy-…` show something that is no failure, so that no alert of
severity critical or warning may fire.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from exporter.errors import ConfigError
from exporter.simulator.scenario import Scenario, find_scenario, load_scenario
from exporter.simulator.scenario.durations import parse_time
from exporter.simulator.scenario.expectations import Expectations

DATA = Path(__file__).parent / "data"


@cache
def files() -> Mapping[str, Path]:
    """Return the files by name."""
    return {path.stem: path for path in sorted(DATA.glob("*.yml"))}


def failures() -> list[str]:
    """Return the names of the scenarios in which an alert must fire."""
    return [name for name in files() if name.startswith("f")]


def healthy() -> list[str]:
    """Return the names of the scenarios in which nothing may fire."""
    return [name for name in files() if name.startswith("healthy-")]


@cache
def load(name: str) -> Scenario:
    """Return a scenario by its name, or by the failure that it shows: `F01` is the first of it."""
    word = name.lower()
    if word not in files():
        word = next((each for each in files() if each.partition("-")[0] == word), word)
    if word not in files():
        raise ConfigError(f"there is no scenario {name!r} in {DATA.name}/")
    return load_scenario(files()[word])


def find(word: str) -> Scenario:
    """Return a scenario of the catalogue, one that comes with the program, or that of a file."""
    try:
        return load(word)
    except ConfigError:
        return find_scenario(word)


def seconds(at: str, scenario: Scenario) -> float:
    """Return the seconds from the start of a scenario to a time as scenarios write it."""
    return scenario.epoch(parse_time(at)) - scenario.begins


def expectations(name: str) -> Expectations:
    """Return what a scenario of the catalogue expects."""
    expect = load(name).expect
    assert expect is not None, f"{name} has no `expect:` section"
    return expect
