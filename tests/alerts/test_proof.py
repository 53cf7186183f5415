"""Every row of the failure catalogue rings in time, with nothing that is not allowed."""

from concurrent.futures import Future

import pytest

from exporter.simulator.scenario import find_scenario, scenario_names
from tests.alerts.playing import Submit, chosen
from tools.incident.proofs import PROOFS
from tools.incident.proving import Result, prove, rows

Results = dict[str, Future[list[Result]]]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, submit: Submit) -> Results:
    """Return what is being found out about the rows of this run."""
    wanted = chosen(request, "row")
    return {row: submit(prove, row) for row in rows() if row in wanted}


def test_every_row_has_a_proof() -> None:
    """The table of proofs and the scenarios of rows are about the same failures."""
    assert {
        scenario.row for name in scenario_names() if (scenario := find_scenario(name)).row
    } == PROOFS.keys()


@pytest.mark.proof
@pytest.mark.parametrize("row", PROOFS)
def test_row_rings(row: str, results: Results) -> None:
    """The alert of the row fires in time, alone or with what the table allows."""
    for result in results[row].result():
        assert result.problem == "", f"{result.alert}: {result.measured} s after it happened"
        assert result.unexpected == ()
