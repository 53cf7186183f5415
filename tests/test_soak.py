"""A soak of some hours: nothing stays behind in the process, and if it did, it would be noticed."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from tests.conftest import ROOT
from tools.soak.faults import FAULTS
from tools.soak.measurements import FEW, MORE_BYTES, Measurement, grown

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

#: seconds after which it is taken for hung
_PATIENCE = 240
_COMMAND = "{first}\nimport sys\nfrom tools.soak.__main__ import main\nsys.exit(main(sys.argv[1:]))"


def soak(days: float, every: float, first: str = "") -> subprocess.CompletedProcess[str]:
    """Run a soak in its own process; `first` is Python code to run before it."""
    return subprocess.run(
        (
            *(sys.executable, "-W", "error", "-c", _COMMAND.format(first=first)),
            *("month", f"--days={days}", f"--every={every}", "--seed=7"),
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


def test_nothing_stays_behind() -> None:
    """After hours of faults, restarts, tokens and clients the process has not grown."""
    run = soak(0.3, 0.12)
    assert run.returncode == 0, run.stdout + run.stderr
    measurements = re.findall(r"(\d+) files, (\d+) tasks, (\d+) threads; all up", run.stdout)
    assert len(measurements) == 3
    assert len(set(measurements)) == 1
    assert f"of {len(FAULTS)} kinds ({len(FAULTS)} of them came)" in run.stdout


#: an exporter that keeps every snapshot, a file for every write, and a task for every reload
LEAKS = """
import asyncio
from exporter.state import State
from exporter.manager import PollerManager

kept = []
publish, save, adopt = PollerManager._publish, State.save, PollerManager.apply_config

def keep_snapshots(self, gateway, names, snapshot):
    kept.append(dict(snapshot.readings))
    publish(self, gateway, names, snapshot)

def keep_files(self, content):
    kept.append(open("/dev/null"))
    save(self, content)

async def keep_tasks(self, config):
    kept.append(asyncio.create_task(asyncio.sleep(1e7)))
    await adopt(self, config)

PollerManager._publish, State.save = keep_snapshots, keep_files
PollerManager.apply_config = keep_tasks
"""


def test_leaks_are_noticed() -> None:
    """What is kept at every snapshot, write or reload fails the soak, and is named."""
    run = soak(0.12, 0.05, LEAKS)
    assert run.returncode == 1, run.stdout + run.stderr
    for growth in (r"objects of builtins\.dict", "files", "tasks"):
        assert re.search(rf"at \d+ h: \d+ {growth}, \d+ at first", run.stdout), run.stdout


MEASUREMENT = Measurement(3600.0, 80_000_000, 300_000, Counter({dict: 5000, list: 20}), 13, 4, 1)


@pytest.mark.parametrize(
    "later",
    [
        replace(MEASUREMENT, files=14),
        replace(MEASUREMENT, tasks=5),
        replace(MEASUREMENT, threads=2),
        replace(MEASUREMENT, tasks=3),
        replace(MEASUREMENT, rss=MEASUREMENT.rss + int(MORE_BYTES) + 1),
        replace(MEASUREMENT, blocks=316_000),
        replace(MEASUREMENT, objects=MEASUREMENT.objects + Counter({list: FEW + 1})),
        replace(MEASUREMENT, objects=MEASUREMENT.objects + Counter({dict: 600})),
    ],
)
def test_what_has_grown_is_named(later: Measurement) -> None:
    """Files, tasks and threads are exact; memory may vary a little, in all and by type."""
    assert grown([MEASUREMENT, later])
    assert grown([MEASUREMENT, replace(MEASUREMENT, at=7200.0), MEASUREMENT]) == []
