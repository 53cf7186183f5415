"""Plays scenarios beside each other, in processes of their own, as there are many."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.alerts.background_runs import Submit
from tools.incident.healthy import silence_logging


@pytest.fixture(scope="session")
def submit(promtool: str) -> Iterator[Submit]:
    """Return what runs a function in one of the processes."""
    assert promtool
    workers = ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("spawn"), initializer=silence_logging
    )
    try:
        yield workers.submit
    finally:
        workers.shutdown(cancel_futures=True)
