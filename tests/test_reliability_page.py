"""The pages of promises name only tests and commands that there are, and one for each promise."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.__main__ import BENCHES
from tests.conftest import ROOT

PAGE = ROOT / "docs/reliability.md"
#: each with the least number of promises
PAGES = {PAGE: 20, ROOT / "SECURITY.md": 10}
QUOTED = re.compile(r"`([^`\n]+)`")
#: parts of the soak, which `make soak ARGS=…` takes
SOAKS = {"month", "realtime"}


def quoted(start: str) -> list[str]:
    """Return the quoted code of the pages that begins with this text."""
    texts = {text for page in PAGES for text in QUOTED.findall(page.read_text())}
    return sorted(text for text in texts if text.startswith(start))


def rows(page: Path) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the tables of a page: the promise, its tests, and figures."""
    promises = False
    for line in page.read_text().splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if not line.startswith("|"):
            promises = False
        elif cells[0] == "promise":
            promises = True
        elif promises and set(cells[0]) != set("-") and cells[0] != "---":
            yield cells


def defined(path: Path) -> set[str]:
    """Return the names of the functions of a module."""
    nodes = ast.walk(ast.parse(path.read_bytes()))
    return {n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}


def targets() -> set[str]:
    """Return the targets of the Makefile that have a help text."""
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("test", quoted("tests/"))
def test_every_test_is_there(test: str) -> None:
    """Each named test file or folder exists, has tests, and contains the named one."""
    path, _, name = test.partition("::")
    named = ROOT / path
    files = sorted(named.glob("test_*.py")) if named.is_dir() else [named]
    there = {each for file in files for each in defined(file) if each.startswith("test_")}
    assert there
    assert not name or name in there


@pytest.mark.parametrize("command", quoted("make "))
def test_every_command_is_there(command: str) -> None:
    """The Makefile has each named target and supports its variables."""
    _, target, *words = command.split()
    assert target in targets()
    names = {"bench": {bench.name for bench in BENCHES}, "soak": SOAKS}.get(target, set())
    assert {word.removeprefix("ARGS=") for word in words} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_promise_names_what_keeps_it(page: Path) -> None:
    """Every promise has a test or a command that verifies it."""
    promises = list(rows(page))
    assert len(promises) >= PAGES[page]
    assert [cells[0] for cells in promises if not re.search(r"`(tests/|make )", cells[1])] == []


def test_every_long_run_is_on_the_page() -> None:
    """What is not in `make test` has its command on the page."""
    commands = " ".join(quoted("make "))
    long_ones = ("faults", "fuzz", "soak", "bench", "audit", "alerts-proof", "silence")
    assert [name for name in long_ones if f"make {name}" not in commands] == []


def test_figures_have_a_date() -> None:
    """Figures have the date of their measurement."""
    assert re.search(r"figures are of \d{4}-\d\d-\d\d", PAGE.read_text())
