"""Runs cells of the matrix side by side: each gateway is ill in its own way, all on one loop."""

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests import log_asserts
from tests.faults.gateways import ASKED, HOMES
from tests.faults.invariants import AT_END, LOOKS
from tests.faults.patient import STEP, Cell, Patient, patients
from tests.faults.table import BY_NAME, MOMENTS, ROWS, Moment, Row
from tests.virtual_loop import VirtualLoop, run

#: state files in memory: a disk that syncs is slow, and not what is tested
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # by TemporaryDirectory
#: seconds after the fault at which a patient that has not recovered is given up
_GIVEN_UP = 1500.0
_LONG = 1800.0
#: seconds that one who has recovered is watched on
_AFTER = 60.0


@dataclass(frozen=True)
class Outcome:
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


def run_batch(batch: Batch) -> list[Outcome]:
    """Run the cells of a batch; for another process."""
    return outcomes(chosen(*batch))


def outcomes(ill: Iterable[Cell]) -> list[Outcome]:
    """Run these cells, all at once; a healthy twin of each home beside them is never disturbed."""
    cells_to_run = list(ill)
    with (
        log_asserts.logged_errors("aiohttp.client") as errors,
        tempfile.TemporaryDirectory(dir=_MEMORY) as folder,
    ):

        async def main(loop: VirtualLoop) -> list[Outcome]:
            return await _watch(loop, cells_to_run, Path(folder))

        found = run(main)
    if errors:
        raise AssertionError(f"in the log: {errors[:3]}")
    return found


async def _watch(loop: VirtualLoop, cells: list[Cell], folder: Path) -> list[Outcome]:
    homes = sorted({cell.home for cell in cells})
    async with patients(loop, cells, homes, folder) as (ill, twins):
        illnesses = [asyncio.create_task(patient.fall_ill()) for patient in ill]
        going = list(ill)
        found: list[Outcome] = []
        # In a long illness there is less to see than in its beginning.
        step = STEP * (2 if all((cell.moment.lasts or 0) > _LONG for cell in cells) else 1)
        while going:
            await asyncio.sleep(step)
            for twin in twins.values():
                twin.look()
                _check(twin, twin)
            for patient in going:
                assert patient.cell is not None
                patient.look()
                _check(patient, twins[patient.cell.home])
                if _over(patient):
                    found.append(_outcome(patient, twins[patient.cell.home]))
            going = [patient for patient in going if not _over(patient)]
        await asyncio.gather(*illnesses)
        for home, twin in twins.items():
            for invariant in AT_END:
                _note(twin, twin, invariant)
            assert not twin.broken, f"the healthy {home} was disturbed: {twin.broken}"
        return found


def _check(patient: Patient, twin: Patient) -> None:
    for invariant in LOOKS:
        _note(patient, twin, invariant)


def _note(patient: Patient, twin: Patient, invariant: object) -> None:
    assert callable(invariant)
    wrong = invariant(patient, twin)
    if wrong is not None:
        name = getattr(invariant, "__name__", "")
        patient.broken.setdefault(name, f"at {patient.now:.0f} s: {wrong}")


def _over(patient: Patient) -> bool:
    if patient.ended is None:
        return False
    since = patient.now - patient.ended
    well = patient.recovered is not None and since >= patient.recovered + _AFTER
    return well or since > _GIVEN_UP


def _outcome(patient: Patient, twin: Patient) -> Outcome:
    cell = patient.cell
    assert cell is not None
    for invariant in AT_END:
        _note(patient, twin, invariant)
    if patient.recovered is None:
        patient.broken.setdefault("recovers", "never")
    latest = max(patient.notes.get("late", {}).values(), default=0.0)
    return Outcome(
        (cell.row.name, cell.moment.name, cell.home, cell.endpoint),
        patient.broken,
        patient.recovered,
        latest,
        len(patient.running.requests),
        patient.now,
    )
