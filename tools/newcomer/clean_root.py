"""Roots of a Debian that has nothing but Python: what is tried there works for a newcomer."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from exporter.errors import ExporterError

ROOT = Path(__file__).resolve().parents[2]


class NewcomerError(ExporterError):
    """A command of a page failed."""


def missing(*programs: str) -> str:
    """Return why no root can be made here; nothing when it can."""
    if os.geteuid() != 0:
        return "only root can make a root"
    tools = ("debootstrap", "dpkg-deb", "chroot", "setpriv", "tar", *programs)
    return ", ".join(f"{tool} is not installed" for tool in tools if not shutil.which(tool))


class CleanRoot:
    """A root; it shares the network of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def command(self, *words: str, user: str = "root") -> list[str]:
        """Return the words that run a command within."""
        switch = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
        return ["chroot", str(self.path), *(() if user == "root" else switch), *words]

    def run(self, *words: str, given: str = "") -> str:
        """Run a command within and return its output; raise NewcomerError when it fails."""
        return run(self.command(*words), given, environment())


def environment() -> dict[str, str]:
    """Return the environment of a login in a root."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


@contextmanager
def clean_root() -> Iterator[CleanRoot]:
    """Unpack such a root, with /proc, into a folder that every user may enter."""
    archive = last_line(["sh", "tools/clean-root.sh"])
    folder = Path(tempfile.mkdtemp(prefix="clean-root-"))
    mounted = False
    try:
        run(["tar", "-C", str(folder), "-xf", archive])
        folder.chmod(0o755)
        # as an installed system has it
        (folder / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        run(["mount", "-t", "proc", "proc", f"{folder}/proc"])
        mounted = True
        yield CleanRoot(folder)
    finally:
        if mounted:
            run(["umount", f"{folder}/proc"])
        shutil.rmtree(folder)


def run(words: Sequence[str], given: str = "", env: dict[str, str] | None = None) -> str:
    """Run a command and return its output; raise NewcomerError when it fails."""
    done = subprocess.run(  # noqa: S603 - commands of our own
        words, input=given, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NewcomerError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def last_line(words: Sequence[str]) -> str:
    """Run a command of the project and return the last line that it prints."""
    return run(words).splitlines()[-1]


def call(words: Sequence[str]) -> int:
    """Run a command on this terminal and return its exit status."""
    return subprocess.run(words, cwd=ROOT, check=False).returncode  # noqa: S603 - as above
