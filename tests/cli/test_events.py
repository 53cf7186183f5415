"""The gateway's own event log, in a table, as JSON, and as it grows."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.gateway.endpoints.events import ENDPOINT
from exporter.simulator.faults import body, status
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.cli.test_cli import COMMAND, PATIENCE, environment, run
from tests.thread_server import in_thread

ROWS = [
    ["4712", "Grid outage: Clear", "482300000001", "ESUB", "Mon Jun 08, 2026 02:11 PM PDT"],
    ["4711", "Grid outage: Set", "482300000001", "ESUB", "Mon Jun 08, 2026 01:58 PM PDT"],
]


def log(*rows: list[str]) -> bytes:
    """Return an answer with these events."""
    return json.dumps({"sEcho": 0, "iTotalRecords": len(rows), "aaData": rows}).encode()


@pytest.fixture
def gateway() -> Iterator[RunningGateway]:
    """Return a gateway with two events."""
    with in_thread(serve(sample_home("battery-home", time.time))) as running:
        running.faults[ENDPOINT.path] = body(log(*ROWS))
        yield running


def login(gateway: RunningGateway, tmp_path: Path) -> dict[str, str]:
    """Return the environment for the command."""
    return {
        "ENPHASE_HOST": gateway.host,
        "ENPHASE_TOKEN": gateway.issue("installer"),
        "ENPHASE_STATE_DIR": str(tmp_path / "state"),
    }


def test_a_table(gateway: RunningGateway, tmp_path: Path) -> None:
    """Events are printed oldest first, with what began and what ended."""
    done = run(tmp_path, "events", **login(gateway, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert "began  Grid outage  (esub 482300000001)" in first
    assert "ended  Grid outage" in second


def test_json(gateway: RunningGateway, tmp_path: Path) -> None:
    """With `--json` each event is an object in a line of its own."""
    done = run(tmp_path, "events", "--json", **login(gateway, tmp_path))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(event["id"], event["action"]) for event in events] == [(4711, "set"), (4712, "clear")]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (403, "is not permitted to read the event log"),
        (404, "this gateway has no event log"),
    ],
)
def test_a_log_that_cannot_be_read(
    code: int, message: str, gateway: RunningGateway, tmp_path: Path
) -> None:
    """A login without permission and a firmware without a log have different messages."""
    gateway.faults[ENDPOINT.path] = status(code)
    done = run(tmp_path, "events", **login(gateway, tmp_path))
    assert done.returncode == 1
    assert message in done.stderr


def test_control_characters_are_not_printed(gateway: RunningGateway, tmp_path: Path) -> None:
    """A text of the gateway cannot control the terminal."""
    gateway.faults[ENDPOINT.path] = body(log(["1", "bad \x1b[2J name", "1", "PCU", "now"]))
    done = run(tmp_path, "events", **login(gateway, tmp_path))
    assert "\x1b" not in done.stdout
    assert "bad \\x1b[2J name" in done.stdout


def test_follow(gateway: RunningGateway, tmp_path: Path) -> None:
    """With `--follow` it prints what is new, once, until it is stopped."""
    process = subprocess.Popen(
        [*COMMAND, "events", "--follow", "--interval=10s"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path, {**login(gateway, tmp_path), "PYTHONUNBUFFERED": "1"}),
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdout is not None
        assert "began" in process.stdout.readline()
        assert "ended" in process.stdout.readline()
        newest = ["4713", "Upgrade: Set", "202499000001", "ENVOY", "later"]
        gateway.faults[ENDPOINT.path] = body(log(newest, *ROWS))
        assert "began  Upgrade" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
