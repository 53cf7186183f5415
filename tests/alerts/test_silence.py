"""Nothing rings where nothing is wrong."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.scenario import ScenarioRunner
from exporter.simulator.scenario.timeline import build_steps
from tests.alerts.background_runs import Submit, chosen
from tests.conftest import CAPTURES
from tests.scenarios import catalogue
from tools.incident.healthy import SCENARIOS, held, played, week
from tools.incident.seasons import SEASONS, WEEKS

#: captures of gateways on which something was wrong, with the alerts that must fire
UNHEALTHY: dict[str, set[str]] = {
    # too old for the exporter, which therefore gets nothing from it
    "3.7.0": {"EnphaseGatewayUnreachable"},
}

#: scenarios that come with the program, and those of the catalogue
HEALTHY = (*SCENARIOS, *catalogue.healthy())

Silences = dict[str, Future[Any]]


@pytest.fixture(scope="module")
def silences(request: pytest.FixtureRequest, submit: Submit) -> Silences:
    """Return the running evaluations of scenarios and captures."""
    results = {name: submit(played, name) for name in HEALTHY if name in chosen(request, "name")}
    results |= {name: submit(week, name) for name in WEEKS if name in chosen(request, "week_of")}
    folders = sorted(chosen(request, "capture"))
    return results | {name: submit(held, CAPTURES / name) for name in folders if name != "none"}


@pytest.mark.proof
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_scenario_is_silent(name: str, silences: Silences) -> None:
    """Over days of weather, stalls and upgrades there is neither critical nor warning."""
    assert silences[name].result() == []


@pytest.mark.proof
@pytest.mark.parametrize("week_of", WEEKS)
def test_healthy_week_is_silent(week_of: str, silences: Silences) -> None:
    """A week of any season, with stalls, restarts and upgrades, has neither critical nor warning.

    That the firmware changed must have been reported, as info: otherwise nothing was watched.
    """
    silence = silences[week_of].result()
    assert silence.loud == []
    assert "EnphaseGatewayFirmwareChanged" in silence.words("info")


def test_weeks_are_of_all_seasons() -> None:
    """There is a week of each season, each at another home, and every kind of home has one."""
    assert [week.season for week in SEASONS] == ["winter", "spring", "summer", "autumn"]
    assert len({week.home for week in SEASONS}) == len(SEASONS)
    assert {week.home for week in WEEKS.values()} == SAMPLE_HOMES.keys()


@pytest.mark.parametrize("week_of", WEEKS)
def test_a_week_has_its_disturbances(week_of: str) -> None:
    """Each has a stall every night, restarts and an upgrade, at levers that its home has."""
    scenario = WEEKS[week_of].scenario()
    runner = ScenarioRunner(scenario, VirtualClock(scenario.begins))
    happens = build_steps(scenario, runner.house)
    assert sum(step.begins and "*" in step.server for step in happens) == 7 + 2
    assert sum(step.reboots for step in happens) == 2
    assert sum(step.restarts for step in happens) == 1
    assert [step for step in happens if "gateway.firmware" in step.parameters]
    assert all(scenario.begins <= step.at <= scenario.ends for step in happens)


@pytest.mark.proof
def test_capture_is_silent(capture: Path, silences: Silences) -> None:
    """A real gateway held as it was for a day is silent, or says just what was wrong with it."""
    fired = {firing.alert for firing in silences[capture.name].result()}
    assert fired == UNHEALTHY.get(capture.name, set())


def test_unhealthy_captures_are_there(captures_dir: Path) -> None:
    """Nothing is excused that is not there."""
    assert UNHEALTHY.keys() <= {folder.name for folder in captures_dir.iterdir()}
