"""What the project promises about itself."""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import exporter
from tests.conftest import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
DOWNLOAD = re.compile(r"https?://[^\s\"']+(?:\.whl|\.tar\.gz|\.tgz|/simple\b|/npm/)|://registry\.")
INDEX_OPTION = re.compile(r"^\s*(?:-[if]|--\S*index-url|--find-links|--trusted-host)\b", re.M)


def git(*args: str) -> str:
    """Return the output of git in this checkout."""
    return subprocess.run(
        ["git", *args], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def committed_files() -> Iterator[Path]:
    """Yield every file git has or would take."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return (path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def pins(lock: Path) -> dict[str, tuple[str, list[str]]]:
    """Return version and hashes by package, as pinned in a requirements file."""
    joined = lock.read_text().replace("\\\n", " ")
    lines = [line.split() for line in joined.splitlines() if line and line.lstrip()[0] != "#"]
    split = [(pin.partition("=="), hashes) for pin, *hashes in lines]
    return {name: (exact, hashes) for (name, _, exact), hashes in split}


def imports(source: Path) -> set[str]:
    """Return the top-level names of all modules a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(source.read_bytes())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | froms}


def test_no_file_names_a_download_address() -> None:
    """Where packages come from is the business of the machine."""
    texts = {path: path.read_text(errors="ignore") for path in committed_files()}
    assert [path for path, text in texts.items() if DOWNLOAD.search(text)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_requirements_name_no_index(lock: Path) -> None:
    """A requirements file has no option that sets a package index."""
    assert INDEX_OPTION.findall(lock.read_text()) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_is_exact_and_has_hashes(lock: Path) -> None:
    """Every pinned package has an exact version and hashes."""
    loose = [
        name
        for name, (exact, hashes) in pins(lock).items()
        if not (exact and hashes and all(h.startswith("--hash=sha256:") for h in hashes))
    ]
    assert loose == []


def test_locks_agree() -> None:
    """What is tested is what is shipped: each package has one version in all requirements files."""
    dev = pins(ROOT / "requirements/dev.txt")
    others = {lock.name: pins(lock) for lock in LOCKS if lock.name != "dev.txt"}
    # what builds the documentation is neither tested nor shipped
    site = others.pop("site.txt")
    assert [n for lock in others.values() for n in lock if lock[n] != dev.get(n)] == []
    assert [name for name in site if site[name] != dev.get(name, site[name])] == []


@pytest.mark.parametrize(("lock", "extra"), [("run", None), ("dev", "dev")])
def test_locks_cover_the_dependencies(lock: str, extra: str | None) -> None:
    """Every requirement in `pyproject.toml` is pinned at a version that it accepts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    specifiers = {canonicalize_name(r.name): r.specifier for r in map(Requirement, asked)}
    pinned = pins(ROOT / f"requirements/{lock}.txt")
    assert [n for n, s in specifiers.items() if n not in pinned or pinned[n][0] not in s] == []


def test_only_the_gateway_package_knows_pyenphase() -> None:
    """A new pyenphase affects one package only."""
    package = ROOT / "exporter"
    knowing = {s for s in package.rglob("*.py") if "pyenphase" in imports(s)}
    assert [s for s in knowing if package / "gateway" not in s.parents] == []


def test_version_has_one_source() -> None:
    """The installed command reports the version of the package."""
    assert version("enphase-exporter") == exporter.__version__


def test_no_real_capture_is_copied(captures_dir: Path) -> None:
    """Captures come from people's homes and stay where they are."""
    real = {path.read_bytes() for path in captures_dir.rglob("*") if path.is_file()}
    telling = {content for content in real if len(content) > 100}  # `{}` or `[]` is nobody's home
    assert [path for path in committed_files() if path.read_bytes() in telling] == []


def test_ci_runs_what_a_developer_runs() -> None:
    """`.ci/run` can be executed and calls `make test`."""
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text().splitlines()
    # With core.fileMode off git adds files as 100644, and the clone's script cannot be executed.
    assert not git("ls-files", "--stage", ".ci/run").startswith("100644")
