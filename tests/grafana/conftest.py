"""A Prometheus with the recorded homes, for the tests of the queries of the dashboards."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.alerts.rule_files import NAME
from tests.conftest import _missing
from tests.grafana import homes
from tests.grafana.backfill import Prometheus, fill, running
from tools import boards
from tools.incident.healthy import silence_logging


@pytest.fixture(scope="session")
def prometheus(promtool: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a server with two days of the demo's home, and some hours of others."""
    assert promtool
    if shutil.which("prometheus") is None:
        _missing("prometheus is not installed")
    folder = tmp_path_factory.mktemp("homes")
    recordings = {home: folder / f"{home}.om" for home in homes.HOMES}
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("spawn"), initializer=silence_logging
    ) as workers:
        for done in [workers.submit(homes.record, *each) for each in recordings.items()]:
            done.result()
    data = folder / "data"
    data.mkdir()
    queries = (*boards.queries(), *boards.notes(), *boards.lists())
    fill(data, tuple(recordings.values()), {n for each in queries for n in NAME.findall(each.expr)})
    with running(data) as server:
        yield server
