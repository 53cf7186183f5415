"""The exact text of `/metrics` for each sample home, so that every change is visible.

`make generate` writes the files again.
"""

import os
import subprocess
from pathlib import Path

import pytest

from exporter.gateway import poller
from exporter.metrics.catalogue import FAMILIES
from exporter.simulator.homes import SAMPLE_HOME_NAMES
from tests.polled_gateway import polled_gateway

GOLDEN = Path(__file__).parent / "golden"
#: made for load, and like another home but for its size
LARGE = {"big-home"}


@pytest.mark.parametrize("home", sorted(set(SAMPLE_HOME_NAMES) - LARGE))
async def test_the_exposition_of_a_sample_home_is_as_recorded(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exposition of the home at noon is the one that was committed."""
    golden = GOLDEN / f"{home}.prom"
    # on a busy machine an answer takes seconds, and more is asked beside it
    monkeypatch.setattr(poller, "_SLOW", 3600.0)
    async with polled_gateway(home, tmp_path) as watched:
        # long enough for a first zero to be believed
        await watched.pass_time(361)
        actual = watched.exposition.render("", "", FAMILIES.keys())[0].decode()
    if os.environ.get("GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(actual)
    assert golden.read_text() == actual


def test_no_golden_is_left_over() -> None:
    """Every recorded exposition belongs to a sample home."""
    assert {file.stem for file in GOLDEN.iterdir()} == set(SAMPLE_HOME_NAMES) - LARGE


def test_the_goldens_pass_promtool(promtool: str) -> None:
    """None of them gets a complaint from promtool."""
    for golden in sorted(GOLDEN.iterdir()):
        check = subprocess.run(
            [promtool, "check", "metrics"],
            input=golden.read_bytes(),
            capture_output=True,
            check=False,
        )
        assert (check.returncode, check.stderr.decode()) == (0, ""), golden.name
