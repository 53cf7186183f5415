"""The demo as a newcomer sees it: one command, a simulated house and its exporter."""

import asyncio
import json
import re
import signal
import socket
import time
import urllib.request
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from exporter.cli.simulation.demo_display import DemoDisplay, summary_rows
from tests.cli.test_cli import ended, run, running
from tests.polled_gateway import polled_gateway

PREFIX = "enphase-exporter: error: "


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_shows_where_to_look(tmp_path: Path, number: signal.Signals) -> None:
    """It prints the addresses and a dozen metrics, serves them, and ends on request."""
    with running(tmp_path, "demo", "--web.listen-address=127.0.0.1:0") as process:
        assert process.stdout is not None
        output = ""
        while "Ctrl-C" not in output:
            output += process.stdout.readline()
        match = re.search(r"Metrics +(http://\S+/metrics)", output)
        assert match
        assert len({line.split("{")[0] for line in output.splitlines() if "{" in line}) == 12
        metrics = ""
        while "enphase_inverter_position_x{" not in metrics:
            # the inverters are read a little later where the machine is busy
            time.sleep(0.1)
            with urllib.request.urlopen(match[1]) as response:  # noqa: S310 - the demo's own address
                metrics = response.read().decode()
        assert 'enphase_up{gateway="demo"} 1' in metrics
        # the roof has names and a plan
        assert len(re.findall("enphase_inverter_position_x{", metrics)) == 24
        assert ended(process, number) == (0, "")


def test_a_fast_home_is_known_at_every_look(tmp_path: Path) -> None:
    """However fast time is asked to pass, the page never says that something is not known."""
    flags = ("--speed=36000", "--web.listen-address=127.0.0.1:0")
    with running(tmp_path, "demo", *flags) as process:
        assert process.stdout is not None
        output = ""
        while "Ctrl-C" not in output:
            output += process.stdout.readline()
        address = re.search(r"(http://\S+)/metrics", output)
        assert address
        for _ in range(40):
            with urllib.request.urlopen(f"{address[1]}/api/v1/status") as response:  # noqa: S310
                [home] = json.load(response)["gateways"]
            assert home["missing"] == []
            assert "not known" not in home["summary"]
            time.sleep(0.05)
        assert ended(process, signal.SIGINT) == (0, "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed=x"], "--seed: 'x' is not a whole number"),
        (["--speed=0"], "--speed: '0' is not a speed"),
        (["--scenario=sunny"], "there is no scenario 'sunny'"),
        (["--web.listen-address=1"], "'1' lacks a colon"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    """A flag that means nothing ends the demo with 1 and one line."""
    done = run(tmp_path, "demo", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(PREFIX + message)
    assert done.stderr.count("\n") == 1


def test_a_busy_port_is_one_line(tmp_path: Path) -> None:
    """A port that is taken ends the demo with 1 and one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(tmp_path, "demo", f"--web.listen-address={address}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{PREFIX}cannot listen on {address}: ")
    assert done.stderr.count("\n") == 1


async def test_the_screen_describes_the_house(tmp_path: Path) -> None:
    """Grid, sun, house and batteries are described as on the status page."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        rows = dict(summary_rows(watched.status()))
    assert rows["Gateway"] == "answers"
    assert rows["Grid"] == "On grid, 1.8 kW to the grid"
    assert rows["Solar"] == "7.3 kW"
    assert rows["House"] == "1.9 kW"
    assert rows["Batteries"] == "64 %, charging with 3.6 kW"
    assert re.fullmatch(r"Last cloud report \d+ min ago", rows["Enphase"])
    assert re.match(r"(\d+) of \1 collectors up", rows["Exporter"])
    assert "Problem" not in rows


async def test_a_terminal_shows_the_house_live(tmp_path: Path) -> None:
    """On a terminal the picture is redrawn with its messages; a pipe gets lines instead."""
    now = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
    async with polled_gateway("solar-only", tmp_path) as watched:
        await watched.pass_time(1)
        for terminal in (True, False):
            output = StringIO()
            console = Console(file=output, force_terminal=terminal, width=80)
            screen = DemoDisplay(console, watched.exposition, watched.status)
            showing = asyncio.create_task(screen.run(lambda: now))
            await asyncio.sleep(0)
            screen.show_message("Something happens.")
            await asyncio.sleep(0.6 if terminal else 0)
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            assert "Something happens." in output.getvalue()
            assert ("Sun 2026-06-21 12:00" in output.getvalue()) == terminal


def test_a_closed_pipe_ends_the_demo_quietly(tmp_path: Path) -> None:
    """Whoever reads a few lines only, as `head` does, gets no complaint."""
    with running(tmp_path, "demo", "--web.listen-address=127.0.0.1:0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        process.wait()
