"""Every failure of the catalogue shows in the metrics, when it has happened and only then.

What is to be seen when is in the `expect:` section of its scenario, as PromQL. The exporter is
looked at now and then and sleeps in between, which makes weeks affordable; promtool evaluates the
expressions on these scrapes.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.metrics.catalogue import FAMILIES
from exporter.simulator.recorder import POLLED
from exporter.simulator.scenario import Scenario
from exporter.snapshot import HOUSE, SELF
from tests.scenarios import catalogue
from tests.scenarios.observer import observing
from tools.incident.recording import Series

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

_METRIC = re.compile(r"\benphase_\w+")
#: seconds between two samples of a rule test; all times in the catalogue are full minutes
STEP = 60
#: samples before the scenario, so that no time is below zero there
LEAD = 60


def test_every_failure_has_a_scenario() -> None:
    """The failures F01 to F55 are all there; names begin with the failure that they show."""
    failure_of = {name: catalogue.load(name).failure for name in catalogue.failures()}
    assert set(failure_of.values()) == {f"F{number:02}" for number in range(1, 56)}
    assert all(name.startswith(f"{failure}-".lower()) for name, failure in failure_of.items())


@pytest.mark.parametrize("name", catalogue.files())
def test_every_scenario_expects_something(name: str) -> None:
    """Each failure names the alert that must fire, and ordinary life names none."""
    expect = catalogue.expectations(name)
    assert bool(expect.alerts) == name.startswith("f")
    assert bool(expect.visible) == name.startswith("f")


def _not_polled(name: str) -> set[str]:
    """Return the metrics of a scenario that this exporter has no collector for."""
    metrics = {
        metric
        for expression in catalogue.expectations(name).visible.values()
        for metric in _METRIC.findall(expression)
    }
    polled = {*POLLED, SELF, HOUSE}
    return {
        metric
        for metric in metrics
        if metric not in FAMILIES
        or not {table.collector for table in FAMILIES[metric].tables} <= polled
    }


@pytest.mark.parametrize("name", catalogue.failures())
async def test_failure_shows(name: str, tmp_path: Path, promtool: str) -> None:
    """What must be seen is there when it has happened, and neither before nor after."""
    assert not _not_polled(name)
    scenario, expect = catalogue.load(name), catalogue.expectations(name)
    scraped: dict[int, Mapping[str, float]] = {}
    async with observing(scenario, tmp_path, **expect.config) as observer:
        times = {*expect.visible, *expect.quiet, *expect.scrapes}
        for time in sorted(times, key=observer.epoch):
            scrape = await observer.scrape(time)
            tick = LEAD + round((observer.epoch(time) - scenario.begins) / STEP)
            up = {'up{job="enphase"}': float(scrape is not None)}
            scraped[tick] = {**(scrape.series if scrape else {}), **up}
    tests = [_present(at, scenario, expression) for at, expression in expect.visible.items()]
    for at in expect.quiet:
        tests += [_absent(at, scenario, expression) for expression in expect.visible.values()]
    _evaluate(promtool, tmp_path, _input(scraped, scenario), tests)


def _tick(at: str, scenario: Scenario) -> str:
    seconds = catalogue.seconds(at, scenario)
    return f"{LEAD * STEP + seconds:.0f}s"


def _present(at: str, scenario: Scenario, expression: str) -> dict[str, object]:
    """Return the test that an expression has a value at a time."""
    return {
        "expr": f"group({expression})",
        "eval_time": _tick(at, scenario),
        "exp_samples": [{"labels": "{}", "value": 1}],
    }


def _absent(at: str, scenario: Scenario, expression: str) -> dict[str, object]:
    """Return the test that an expression has no value at a time."""
    return {"expr": f"group({expression})", "eval_time": _tick(at, scenario), "exp_samples": []}


def _input(scraped: Mapping[int, Mapping[str, float]], scenario: Scenario) -> list[dict[str, str]]:
    """Return the scrapes as input series, with times as promtool counts them."""
    shift = scenario.begins - LEAD * STEP
    series: dict[str, Series] = {}
    for tick in sorted(scraped):
        for name, value in scraped[tick].items():
            is_time = "_timestamp_seconds" in name.partition("{")[0] and value
            text = f"{value - shift if is_time else value:.9f}".rstrip("0").rstrip(".")
            series.setdefault(name, Series()).put(tick, text)
    ticks = max(scraped) + 1
    return [{"series": name, "values": each.text(ticks)} for name, each in series.items()]


def _evaluate(
    promtool: str, folder: Path, series: list[dict[str, str]], tests: list[dict[str, object]]
) -> None:
    test = folder / "visible.yml"
    group = {"interval": f"{STEP}s", "input_series": series, "promql_expr_test": tests}
    test.write_text(json.dumps({"rule_files": [], "tests": [group]}))
    done = subprocess.run(
        [promtool, "test", "rules", str(test)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
