"""The alert of every failure of the catalogue fires in time, with nothing that is not allowed."""

from concurrent.futures import Future

import pytest

from tests.alerts.background_runs import Submit, chosen
from tests.scenarios import catalogue
from tools.incident.proving import ProofResult, by_cost, prove

Results = dict[str, Future[list[ProofResult]]]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, submit: Submit) -> Results:
    """Return the results of the scenarios of this run, which are computed in other processes."""
    names = chosen(request, "name")
    return {name: submit(prove, name) for name in by_cost(catalogue.failures()) if name in names}


@pytest.mark.proof
@pytest.mark.parametrize("name", catalogue.failures())
def test_alert_fires(name: str, results: Results) -> None:
    """The alert fires in time, alone or with what the scenario allows."""
    for result in results[name].result():
        assert result.problem == "", f"{result.alert}: {result.measured} s after it happened"
        assert result.unexpected == ()
