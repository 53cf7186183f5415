"""Roots of a Debian that has nothing but Python: what is tried there works for a newcomer."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT


def missing() -> str:
    """Return why no root can be made here; nothing when it can."""
    if os.geteuid() != 0:
        return "only root can make a root"
    tools = ("debootstrap", "dpkg-deb", "chroot", "setpriv", "tar")
    return ", ".join(f"{tool} is not installed" for tool in tools if not shutil.which(tool))


class CleanRoot:
    """One such root; it shares the network of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def command(self, *words: str, user: str = "root") -> list[str]:
        """Return the words that run a command within."""
        switch = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
        return ["chroot", str(self.path), *(() if user == "root" else switch), *words]

    def run(self, *words: str, user: str = "root") -> str:
        """Run a command within and return its output; it must succeed."""
        done = subprocess.run(
            self.command(*words, user=user),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=variables(),
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout


def variables() -> dict[str, str]:
    """Return the environment of a login there."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


@contextmanager
def clean_root() -> Iterator[CleanRoot]:
    """Unpack such a root, with /proc, into a folder that every user may enter."""
    archive = output(["sh", "tools/clean-root.sh"])
    folder = Path(tempfile.mkdtemp(prefix="clean-root-"))
    mounted = False
    try:
        subprocess.run(["tar", "-C", folder, "-xf", archive], check=True)
        folder.chmod(0o755)
        subprocess.run(["mount", "-t", "proc", "proc", folder / "proc"], check=True)
        mounted = True
        yield CleanRoot(folder)
    finally:
        if mounted:
            subprocess.run(["umount", folder / "proc"], check=True)
        shutil.rmtree(folder)


def output(words: Sequence[str]) -> str:
    """Run a command of the project and return the last line that it prints."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]
