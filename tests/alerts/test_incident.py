"""The replay of incidents: recordings go stale as scrapes do, and the command tells all."""

import subprocess
import sys
from pathlib import Path

import pytest

from exporter.errors import ExporterError
from tests.conftest import ROOT
from tools.incident import rules
from tools.incident.promtool import evaluate
from tools.incident.recording import LEAD, Recording, Series
from tools.incident.timeline import interval_for

GONE = 'enphase_up{gateway="home"}'


def test_a_series_that_vanishes_goes_stale() -> None:
    """It is stale for the first scrape without it, and no marker is written for the others."""
    series = Series()
    for tick in (2, 3, 4, 8):
        series.put(tick, "1")
    assert series.text(11) == "_x2 1+0x2 stale _x2 1 stale _x1"


def test_nobody_to_scrape() -> None:
    """Where nobody answers, `up` is 0 and all else is stale; a repeated scrape says it again."""
    recording = Recording(1000.0, 60)
    recording.add({GONE: "1"})
    recording.repeat()
    recording.add(None)
    values = {series["series"]: series["values"] for series in recording.inputs()}
    assert values[GONE] == f"_x{LEAD} 1+0x1 stale"
    assert next(iter(values.values())) == f"1+0x{LEAD + 1} 0"


def test_evaluated_at_every_scrape(promtool: str) -> None:
    """A sign fires exactly while its expression has a value, and the watchdog always."""
    assert promtool
    recording = Recording(1000.0, 60)
    for value in ("1", "0", "0", "1"):
        recording.add({GONE: value})
    evaluated = evaluate(recording, {"gone": "enphase_up == 0"})
    fired = [sorted(dict(alert)["alertname"] for alert in alerts) for _, alerts in evaluated]
    assert [at for at, _ in evaluated] == [1000, 1060, 1120, 1180]
    assert fired == [
        ["EnphaseWatchdog"],
        ["EnphaseWatchdog", "IncidentSign"],
        ["EnphaseWatchdog", "IncidentSign"],
        ["EnphaseWatchdog"],
    ]


def test_nothing_is_skipped(promtool: str) -> None:
    """A rule that needs more samples than promtool holds is an error, and no silence."""
    assert promtool
    recording = Recording(1000.0, 60)
    for _ in range(20):
        recording.add({f'enphase_up{{gateway="{number}"}}': "1" for number in range(20)})
    greedy = {"greedy": "max_over_time(enphase_up[15m:1s]) > 1"}
    with pytest.raises(ExporterError, match="no room to evaluate IncidentSign"):
        evaluate(recording, greedy)


def test_recordings_come_before_alerts() -> None:
    """Groups are evaluated in an order in which everything is known in time."""
    order = rules.groups()
    assert len(order) == len(set(order)) > 10
    assert order[:2] == ("enphase-recording-common", "enphase-thresholds")
    assert order.index("enphase-recording-gateway") < order.index("enphase-gateway")


@pytest.mark.parametrize(("hours", "interval"), [(1, 15), (24, 30), (48, 60), (24 * 98, 300)])
def test_long_scenarios_are_looked_at_less_often(hours: float, interval: float) -> None:
    """An hour is worth every scrape, a summer is not."""
    assert interval_for(hours * 3600) == interval


def test_the_command_prints_and_draws(tmp_path: Path, promtool: str) -> None:
    """What fired is in the table with its time and its end, and there is a picture."""
    assert promtool
    picture = tmp_path / "incident.png"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.incident",
            "f12-exporter-down",
            "--interval=60s",
            f"--png={picture}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "scraped and evaluated every 1m" in done.stdout
    lines = [line for line in done.stdout.splitlines() if "EnphaseExporterDown" in line]
    assert ["firing" in line for line in lines] == [True, False]
    assert "resolved" in lines[1]
    assert picture.read_bytes().startswith(b"\x89PNG")
