"""The pager end to end: real processes on the shipped files, from the lost grid to the webhook."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import serve
from tests.alerts.rule_files import ALERTS
from tests.cli.test_cli import PATIENCE, environment
from tests.conftest import ROOT
from tools.stack import dashboards
from tools.stack.__main__ import GREETING_END, main
from tools.stack.pipeline import chain
from tools.stack.ports import SHIPPED, Ports, free_ports
from tools.stack.programs import Tools

#: seconds after which something is taken for lost; no test waits that long to succeed
LOST = 240.0
#: panels of a dashboard that are too few; some want more than a minute of data, or other hardware
FEW = 3


class ReceivedMessage(NamedTuple):
    """A message as Alertmanager sends it."""

    receiver: str
    message: dict[str, Any]


class Scene(NamedTuple):
    """A house under watch, and the notifications about it."""

    house: HomeSimulation
    ports: Ports
    messages: asyncio.Queue[ReceivedMessage]

    async def until(self, *receivers: str) -> dict[str, list[dict[str, Any]]]:
        """Wait until each of these got a message; return all messages by receiver."""
        messages: dict[str, list[dict[str, Any]]] = {}
        async with asyncio.timeout(LOST):
            while not messages.keys() >= {*receivers}:
                receiver, message = await self.messages.get()
                messages.setdefault(receiver, []).append(message)
        return messages

    async def panels(self) -> dict[str, int]:
        """Wait until there are scrapes to show; return how many panels have data, by dashboard."""
        url = self.ports.url("prometheus", "")
        async with asyncio.timeout(LOST):
            while True:
                # a scrape that came too late leaves nothing to show until the next one
                with suppress(ValueError):
                    output = await dashboards.answered(url)
                    counts = re.findall(r"(\w+) (\d+) of \d+ panels", output)
                    panels = {name: int(count) for name, count in counts}
                    # Energies of days come with the days.
                    if min(n for name, n in panels.items() if name != "energy") > FEW:
                        return panels
                await asyncio.sleep(1)

    def put(self, lever: str, value: object) -> None:
        """Set something in the house now."""
        self.house.at(time.time())
        self.house.set(lever, value)


@asynccontextmanager
async def watched(pager: Tools) -> AsyncIterator[Scene]:
    """Watch a simulated home with the whole shipped chain."""
    messages: asyncio.Queue[ReceivedMessage] = asyncio.Queue()

    async def receive(receiver: str, message: dict[str, Any]) -> None:
        messages.put_nowait(ReceivedMessage(receiver, message))

    house = HomeSimulation(SAMPLE_HOMES["battery-home"], seed=1, start=time.time(), past_days=0)
    async with (
        serve(LiveGateway(house, lambda: house.at(time.time()))) as gateway,
        chain(pager, {"home": gateway}, receive) as running,
    ):
        yield Scene(house, running.ports, messages)


@pytest.mark.slow
async def test_an_outage_and_the_watchdog_are_delivered(pager: Tools) -> None:
    """The page comes with all that helps at night, the sign of life to the dead man's switch."""
    async with watched(pager) as scene:
        scene.put("grid.up", value=False)
        messages = await scene.until("wake", "dead-mans-switch")
        panels = await scene.panels()
    assert panels.keys() == {
        *("battery", "energy", "fleet", "gateway", "grid", "home", "meter", "solar")
    }
    page = messages["wake"][0]
    assert (page["status"], page["receiver"]) == ("firing", "wake")
    assert page["groupLabels"] == {"gateway": "home"}
    [alert] = page["alerts"]
    assert alert["labels"] == {
        "alertname": "EnphaseGridOutage",
        "severity": "critical",
        "gateway": "home",
    }
    annotations, rule = (
        alert["annotations"],
        next(r for r in ALERTS if r.name == "EnphaseGridOutage"),
    )
    assert annotations.keys() == rule.annotations.keys()
    assert annotations["summary"] == rule.annotations["summary"]
    assert annotations["runbook_url"] == rule.annotations["runbook_url"]
    assert annotations["dashboard_url"] == "http://localhost:3000/d/enphase-grid?var-gateway=home"
    assert re.fullmatch(
        r"home is off the grid(, batteries at [\d.]+%)?\. First: [^{}<>]+\.",
        annotations["description"],
    )
    [life] = messages["dead-mans-switch"][0]["alerts"]
    assert life["labels"] == {"alertname": "EnphaseWatchdog", "severity": "none"}


@pytest.mark.proof
async def test_a_resolved_outage_is_delivered(pager: Tools) -> None:
    """Once the switch has closed the page is taken back; signs of life go on all the while."""
    async with watched(pager) as scene:
        scene.put("switch.reconnect_seconds", 1)
        scene.put("grid.up", value=False)
        [page] = (await scene.until("wake"))["wake"]
        scene.put("grid.up", value=True)
        messages = await scene.until("wake")
    [over] = messages["wake"]
    assert (page["status"], over["status"]) == ("firing", "resolved")
    assert len(messages["dead-mans-switch"]) > 1
    assert [alert["labels"]["alertname"] for alert in over["alerts"]] == ["EnphaseGridOutage"]


def flags(ports: Ports) -> list[str]:
    """Return the flags that make the stack listen there."""
    return [f"--{field.name}-port={getattr(ports, field.name)}" for field in fields(ports)]


@contextmanager
def stack(tmp_path: Path, *words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run the stack beside the test; what it makes for a while goes into `tmp`."""
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tools.stack", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(tmp_path, {"TMPDIR": str(tmp_path / "tmp"), **variables}),
    )
    with process:
        try:
            yield process
        finally:
            # it ends its children, which a kill would leave behind
            process.terminate()
            process.wait(PATIENCE)


def greeted(process: subprocess.Popen[str]) -> str:
    """Wait until the stack is ready; return what it has printed."""
    assert process.stdout is not None
    output = ""
    while GREETING_END not in output:
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        output += line
    return output


def children(process: subprocess.Popen[str]) -> dict[str, int]:
    """Return the processes that a process has started: name of the program and id."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {
        Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0].rpartition("/")[2]: int(pid)
        for pid in listed
    }


def alive(pids: dict[str, int]) -> list[str]:
    """Return which of these processes there still are."""
    return [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_stack_ends_and_leaves_nothing(
    tmp_path: Path, pager: Tools, number: signal.Signals
) -> None:
    """It says where to look; asked to end, it ends its programs and takes its folders away."""
    ports = free_ports()
    with stack(tmp_path, *flags(ports)) as process:
        output = greeted(process)
        pids = children(process)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (0, "")
    assert all(f"http://localhost:{port}/" in output for port in astuple(ports)[:3])
    assert len(pids) == 3
    assert Path(pager.prometheus).name in pids
    assert (alive(pids), list((tmp_path / "tmp").iterdir())) == ([], [])


def test_a_program_that_dies_is_named(tmp_path: Path, pager: Tools) -> None:
    """When one program ends by itself the stack says which, ends the others, and fails."""
    with stack(tmp_path, *flags(free_ports())) as process:
        greeted(process)
        pids = children(process)
        os.kill(pids[Path(pager.alertmanager).name], signal.SIGKILL)
        _, complaints = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert complaints.startswith("stack: error: Alertmanager has ended by signal 9")
    assert (alive(pids), list((tmp_path / "tmp").iterdir())) == ([], [])


def test_the_last_output_of_a_program_is_printed(tmp_path: Path, pager: Tools) -> None:
    """A program that cannot start is named with its own words."""
    broken = tmp_path / "bin"
    broken.mkdir()
    for name in ("prometheus", "alertmanager", "amtool"):
        script = broken / name
        script.write_text("#!/bin/sh\necho no space left on the card >&2\nexit 3\n")
        script.chmod(0o755)
    with stack(tmp_path, *flags(free_ports()), PATH=f"{broken}:/nowhere") as process:
        _, complaints = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert re.fullmatch(
        r"stack: error: (Prometheus|Alertmanager) has ended with status 3; last output:\n"
        r"  no space left on the card\n",
        complaints,
    )
    assert list((tmp_path / "tmp").iterdir()) == []


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line with which the stack refuses to start anything."""
    with pytest.raises(SystemExit) as end:
        main(words)
    output, error = capsys.readouterr()
    assert (end.value.code, output) == (1, "")
    assert error.count("\n") == 1
    return error.rstrip().removeprefix("stack: error: ")


@pytest.mark.parametrize(
    ("part", "address"),
    [*((field.name, "127.0.0.1") for field in fields(SHIPPED)), ("phone", "::1")],
)
def test_a_busy_port_is_one_line(
    pager: Tools, capsys: pytest.CaptureFixture[str], part: str, address: str
) -> None:
    """Before anything is started, one line names the port, its part and the way out."""
    ports = free_ports()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        taken = socket.create_server((address, getattr(ports, part)), family=family)
    except OSError as error:
        pytest.skip(f"{address} is no address of this machine: {error}")
    with taken:
        assert refused(capsys, *flags(ports)) == (
            f"cannot listen on port {getattr(ports, part)} for the {part}: Address already in use;"
            f" end what listens there, or choose another with --{part}-port"
        )


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ([], "Prometheus"),
        (["prometheus"], "Alertmanager"),
        (["prometheus", "alertmanager"], "amtool"),
        (["prometheus", "prometheus-alertmanager"], "amtool"),
    ],
)
def test_a_missing_program_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    there: list[str],
    missing: str,
) -> None:
    """The line names the package; Alertmanager may have its own name or Debian's."""
    for name in there:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    package = "prometheus" if missing == "Prometheus" else "prometheus-alertmanager"
    assert refused(capsys) == (
        f"{missing} is missing: install it (on Debian: apt-get install {package})"
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--scenario=grid-outrage"], "there is no scenario 'grid-outrage'"),
        (["--speed=fast"], "--speed: 'fast' is not a speed"),
    ],
)
def test_a_mistake_is_one_line(
    capsys: pytest.CaptureFixture[str], words: list[str], error: str
) -> None:
    """What the demo would not understand is refused before anything is started."""
    assert refused(capsys, *words).startswith(error)
