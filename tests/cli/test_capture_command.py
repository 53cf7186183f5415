"""The command that makes captures: its output, what it refuses, what it leaves behind."""

import errno
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pexpect
import pytest

from exporter.capture.recorder import TARGETS
from exporter.cli import dispatch
from exporter.clock import VirtualClock
from exporter.diagnostics.saved_state import load_saved_state
from exporter.simulator import replay as captures
from exporter.simulator.faults import Hang
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.cli.test_cli import COMMAND, PATIENCE, environment, running
from tests.conftest import ROOT
from tests.fake_cloud import PASSWORD, USER, serving_cloud
from tests.thread_server import in_thread

PREFIX = "enphase-exporter: error: "
SERIAL = SAMPLE_HOMES["battery-home"].serial

CaptureCall = Callable[..., tuple[int, str, str]]


@asynccontextmanager
async def _gateway() -> AsyncIterator[RunningGateway]:
    async with serve(sample_home("battery-home", time.time)) as running:
        yield running


@pytest.fixture
def gateway() -> Iterator[RunningGateway]:
    """Return a gateway on the network."""
    with in_thread(_gateway()) as running:
        yield running


@pytest.fixture
def take(
    gateway: RunningGateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CaptureCall:
    """Return what runs the command without waiting: exit status, stdout and stderr."""
    monkeypatch.setattr("exporter.clock.SystemClock", lambda: VirtualClock(time.time()))
    for name, value in variables(gateway, tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str, str]:
        status = dispatch.run(["capture", *words])
        value = capsys.readouterr()
        return status, value.out, value.err

    return run


def variables(gateway: RunningGateway, folder: Path) -> dict[str, str]:
    """Return the environment for one gateway."""
    return {
        "ENPHASE_HOST": gateway.host,
        "ENPHASE_TOKEN": gateway.token,
        "ENPHASE_STATE_DIR": str(folder / "state"),
    }


def test_a_capture_is_made(take: CaptureCall, gateway: RunningGateway, tmp_path: Path) -> None:
    """Each request is a line; replaced values are counted and never printed."""
    folder = tmp_path / "capture"
    status, value, error = take(str(folder))
    assert status == 0
    assert re.fullmatch(
        rf"{len(TARGETS)} requests, \d+ answered, \d+ not there, 3 refused",
        value.split("\n")[0].removeprefix(f"{folder}: "),
    )
    assert re.search(r"^  serial numbers: \d+ different, in \d+ places$", value, re.M)
    assert "_readme.md" in value
    lines = error.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [f"{number}/{len(TARGETS)}", f"{target}:"] for number, target in enumerate(TARGETS, start=1)
    ]
    assert SERIAL not in value + error
    assert gateway.token not in value + error

    assert folder.stat().st_mode & 0o777 == 0o700
    files = [*folder.iterdir()]
    assert len(files) == 2 * len(TARGETS) + 1
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["capture"]
    assert captures.load_capture(folder).firmware == SAMPLE_HOMES["battery-home"].firmware


def test_only_reading(take: CaptureCall, gateway: RunningGateway, tmp_path: Path) -> None:
    """Each target is requested once, by GET."""
    assert take(str(tmp_path / "capture"))[0] == 0
    assert {request.method for request in gateway.requests} == {"GET"}
    assert [gateway.count(target) for target in TARGETS] == [1] * len(TARGETS)


def test_an_empty_folder_is_taken(take: CaptureCall, tmp_path: Path) -> None:
    """An existing empty folder is accepted."""
    (tmp_path / "capture").mkdir()
    assert take(str(tmp_path / "capture"))[0] == 0
    assert (tmp_path / "capture" / "info").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("full", "is not empty: name a new folder"),
        ("file", "is not a folder"),
        ("link", "is not a folder"),
        ("nowhere/capture", "nowhere does not exist: create it first"),
    ],
)
def test_nothing_is_overwritten(
    name: str, content: str, take: CaptureCall, gateway: RunningGateway, tmp_path: Path
) -> None:
    """A folder that holds something, or cannot be made, is refused before any request."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    status, value, error = take(str(tmp_path / name))
    assert (status, value) == (1, "")
    assert error.startswith(PREFIX + str(tmp_path))
    assert content in error
    assert error.count("\n") == 1
    assert len(gateway.requests) == 0
    assert (tmp_path / "full" / "mine").read_text() == "mine"


def test_a_full_disk_leaves_nothing(
    take: CaptureCall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A capture that cannot be written completely leaves no file."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, _, error = take(str(tmp_path / "capture"))
    assert status == 1
    assert error.splitlines()[-1].startswith(
        f"{PREFIX}{tmp_path / 'capture'}: cannot be written (No"
    )
    assert [*tmp_path.iterdir()] == []


def test_a_gateway_that_is_gone(take: CaptureCall, gateway: RunningGateway, tmp_path: Path) -> None:
    """One line, and no folder."""
    gateway.up = False
    status, value, error = take(str(tmp_path / "capture"))
    assert (status, value) == (1, "")
    assert "cannot connect; is the gateway switched on?" in error
    assert error.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_one_of_several_gateways(
    take: CaptureCall, gateway: RunningGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has to be chosen by an existing name."""
    for name in variables(gateway, tmp_path):
        monkeypatch.delenv(name)
    config = tmp_path / "enphase.yml"
    config.write_text(
        f"state_dir: {tmp_path / 'state'}\ngateways:\n"
        f"  - {{name: home, host: '{gateway.host}', token: {gateway.token}}}\n"
        "  - {name: cabin, host: '127.0.0.1:1'}\n"
    )
    words = (str(tmp_path / "capture"), f"--config.file={config}")
    for more, content in (
        ((), "there are several gateways, choose one of: home, cabin"),
        (("--gateway=hut",), "no gateway is named 'hut', choose one of: home, cabin"),
    ):
        status, _, error = take(*words, *more)
        assert status == 2
        assert content in " ".join(error.split())
    assert take(*words, "--gateway=home")[0] == 0


def test_a_token_from_the_cloud_is_kept(
    take: CaptureCall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And neither it nor the account is in the capture."""
    monkeypatch.delenv("ENPHASE_TOKEN")
    monkeypatch.setenv("ENPHASE_NAME", "home")
    monkeypatch.setenv("ENPHASE_USERNAME", USER)
    monkeypatch.setenv("ENPHASE_PASSWORD", PASSWORD)
    with in_thread(serving_cloud(time.time)) as cloud:
        assert take(str(tmp_path / "first"))[0] == 0
        assert take(str(tmp_path / "second"))[0] == 0
        assert cloud.logins == 1
        token = cloud.tokens[0]
    assert load_saved_state(tmp_path / "state", "home").token == token
    written = b"".join(path.read_bytes() for path in (tmp_path / "first").iterdir()).decode()
    assert [secret for secret in (token, USER, PASSWORD) if secret in written] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(
    number: signal.Signals, gateway: RunningGateway, tmp_path: Path
) -> None:
    """Ctrl-C in the middle reports that nothing was written, and nothing is there."""
    gateway.faults["/ivp/ensemble/power"] = Hang()
    target = tmp_path / "capture"
    with running(tmp_path, "capture", str(target), **variables(gateway, tmp_path)) as process:
        assert process.stderr is not None
        assert any(line.startswith("3/") for line in process.stderr)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == f"Interrupted: {target} was not written\n"
    assert [*tmp_path.iterdir()] == []


def test_a_terminal_has_a_bar(gateway: RunningGateway, tmp_path: Path) -> None:
    """The progress bar shows the current request, and the outcome stays on the screen."""
    gateway.faults["/ivp/ensemble/power"] = Hang()
    terminal = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], "capture", str(tmp_path / "capture")],
        cwd=str(ROOT),
        env={
            **environment(tmp_path, variables(gateway, tmp_path)),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
        },
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(24, 120),
    )
    terminal.expect_exact("Read /ivp/ensemble/inventory")
    terminal.expect(r"━")
    terminal.sendintr()
    terminal.expect_exact("was not written")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
