"""Signals that come while the command line is still being imported."""

import asyncio
import signal
import subprocess
import sys

import pytest

from exporter.cli.interrupts import run_async
from tests.conftest import ROOT

#: seconds after which a process is taken for hung; none takes that long to end
_PATIENCE = 300
#: the command line, in a world in which the import of its commands never ends
_SLOW_IMPORT = """
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "@":
            print("importing", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
from exporter.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("command", "numbers", "status"),
    [
        ("serve", (signal.SIGTERM,), 0),
        ("serve", (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM), 0),
        ("serve", (signal.SIGINT,), 130),
        ("check", (signal.SIGINT,), 130),
        ("check", (signal.SIGTERM,), -signal.SIGTERM),
    ],
)
def test_a_signal_during_the_imports_ends_the_process_quietly(
    command: str, numbers: tuple[int, ...], status: int
) -> None:
    """A stopped server has succeeded, and an early reload is ignored; no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_IMPORT.replace("@", "exporter.cli.dispatch"), command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"importing\n"
    for number in numbers:
        process.send_signal(number)
    _, errors = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, errors) == (status, b"")


#: the same, with an import that Ctrl-C cannot reach, as with a callback of importlib
_DEAF_IMPORT = _SLOW_IMPORT.replace(
    "time.sleep(60)", "exec('try: time.sleep(60)\\nexcept KeyboardInterrupt: pass')"
)


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("check", "exporter.cli.dispatch"),
        ("check", "exporter.cli.check"),
        ("check", "exporter.config"),
        ("init", "exporter.cli.init.dialogue"),
        ("forget", "exporter.gateway.retired"),
        ("rules", "exporter.alerting.rules"),
        ("demo", "exporter.cli.simulation.demo"),
    ],
)
def test_an_interrupt_is_not_lost_in_an_import(command: str, module: str) -> None:
    """Ctrl-C ends the command quietly even where an import swallows the exception."""
    words = [command, "home", "1"] if command == "forget" else [command]
    process = subprocess.Popen(
        [sys.executable, "-c", _DEAF_IMPORT.replace("@", module), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"importing\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, errors) == (130, b"")


def test_little_is_imported_before_interrupts_are_quiet() -> None:
    """Until `main` runs, Ctrl-C ends Python with a traceback, so nothing is imported before it."""
    script = (
        "import os, signal, sys; before = set(sys.modules); import exporter.cli;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=ROOT)
    assert done.stdout.split() == [b"exporter", b"exporter.cli"]


async def test_work_that_never_began_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt between the imports and the first step leaves no coroutine behind."""

    async def work() -> None:
        raise AssertionError

    def interrupted(coroutine: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_async(work())
