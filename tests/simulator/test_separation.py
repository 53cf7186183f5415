"""The simulator is an extra: only its own commands import it, and the rest works without it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = "exporter.simulator"
_ALLOWED = (ROOT / "exporter" / "simulator", ROOT / "exporter" / "cli" / "simulation")
#: makes a module look as if it was not installed, then runs the command line
_WITHOUT = """
import importlib.util, sys
missing = sys.argv.pop(1)
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == missing or name.startswith(missing + "."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == missing else find_spec(name, *rest)
sys.meta_path.insert(0, Missing())
from exporter.cli import main
sys.exit(main(sys.argv[1:]))
"""


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_its_commands_import_the_simulator() -> None:
    """No other module of the exporter imports it, at the top or inside a function."""
    others = [
        path
        for path in (ROOT / "exporter").rglob("*.py")
        if not any(path.is_relative_to(folder) for folder in _ALLOWED)
    ]
    assert others
    imports = {path: name for path in others for name in _imports(path) if name.startswith(PACKAGE)}
    assert imports == {}


def run_without(module: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in an installation that lacks a module."""
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT, module, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    [
        ("demo",),
        ("simulate",),
        ("simulate", "--list"),
        ("replay", "."),
        ("record", "--output=x.om"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("module", [PACKAGE, "envoy_utils"])
def test_a_missing_simulator_is_one_line(
    module: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    """Its commands end with 1 and a remedy where the simulator, or what it needs, is missing."""
    done = run_without(module, tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "pip install 'enphase-exporter[simulator]'" in done.stderr


@pytest.mark.parametrize(
    "words", [("--help",), ("serve", "--help"), ("check", "--help"), ("demo", "--help")]
)
def test_everything_else_works_without(words: tuple[str, ...], tmp_path: Path) -> None:
    """Without the simulator the commands are there, with their help."""
    done = run_without(PACKAGE, tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: enphase-exporter" in done.stdout
