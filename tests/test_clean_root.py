"""The Debian that newcomers' steps are tried in: made once, kept, and nothing left beside it."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: programs that stand in for those which need root and a network
_STUBS = {
    "id": "echo 0",
    "apt-get": "echo http://mirror.example $SUITE",
    "debootstrap": 'mkdir -p "$4/etc" "$4/var/cache/apt/archives" "$4/var/lib/apt/lists"\n'
    'echo "$5" >"$4/etc/mirror"; exit "$STATUS"',
}


@pytest.mark.parametrize("status", ["0", "3"])
def test_a_root_is_made_once_and_nothing_is_left(status: str, tmp_path: Path) -> None:
    """The path of the archive is printed; a failure keeps none, so that it is tried again."""
    for folder in ("bin", "tmp"):
        (tmp_path / folder).mkdir()
    for name, script in _STUBS.items():
        stub = tmp_path / "bin" / name
        stub.write_text(f"#!/bin/sh\n{script}\n")
        stub.chmod(0o755)
    variables = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path / "tmp"),
        "SUITE": "bookworm",
        "STATUS": status,
    }
    done = subprocess.run(
        ["sh", ROOT / "tools/clean-root.sh"],
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )
    assert list((tmp_path / "tmp").iterdir()) == []
    kept = list((tmp_path / "cache/enphase-exporter").glob("*.tar*"))
    if status == "0":
        assert (done.returncode, done.stdout.splitlines()) == (0, [str(path) for path in kept])
        listed = subprocess.run(["tar", "-tf", *kept], capture_output=True, text=True, check=True)
        assert "./etc/mirror" in listed.stdout
    else:
        assert (done.returncode, kept) == (1, [])
