"""Nothing rings where nothing is wrong."""

from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.alerts.playing import Submit, chosen
from tests.conftest import CAPTURES
from tools.incident.healthy import SCENARIOS, held, played
from tools.incident.timeline import Firing

#: captures of gateways on which something was wrong, with what must be said of it
UNHEALTHY: dict[str, set[str]] = {
    # too old for the exporter, which therefore gets nothing from it
    "3.7.0": {"EnphaseGatewayUnreachable"},
}

Silences = dict[str, Future[list[Firing]]]


@pytest.fixture(scope="module")
def silences(request: pytest.FixtureRequest, submit: Submit) -> Silences:
    """Return what is being found out about scenarios and captures."""
    found = {name: submit(played, name) for name in SCENARIOS if name in chosen(request, "name")}
    folders = sorted(chosen(request, "capture"))
    return found | {name: submit(held, CAPTURES / name) for name in folders if name != "none"}


@pytest.mark.proof
@pytest.mark.parametrize("name", SCENARIOS)
def test_healthy_scenario_is_silent(name: str, silences: Silences) -> None:
    """Over days of weather, stalls and upgrades there is neither critical nor warning."""
    assert silences[name].result() == []


@pytest.mark.proof
def test_capture_is_silent(capture: Path, silences: Silences) -> None:
    """A real gateway held as it was for a day is silent, or says just what was wrong with it."""
    rung = {told.alert for told in silences[capture.name].result()}
    assert rung == UNHEALTHY.get(capture.name, set())


def test_unhealthy_captures_are_there(captures_dir: Path) -> None:
    """Nothing is excused that is not there."""
    assert UNHEALTHY.keys() <= {folder.name for folder in captures_dir.iterdir()}
