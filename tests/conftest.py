"""Fixtures for every test: real captures, promtool, amtool, and how hard hypothesis tries.

What is not there skips the tests that need it, with the reason, and fails them under `CI=true`.
"""

import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from weakref import WeakSet

import pytest
from hypothesis import HealthCheck, settings

from exporter import logging as exporter_logging
from exporter.gateway import rate_limit
from tools import browser
from tools.stack.errors import StackError
from tools.stack.programs import Tools

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = ROOT / os.environ.get("ENPHASE_CAPTURES", "../shared/captures")

# What was started in the background ignores SIGINT, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: how long an example takes depends on the machine; `make bench` measures.
settings.register_profile("default", max_examples=50, deadline=None, print_blob=True)
settings.register_profile(
    "fuzz",
    parent=settings.get_profile("default"),
    max_examples=5000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def capture_names() -> list[str]:
    """Return the names of the real captures, sorted; none where there are no captures."""
    return sorted(p.name for p in CAPTURES.glob("*") if p.is_dir())


@pytest.fixture(scope="session")
def captures_dir() -> Path:
    """Return the folder of real captures, which is never part of the repository."""
    if not capture_names():
        _missing(f"no captures in {CAPTURES}; ENPHASE_CAPTURES names their folder")
    return CAPTURES


@pytest.fixture(scope="session", params=capture_names() or ["none"])
def capture(request: pytest.FixtureRequest, captures_dir: Path) -> Path:
    """Return the folder of one real capture: a test with this fixture runs once for each."""
    return captures_dir / str(request.param)


@pytest.fixture(scope="session")
def promtool() -> str:
    """Return the path of promtool."""
    return shutil.which("promtool") or _missing("promtool is not installed")


@pytest.fixture(scope="session")
def amtool() -> str:
    """Return the path of amtool, the tool of Alertmanager."""
    return shutil.which("amtool") or _missing("amtool is not installed")


@pytest.fixture(autouse=True)
def _own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave secrets, signals and log as they were: a command sets them for a process of its own."""
    # a password can be any word in later messages
    monkeypatch.setattr(exporter_logging, "_hidden", {})
    # gateways of earlier tests that are not collected yet would make a fleet of this one's
    monkeypatch.setattr(rate_limit, "_sharing", WeakSet())
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    loggers = [logging.getLogger(name) for name in (None, "exporter", "pyenphase", "zeroconf")]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    logging.captureWarnings(False)
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium."""
    return browser.find() or _missing("chromium is not installed")


@pytest.fixture(scope="session")
def pager() -> Tools:
    """Return where Prometheus and Alertmanager are."""
    try:
        return Tools.find()
    except StackError as error:
        _missing(str(error))


@pytest.fixture(scope="session")
def victoria() -> str:
    """Return the path of VictoriaMetrics."""
    return shutil.which("victoria-metrics") or _missing("victoria-metrics is not installed")


def _missing(what: str) -> NoReturn:
    """Skip the test, or fail it where all tools are required."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
