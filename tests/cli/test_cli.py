"""The command as users run it: real processes, their output, their exit status."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter import __version__

COMMAND = [sys.executable, "-W", "error", "-m", "exporter"]
#: seconds after which a process is taken for hung; no test waits that long to succeed
PATIENCE = 60
INFO = b"<envoy_info><device><sn>122000000001</sn><software>D8.3.1</software></device></envoy_info>"


def environment(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without any setting of the machine."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), **variables}


def run(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(home, variables),
        cwd=Path(__file__).parents[2],
    )


@contextmanager
def running(home: Path, *words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command while the test goes on."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, variables),
        cwd=Path(__file__).parents[2],
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send a signal; return exit status and what was written to stderr since."""
    process.send_signal(number)
    status = process.wait(PATIENCE)
    assert process.stderr is not None
    return status, process.stderr.read()


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """Wait for a log line with this text and return it."""
    assert process.stderr is not None
    return next(line for line in process.stderr if text in line)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a capture with the identity of the gateway only."""
    folder = tmp_path / "capture"
    folder.mkdir()
    (folder / "info").write_bytes(INFO)
    return folder


def test_version_imports_nothing(tmp_path: Path) -> None:
    """`--version` answers at once: no library is imported for it."""
    script = (
        "import sys; from exporter.cli import main; main(['--version']);"
        "print(*{'typer', 'aiohttp', 'pydantic', 'pyenphase', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.decode() == f"enphase-exporter {__version__}\n\n"
    assert run(tmp_path, "--version").stdout == f"enphase-exporter {__version__}\n"


def test_help_imports_little() -> None:
    """Help of a command loads nothing that only running it needs."""
    script = (
        "import sys; from exporter.cli import main; main(['serve', '--help']);"
        "sys.exit(bool({'aiohttp', 'pyenphase', 'yaml', 'bcrypt'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["serve", "--help"], ["replay", "-h"]])
def test_help_shows_examples(tmp_path: Path, words: list[str]) -> None:
    """Help lists the commands and has examples."""
    done = run(tmp_path, *words)
    assert done.returncode == 0
    assert "Examples:\n" in done.stdout
    assert "  enphase-exporter " in done.stdout


def test_serve_has_the_flags_of_an_exporter(tmp_path: Path) -> None:
    """Flags are named as those of every exporter of Prometheus."""
    done = run(tmp_path, "serve", "--help")
    assert set(re.findall(r"--[a-z.-]+(?= |,|\n)", done.stdout)) >= {
        "--config.file",
        "--config.check",
        "--web.listen-address",
        "--web.config.file",
        "--log.level",
        "--log.format",
    }
    assert ":10055" in done.stdout


@pytest.mark.parametrize(
    "words", [["serv"], ["serve", "--confg"], ["serve", "--log.level=loud"], ["replay"]]
)
def test_wrong_flags(tmp_path: Path, words: list[str]) -> None:
    """Unknown commands and flags end with 2 and a pointer to help."""
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "-h' for help" in done.stderr


def test_config_check(tmp_path: Path) -> None:
    """A valid configuration is one line on stdout."""
    path = tmp_path / "enphase.yml"
    path.write_text("gateways: [{host: a}, {host: b}]")
    done = run(tmp_path, "serve", f"--config.file={path}", "--config.check")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path} is valid: 2 gateways\n", "")
    done = run(tmp_path, "serve", "--config.check", ENPHASE_HOST="a")
    assert (done.returncode, done.stdout) == (0, "The environment is valid: 1 gateway\n")


def test_bad_configuration(tmp_path: Path) -> None:
    """Each mistake is one line on stderr, and the status is 1."""
    path = tmp_path / "enphase.yml"
    path.write_text("gateways: [{host: https://a}]\nlgo: {}")
    for check in ([], ["--config.check"]):
        done = run(tmp_path, "serve", f"--config.file={path}", *check)
        assert (done.returncode, done.stdout) == (1, "")
        first, second = done.stderr.splitlines()
        assert first.startswith(f"enphase-exporter: error: {path}: gateways[0].host: 'https://a'")
        assert second.endswith("lgo: unknown key: did you mean log?")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--web.listen-address=10055"], "--web.listen-address: '10055' lacks a colon"),
        (["--web.config.file=/missing"], "/missing: cannot be read"),
        (["--config.file=/missing"], "/missing: cannot be read"),
    ],
)
def test_flags_that_lead_nowhere(tmp_path: Path, words: list[str], message: str) -> None:
    """A flag with a bad value is named, whether checking or serving."""
    for check in ([], ["--config.check"]):
        done = run(tmp_path, "serve", *words, *check, ENPHASE_HOST="a")
        assert done.returncode == 1
        assert done.stderr.startswith(f"enphase-exporter: error: {message}")
        assert done.stderr.count("\n") == 1


def test_busy_port(tmp_path: Path) -> None:
    """A port that is taken ends the exporter with one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(tmp_path, "serve", f"--web.listen-address={address}", ENPHASE_HOST="127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"enphase-exporter: error: cannot listen on {address}: "
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_on_request(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM is a success, and the secret has not been logged."""
    secret = "hunter2-hunter2"
    with running(
        tmp_path,
        *("serve", "--web.listen-address=127.0.0.1:0", "--log.level=debug"),
        ENPHASE_HOST="127.0.0.1:1",
        ENPHASE_TOKEN=secret,
    ) as process:
        before = line_with(process, "msg=listening")
        status, after = ended(process, number)
    assert status == 0
    assert "Traceback" not in before + after
    assert secret not in before + after


def test_sighup_changes_the_log(tmp_path: Path) -> None:
    """A reload takes the new log format, and a bad file leaves everything as it was."""
    path = tmp_path / "enphase.yml"
    path.write_text("gateways: [{host: '127.0.0.1:1'}]")
    with running(
        tmp_path, "serve", f"--config.file={path}", "--web.listen-address=127.0.0.1:0"
    ) as process:
        line_with(process, "msg=listening")
        path.write_text("gateways: {}")
        process.send_signal(signal.SIGHUP)
        assert line_with(process, "no gateway is configured").startswith("time=")
        path.write_text("gateways: [{host: '127.0.0.1:1'}]\nlog: {format: json}")
        process.send_signal(signal.SIGHUP)
        assert line_with(process, "reloaded").startswith('{"time":')
        assert ended(process, signal.SIGTERM)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_replay(tmp_path: Path, recorded: Path, number: signal.Signals) -> None:
    """A replayed gateway prints its address and login, and ends on a signal."""
    words = ["replay", str(recorded), "--now", "--listen-address=127.0.0.1:0"]
    with running(tmp_path, *words) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert re.fullmatch(
            r"Gateway 122000000001, firmware 8\.3\.1, at https://127\.0\.0\.1:\d+\n", lines[0]
        )
        assert re.fullmatch(r"ENPHASE_HOST=127\.0\.0\.1:\d+\n", lines[1])
        assert re.fullmatch(r"ENPHASE_TOKEN=eyJ\S+\n", lines[2])
        assert ended(process, number) == (0, "")


def test_replay_of_nothing(tmp_path: Path) -> None:
    """A folder that is no capture is one line."""
    done = run(tmp_path, "replay", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"enphase-exporter: error: {tmp_path}/info is missing")
    assert done.stderr.count("\n") == 1


def test_serve_understands_a_file_as_argument(tmp_path: Path) -> None:
    """`serve FILE` is the same as `serve --config.file=FILE`, and two files are refused."""
    (tmp_path / "my.yml").write_text("gateways: [{host: envoy.local}]\n")
    file = str(tmp_path / "my.yml")
    done = run(tmp_path, "serve", file, "--config.check")
    assert (done.returncode, done.stdout) == (0, f"{file} is valid: 1 gateway\n")
    done = run(tmp_path, "serve", "my.yml", "-c", "other.yml", "--config.check")
    assert done.returncode == 2
    assert "name one configuration: my.yml or other.yml" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["serve", "--config.check"]])
def test_an_output_that_is_full(tmp_path: Path, words: list[str]) -> None:
    """A full disk behind stdout is one line and status 1, and is not called a bug."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *words],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env=environment(tmp_path, {"ENPHASE_HOST": "envoy.local"}),
        )
    assert done.returncode == 1
    assert done.stderr == (
        "enphase-exporter: error: cannot write the output: No space left on device\n"
    )
