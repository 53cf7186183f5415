"""Pictures of the dashboards: what Prometheus is asked for, and a word where programs lack."""

import json
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import ROOT
from tests.grafana.backfill import Prometheus
from tools import boards
from tools.dashboards.documentation import PICTURES
from tools.dashboards.panel_answers import Asker, seconds

TOOL = ROOT / "tools/dashboards"
#: one in the afternoon of the twentieth of June, in California
NOW = 1_781_985_600.0


@pytest.fixture
def asker() -> Asker:
    """Return a Grafana that has nobody to ask."""
    server = Prometheus("http://127.0.0.1:9")
    return Asker(server, "home", NOW, ZoneInfo("America/Los_Angeles"), 15, 1440)


def test_without_node_there_are_no_pictures_and_a_word(tmp_path: Path) -> None:
    """A developer without Node.js is told what is missing; nothing fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.dashboards", "--folder", str(tmp_path)],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "no pictures of the dashboards: node is not installed" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("since", "hours"),
    [
        ("now-24h", 24),
        ("30d", 720),
        ("now/d", 13),
        ("now-2d/d", 61),
        ("now/M", 19 * 24 + 13),
        ("now/y", 170 * 24 + 12),  # an hour less, for summer time
    ],
)
def test_time_ranges_are_read_as_grafana_writes_them(
    asker: Asker, since: str, hours: float
) -> None:
    """A length, and beginnings of a day, a month and a year in the browser's time zone."""
    begin, end = asker.span(since)
    assert end == NOW
    assert (end - begin) / 3600 == hours


def test_time_ranges_of_all_panels_are_understood(asker: Asker) -> None:
    """Every dashboard's, and those that panels have of their own."""
    for board in boards.DASHBOARDS.values():
        for since in (
            board["time"]["from"],
            *(panel["timeFrom"] for panel in boards.panels(board) if panel.get("timeFrom")),
        ):
            begin, end = asker.span(since)
            assert begin < end


def test_durations_are_seconds() -> None:
    """As the least interval of a panel is written."""
    assert [seconds(text) for text in ("15s", "5m", "1d")] == [15, 300, 86400]


def test_libraries_are_exact_and_their_lock_names_no_address() -> None:
    """Where packages come from is the business of the machine."""
    wanted = json.loads((TOOL / "package.json").read_text())["dependencies"]
    lock = json.loads((TOOL / "package-lock.json").read_text())["packages"]
    assert wanted
    for name, version in wanted.items():
        assert lock[f"node_modules/{name}"]["version"] == version
    assert not any("resolved" in package for package in lock.values())
    assert all(package["integrity"] for name, package in lock.items() if name)


def test_pictures_in_the_docs_are_shown_and_small() -> None:
    """Each is of a dashboard and on a page; together they stay below two megabytes."""
    pages = "".join(path.read_text() for path in (ROOT / "README.md", ROOT / "docs/dashboards.md"))
    for picture in PICTURES:
        assert picture.uid in boards.DASHBOARDS
        assert picture.file in pages
    assert sum((ROOT / "docs" / picture.file).stat().st_size for picture in PICTURES) < 2e6
