"""A newcomer's walk in a real terminal: from no configuration to metrics in a few minutes.

Everything is typed into a shell as docs/getting-started.md has it; a gateway is on the network, and
announces itself.
"""

import io
import re
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pexpect
import pytest

from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.conftest import ROOT
from tests.mdns import LOOPBACK, announce, announcement
from tests.thread_server import in_thread

#: seconds after which a command is taken for hung; no test waits that long to succeed
PATIENCE = 60
PROMPT = "newcomer> "
SERIAL = SAMPLE_HOMES["battery-home"].serial


@asynccontextmanager
async def announced() -> AsyncIterator[RunningGateway]:
    """Serve a gateway, and announce it."""
    async with serve(sample_home("battery-home", time.time)) as running:
        port = int(running.host.rpartition(":")[2])
        async with announce(announcement("envoy", port, serial=SERIAL, firmware="8.2.4401")):
            yield running


@pytest.fixture
def gateway() -> Iterator[RunningGateway]:
    """Return a gateway on the network."""
    with in_thread(announced()) as running:
        yield running


class Terminal:
    """A shell in a terminal, and all of its output."""

    def __init__(self, folder: Path) -> None:
        self._seen = io.StringIO()
        environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "PS1": PROMPT}
        environment |= {"TERM": "xterm", "COLUMNS": "160", "PYTHONPATH": str(ROOT)}
        self._shell = pexpect.spawn(
            "/bin/sh",
            cwd=folder,
            env=environment,
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(50, 160),
        )
        self._shell.logfile_read = self._seen
        self.until(PROMPT)

    @property
    def seen(self) -> str:
        """The whole output, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._seen.getvalue())

    @property
    def raw(self) -> str:
        """Everything that was written to the terminal."""
        return self._seen.getvalue()

    def type(self, line: str) -> None:
        """Type a line."""
        self._shell.sendline(line)

    def until(self, text: str) -> str:
        """Wait for this text; return the output before it."""
        self._shell.expect_exact(text)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._shell.before or "")

    def answer(self, question: str, line: str) -> None:
        """Wait for a question and answer it."""
        self.until(question)
        self.type(line)

    def status(self) -> str:
        """Return the exit status of the last command."""
        self.type("echo status=$?")
        self.until("status=$?")
        self.until("status=")
        return self.until(PROMPT).strip()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._shell.sendintr()

    def interrupt_until(self, text: str) -> None:
        """Press Ctrl-C, again if it came before the question accepted input."""
        for _ in range(10):
            self.interrupt()
            if self._shell.expect_exact([text, pexpect.TIMEOUT], timeout=PATIENCE / 10) == 0:
                return
        pytest.fail("Ctrl-C ends nothing")

    def close(self) -> None:
        """Close the window, with all that runs in it."""
        self._shell.close(force=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Return a terminal in an empty folder, where the command is installed."""
    command = tmp_path / "enphase-exporter"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m exporter "$@"\n')
    command.chmod(0o755)
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_the_guided_setup(gateway: RunningGateway, terminal: Terminal, tmp_path: Path) -> None:
    """`discover`, `init`, `check`, `serve`: each works, and each prints the next step."""
    terminal.type("enphase-exporter discover --interface=127.0.0.1 --timeout=2s")
    output = terminal.until(PROMPT)
    assert SERIAL in output
    assert gateway.host in output
    assert "`enphase-exporter init` writes it all" in output

    terminal.type("enphase-exporter init --interface=127.0.0.1")
    terminal.answer("Gateway: number, name or address", "")
    terminal.answer("Name of the gateway", "cabin")
    terminal.answer("[Enter: token]", "back")
    terminal.answer("Name of the gateway", "")
    terminal.answer("[Enter: token]", gateway.token)
    terminal.answer("Which storage mode do you want?", "")
    terminal.answer("Write the configuration to", "")
    output = terminal.until(PROMPT)
    assert "Wrote home.token" in output
    assert "scrape_configs:" in output
    assert (tmp_path / "home.token").stat().st_mode & 0o777 == 0o600

    (check, run) = re.findall(r"enphase-exporter (?:check|serve) --config\.file=\S+", output)
    terminal.type(check)
    output = terminal.until("home: all is well")
    assert output.count("✓") == 12
    terminal.until(PROMPT)
    assert terminal.status() == "0"

    terminal.type(f"{run} --web.listen-address={LOOPBACK}:0")
    terminal.until("msg=listening address=")
    address = terminal.until("\r\n").strip()
    _until_up(f"http://{address}/metrics")
    terminal.interrupt()
    terminal.until(PROMPT)
    assert terminal.status() == "0"


@pytest.mark.parametrize("question", ["[Enter: token]", "File with the token"])
def test_a_pasted_token_is_never_shown(terminal: Terminal, question: str) -> None:
    """It is recognised at questions whose answers are shown, and not even written for a moment."""
    terminal.type("enphase-exporter init --host=127.0.0.1 --no-test --name=home")
    if question != "[Enter: token]":
        terminal.answer("[Enter: token]", "token-file")
    terminal.answer(question, f" eyJ{'x' * 300}")
    terminal.until("(token received)")
    terminal.until("Write the configuration to")
    assert "xxx" not in terminal.raw
    terminal.interrupt_until(PROMPT)


def test_answers_can_be_corrected(terminal: Terminal, tmp_path: Path) -> None:
    """What is typed is shown; the keys that take a letter or the line away do so."""
    (tmp_path / "token").write_text("t0ken")
    terminal.type("enphase-exporter init --host=127.0.0.1 --no-test --token-file=token")
    terminal.answer("Name of the gateway", "wrong\x15hütte\x7f\x7f\x7f\x7fut")
    terminal.answer("Write the configuration to", "eyJ\x7f\x7f\x7fmy.yml\x04")
    output = terminal.until(PROMPT)
    assert "Wrote my.yml" in output
    assert "hütte" in terminal.seen
    assert "name: hut" in (tmp_path / "my.yml").read_text()
    terminal.type("enphase-exporter init --host=127.0.0.1 --no-test")
    terminal.answer("Name of the gateway", "\x04")
    assert "standard input has ended: nothing was written" in terminal.until(PROMPT)


def _until_up(url: str) -> None:
    """Return once the exporter has read the gateway."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with urllib.request.urlopen(url) as response:  # noqa: S310 - the exporter's own address
            if 'enphase_up{gateway="home"} 1' in response.read().decode():
                return
        time.sleep(0.05)
    pytest.fail("the gateway was not read in time")


def test_ctrl_c_at_a_question_ends_it(terminal: Terminal, tmp_path: Path) -> None:
    """Ctrl-C at a question exits with 130, and nothing is written."""
    terminal.type("enphase-exporter init --host=127.0.0.1 --no-test --name=home")
    terminal.until("[Enter: token]")
    terminal.interrupt_until(PROMPT)
    assert terminal.status() == "130"
    assert "Traceback" not in terminal.seen
    assert [path.name for path in tmp_path.iterdir()] == ["enphase-exporter"]
