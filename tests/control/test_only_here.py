"""Only the command line sends commands to a gateway; the web server never does."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.clock import VirtualClock
from exporter.manager import PollerManager
from exporter.web.app import application
from exporter.web.config import WebConfig
from tests.conftest import ROOT
from tests.polled_gateway import polled_gateway

SOURCES = sorted((ROOT / "exporter").rglob("*.py"))
#: who may know of it
_OWN = ("exporter/gateway/control/", "exporter/cli/control/")


def _imports(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_imports_it(path: Path) -> None:
    """No other module imports what commands are made of, nor what pyenphase writes with."""
    name = path.relative_to(ROOT).as_posix()
    if name.startswith(_OWN):
        return
    assert not {each for each in _imports(path) if re.search(r"\bcontrol\b", each)}
    if not name.startswith("exporter/simulator/"):
        writes = (
            r"\.(go_o\w+_grid|\w+_dry_contact|set_\w+_(mode|soc|sleep|generator)|clear_acb_sleep)\("
        )
        assert not re.search(writes, path.read_text())


def test_a_serving_exporter_does_not_load_it() -> None:
    """A serving exporter has none of these modules in memory."""
    script = (
        "import sys, exporter.serve, exporter.manager, exporter.web.app;"
        "ours = (name for name in sys.modules if name.startswith('exporter.'));"
        "print(*(name for name in ours if 'control' in name))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=ROOT)
    assert done.stdout.strip() == b""


def test_pages_are_only_read(tmp_path: Path) -> None:
    """Every route takes GET and HEAD and nothing else."""
    app = application(PollerManager(tmp_path, VirtualClock(0)), WebConfig.load(None))
    methods = {(route.method, str(route.resource)) for route in app.router.routes()}
    # where Alertmanager reports to, which never reaches a gateway
    reads = [(method, path) for method, path in methods if "/-/alerts" not in path]
    assert {method for method, _ in reads} <= {"GET", "HEAD"}
    assert len(methods) >= 8


async def test_a_day_of_polling_sends_no_command(tmp_path: Path) -> None:
    """The exporter itself never sends a command to a gateway, however long it runs."""
    async with polled_gateway("generator", tmp_path) as watched:
        await watched.pass_time(3600)
        assert {request.method for request in watched.gateway.requests} == {"GET"}
        assert len(watched.gateway.requests) > 200
