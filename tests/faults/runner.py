"""Runs cells of the matrix side by side: each gateway with its own fault, all on one loop."""

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests import log_asserts
from tests.faults.case import STEP, Cell, GatewayCase, open_cases
from tests.faults.gateways import ASKED, HOMES
from tests.faults.invariants import AT_END, LOOKS
from tests.faults.table import BY_NAME, MOMENTS, ROWS, Moment, Row
from tests.virtual_loop import VirtualLoop, run

#: state files in memory: a disk that syncs is slow, and not what is tested
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # by TemporaryDirectory
#: seconds after the fault at which a case that has not recovered is given up
_GIVEN_UP = 1500.0
_LONG = 1800.0
#: seconds for which a recovered case is watched further
_AFTER = 60.0


@dataclass(frozen=True)
class CellOutcome:
    """How a cell went: what did not hold by invariant, and some figures (seconds, counts)."""

    cell: tuple[str, str, str, str | None]
    broken: dict[str, str]
    recovered: float | None
    latest: float
    requests: int
    watched: float


def cells(row: Row, moment: Moment) -> list[Cell]:
    """Return the cells of a fault at a moment: one for each endpoint that can have it, or home."""
    if row.switch is not None:
        return [Cell(row, moment, home, None) for home in HOMES]
    return [Cell(row, moment, home, endpoint) for home, endpoint in ASKED if row.can(endpoint)]


def matrix() -> list[Cell]:
    """Return all cells."""
    return [cell for row in ROWS for moment in MOMENTS for cell in cells(row, moment)]


#: name of the row, name of the moment, words that the cells must contain
Batch = tuple[str, str, tuple[str, ...]]


def chosen(row: str, moment: str, filters: Iterable[str] = ()) -> list[Cell]:
    """Return the cells of a fault at a moment that contain every word."""
    when = next(each for each in MOMENTS if each.name == moment)
    return [
        cell
        for cell in cells(BY_NAME[row], when)
        if all(word.lower() in str(cell).lower() for word in filters)
    ]


def run_batch(batch: Batch) -> list[CellOutcome]:
    """Run the cells of a batch; for another process."""
    return outcomes(chosen(*batch))


def outcomes(cases: Iterable[Cell]) -> list[CellOutcome]:
    """Run these cells, all at once; a healthy twin of each home beside them is never disturbed."""
    cells_to_run = list(cases)
    with (
        log_asserts.logged_errors("aiohttp") as errors,
        tempfile.TemporaryDirectory(dir=_MEMORY) as folder,
    ):

        async def main(loop: VirtualLoop) -> list[CellOutcome]:
            return await _watch(loop, cells_to_run, Path(folder))

        results = run(main)
    if errors:
        raise AssertionError(f"in the log: {errors[:3]}")
    return results


async def _watch(loop: VirtualLoop, cells: list[Cell], folder: Path) -> list[CellOutcome]:
    homes = sorted({cell.home for cell in cells})
    async with open_cases(loop, cells, homes, folder) as (cases, twins):
        tasks = [asyncio.create_task(case.run_fault()) for case in cases]
        going = list(cases)
        outcomes: list[CellOutcome] = []
        # A long fault changes less later than in its beginning.
        step = STEP * (2 if all((cell.moment.lasts or 0) > _LONG for cell in cells) else 1)
        while going:
            await asyncio.sleep(step)
            for twin in twins.values():
                twin.look()
                _check(twin, twin)
            for case in going:
                assert case.cell is not None
                case.look()
                _check(case, twins[case.cell.home])
                if _over(case):
                    outcomes.append(_outcome(case, twins[case.cell.home]))
            going = [case for case in going if not _over(case)]
        await asyncio.gather(*tasks)
        for home, twin in twins.items():
            for invariant in AT_END:
                _note(twin, twin, invariant)
            assert not twin.broken, f"the healthy {home} was disturbed: {twin.broken}"
        return outcomes


def _check(case: GatewayCase, twin: GatewayCase) -> None:
    for invariant in LOOKS:
        _note(case, twin, invariant)


def _note(case: GatewayCase, twin: GatewayCase, invariant: object) -> None:
    assert callable(invariant)
    wrong = invariant(case, twin)
    if wrong is not None:
        name = getattr(invariant, "__name__", "")
        case.broken.setdefault(name, f"at {case.now:.0f} s: {wrong}")


def _over(case: GatewayCase) -> bool:
    if case.ended is None:
        return False
    since = case.now - case.ended
    well = case.recovered is not None and since >= case.recovered + _AFTER
    return well or since > _GIVEN_UP


def _outcome(case: GatewayCase, twin: GatewayCase) -> CellOutcome:
    cell = case.cell
    assert cell is not None
    for invariant in AT_END:
        _note(case, twin, invariant)
    if case.recovered is None:
        case.broken.setdefault("recovers", "never")
    latest = max(case.notes.get("late", {}).values(), default=0.0)
    return CellOutcome(
        (cell.row.name, cell.moment.name, cell.home, cell.endpoint),
        case.broken,
        case.recovered,
        latest,
        len(case.running.requests),
        case.now,
    )
