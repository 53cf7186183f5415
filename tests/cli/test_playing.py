"""The commands that play scenarios, as users run them."""

import re
import signal
import socket
from pathlib import Path

import pytest

from exporter.simulator.scenario import scenario_names
from tests.cli.test_cli import ended, run, running
from tests.scenarios import catalogue

PREFIX = "enphase-exporter: error: "


def test_list(tmp_path: Path) -> None:
    """Every scenario is a line with name, duration and title."""
    done = run(tmp_path, "simulate", "--list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["NAME", "DURATION", "TITLE"]
    assert [line.split()[0] for line in lines[1:]] == scenario_names()
    assert "grid-outage         8h        A storm takes the grid for an evening" in lines


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["simulate", "--seed=x"], "--seed: 'x' is not a whole number"),
        (["simulate", "--speed=0"], "--speed: '0' is not a speed"),
        (["simulate", "--speed=fast"], "--speed: 'fast' is not a speed"),
        (["simulate", "--scenario=grid-outrage"], "there is no scenario 'grid-outrage': did you"),
        (["simulate", "--listen-address=10056"], "'10056' lacks a colon"),
        (["record", "--output=x", "--seed=1.5"], "--seed: '1.5' is not a whole number"),
        (["record", "--output=x", "--interval=0s"], "--interval: '0s' is too short"),
        (["record", "--output=x", "--duration=soon"], "--duration: 'soon' is not a duration"),
        (["record", "--output=/missing/x", "--duration=1h"], "/missing/x: cannot be written"),
        (["record", "--output=x", "--scenario=./none.yml"], "none.yml: cannot be read"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    """A flag that means nothing ends the command with 1 and one line."""
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(PREFIX + message)
    assert done.stderr.count("\n") == 1


def test_bad_file(tmp_path: Path) -> None:
    """Each mistake in a scenario file is a line."""
    path = tmp_path / "mine.yml"
    path.write_text(
        "title: a\ndescription: b\nstart: 2026-01-01 00:00\nduration: 1h\nhome: collar\n"
        "events: [{at: 1m, set: {grid.upp: true}}, {at: 2m, set: {battery.9.led: 1}}]\n"
    )
    done = run(tmp_path, "simulate", f"--scenario={path}")
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{PREFIX}{path}: events[0].set.grid.upp: this house has no 'grid.upp'")
    assert second.startswith(f"{PREFIX}{path}: events[1].set.battery.9.led: ")


def test_busy_port(tmp_path: Path) -> None:
    """A port that is taken ends the simulation with one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(tmp_path, "simulate", f"--listen-address={address}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{PREFIX}cannot listen on {address}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_simulate(tmp_path: Path, number: signal.Signals) -> None:
    """It prints the gateway's address and login, then each event, and ends on a signal."""
    words = [
        "simulate",
        f"--scenario={catalogue.files()['f01-grid-lost']}",
        "--speed=36000",
        "--listen-address=127.0.0.1:0",
    ]
    with running(tmp_path, *words) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        assert re.fullmatch(
            r"The grid is lost: gateway 202499000001, at https://127\.0\.0\.1:\d+\n", lines[0]
        )
        assert re.fullmatch(r"ENPHASE_HOST=127\.0\.0\.1:\d+\n", lines[1])
        assert re.fullmatch(r"ENPHASE_TOKEN=eyJ\S+\n", lines[2])
        assert lines[3:] == [
            "2026-05-12 18:20  The grid is gone.\n",
            "2026-05-12 18:50  The grid is back; the switch waits for five good minutes.\n",
        ]
        assert ended(process, number) == (0, "")


def test_replaced_gateway_gets_a_token(tmp_path: Path) -> None:
    """When another gateway takes the place of the old one, a token for it is printed."""
    words = [
        "simulate",
        f"--scenario={catalogue.files()['f42-gateway-replaced']}",
        "--speed=36000",
        "--listen-address=127.0.0.1:0",
    ]
    with running(tmp_path, *words) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        assert lines[3].endswith("The installer takes the old gateway off the wall.\n")
        assert lines[4].startswith("ENPHASE_TOKEN=")
        assert lines[4] != lines[2]


def test_record(tmp_path: Path) -> None:
    """A recording has a scrape for each interval of the scenario, and an end.

    None of them is at the moment at which the grid is lost: it may be read before or after it.
    """
    output = tmp_path / "outage.om"
    done = run(
        tmp_path,
        *(
            "record",
            f"--scenario={catalogue.files()['f01-grid-lost']}",
            f"--output={output}",
            "--duration=40m",
            "--interval=7m",
        ),
    )
    assert (done.returncode, done.stdout) == (0, "")
    lines = output.read_text().splitlines()
    assert lines[-1] == "# EOF"
    grid = [line.split()[1:] for line in lines if line.startswith("enphase_grid_connected{")]
    start = 1778634000
    assert [float(at) - start for _, at in grid] == [420.0 * count for count in range(6)]
    assert [float(value) for value, _ in grid] == [1, 1, 1, 0, 0, 0]
    assert list(tmp_path.glob("*.part")) == []
