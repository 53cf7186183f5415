"""Whatever one endpoint or a whole gateway does, everything else holds; see `invariants`."""

import pytest

from exporter.gateway import connection, rate_limit, scheduler
from exporter.gateway.cadences import CADENCES
from tests.faults.case import Cell
from tests.faults.gateways import ASKED, all_asked
from tests.faults.runner import CellOutcome, cells, outcomes
from tests.faults.subset import selection
from tests.faults.table import BY_NAME, MOMENTS, ROWS, Moment, Row

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

BY_MOMENT = {moment.name: moment for moment in MOMENTS}


def broken(results: list[CellOutcome]) -> dict[object, dict[str, str]]:
    """Return what did not hold by cell."""
    return {outcome.cell: outcome.broken for outcome in results if outcome.broken}


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_every_fault_is_lived_through(moment: Moment) -> None:
    """A part of the matrix holds, many gateways at once beside healthy ones."""
    assert broken(outcomes(selection(moment))) == {}


@pytest.mark.proof
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_matrix_holds(row: Row, moment: Moment) -> None:
    """Every endpoint lives through every fault at every moment."""
    assert broken(outcomes(cells(row, moment))) == {}


def test_every_endpoint_is_in_the_matrix() -> None:
    """No polled endpoint is left out."""
    assert {endpoint for _, endpoint in ASKED} == all_asked()


def test_the_part_of_every_day_leaves_nothing_out() -> None:
    """Every fault, every endpoint and every moment is in it."""
    chosen = [cell for moment in MOMENTS for cell in selection(moment)]
    assert {cell.row.name for cell in chosen} == {row.name for row in ROWS}
    assert {cell.moment.name for cell in chosen} == {moment.name for moment in MOMENTS}
    assert {cell.endpoint for cell in chosen} >= all_asked()


def one(fault: str, moment: str, endpoint: str | None) -> list[Cell]:
    """Return one cell of the home with batteries."""
    return [
        cell
        for cell in cells(BY_NAME[fault], BY_MOMENT[moment])
        if (cell.home, cell.endpoint) == ("battery-home", endpoint)
    ]


def test_a_last_value_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter that keeps serving its last value does not pass."""
    monkeypatch.setattr(scheduler, "_LEAST_LIFETIME", 1e9)
    monkeypatch.setattr(scheduler, "_LONG_LIFETIME", 1e9)
    (outcome,) = outcomes(one("status 503", "mid-run", "/ivp/ensemble/power"))
    assert {"expires", "is_fresh"} <= outcome.broken.keys()


def test_haste_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter that polls more often than a gateway tolerates does not pass."""
    for limit in ("PER_MINUTE", "_REFILL", "_REFILL_AFTER_BURST"):
        monkeypatch.setattr(rate_limit, limit, 600)
    for collector in ("ensemble", "meters"):
        monkeypatch.setitem(CADENCES, collector, 1.0)
    with pytest.raises(AssertionError, match="requests in the ten minutes"):
        outcomes(one("extra key", "mid-run", "/home"))


def test_slow_recovery_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter that leaves a gateway alone for ten minutes does not pass."""
    monkeypatch.setattr(connection, "RECONNECT_DELAY", 600.0)
    (outcome,) = outcomes(one("refused", "for one cycle", None))
    assert "recovers" in outcome.broken
