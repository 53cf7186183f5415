"""Runs many examples with one seed, for the command and for the tests."""

import asyncio
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.examples import Covered, Example, examples, run
from tests.fuzz.gateways import FuzzedHome, houses


@dataclass(frozen=True)
class Batch:
    """So many examples from this seed, of the simulated homes and of the captures in a folder."""

    seed: int
    count: int
    captures: Path | None = None


@dataclass(frozen=True)
class BatchResult:
    """What a batch covered, and what it found, as text."""

    covered: Covered
    failures: tuple[str, ...] = field(default=())


@cache
def _houses(captures: Path | None) -> list[FuzzedHome]:
    return houses(captures)


def run_batch(batch: Batch) -> BatchResult:
    """Run a batch; a failure is made small before it is reported."""
    covered = Covered()
    with _silence(), asyncio.Runner() as runner:
        houses = _houses(batch.captures)

        @seed(batch.seed)
        @settings(
            max_examples=batch.count,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(examples)
        def all_of_them(example: Example) -> None:
            runner.run(run(example, houses, covered))

        try:
            all_of_them()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what was looked for
            return BatchResult(covered, tuple(_failures(error)))
    return BatchResult(covered)


def _failures(error: BaseException) -> Iterator[str]:
    """Return each failure with the example that hypothesis noted on it."""
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else (error,):
        notes = "\n".join(getattr(each, "__notes__", ()))
        place = each.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        yield f"{type(each).__name__}: {str(each)[:600]} ({where})\n{notes}"


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing of what is spoiled here on purpose; a warning is an error, as in all tests."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        logging.disable(before)
