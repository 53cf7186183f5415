"""What is built from a checkout says which commit it was built from, on whatever way."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.conftest import ROOT

REVISION = "exporter/revision.txt"


def build(target: str, folder: Path) -> Path:
    """Build a wheel or sdist of the project in a folder; return its path."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target], cwd=folder, check=True
    )
    (built,) = (folder / "dist").iterdir()
    return built


def test_a_wheel_keeps_the_commit_of_the_sdist(tmp_path: Path) -> None:
    """A wheel that pipx builds from an sdist has the commit that the sdist was built from."""
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, checkout], check=True)
    head = subprocess.run(
        ["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    with tarfile.open(build("sdist", checkout)) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("enphase_exporter-*")
    assert (unpacked / REVISION).read_text() == head
    with zipfile.ZipFile(build("wheel", unpacked)) as wheel:
        assert wheel.read(REVISION).decode() == head


def test_a_copy_without_history_has_no_commit(tmp_path: Path) -> None:
    """Inside of another repository its commit is not taken for ours."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    inner = tmp_path / "copy"
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "HEAD"], capture_output=True, check=True
    )
    inner.mkdir()
    subprocess.run(["tar", "-x", "-C", inner], input=archive.stdout, check=True)
    with zipfile.ZipFile(build("wheel", inner)) as wheel:
        assert REVISION not in wheel.namelist()
