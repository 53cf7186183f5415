"""The Debian package: installed, configured, run, removed and purged in a clean Debian."""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

import exporter
from exporter.config import has_only_comments
from tests.conftest import ROOT
from tests.process import ExporterProcess
from tests.test_box import unit
from tests.test_shutdown import IN_TIME, gateway
from tools.newcomer.clean_root import CleanRoot, clean_root, environment, last_line, missing

FOLDER = ROOT / "deploy/debian"
SCRIPTS = ("postinst", "prerm", "postrm", "launcher")
USER = "enphase-exporter"


def test_the_shipped_configuration_is_comments_only() -> None:
    """`init` may write over it without asking, and nothing in it is taken for a gateway."""
    assert has_only_comments(FOLDER / "enphase-exporter.yml")


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_those_of_a_plain_shell(script: str) -> None:
    """Every script is one that dash understands, and can be executed."""
    assert (FOLDER / script).stat().st_mode & 0o111
    subprocess.run(["sh", "-n", FOLDER / script], check=True)


def test_the_service_is_found_where_both_ways_install_it() -> None:
    """The command is looked for in PATH, the user is the one that the package makes."""
    service = unit()["Service"]
    assert shlex.split(service["ExecStart"])[0] == "enphase-exporter"
    assert service["User"] == service["Group"] == USER
    assert f"--group --quiet --no-create-home --home /var/lib/{USER}" in (
        FOLDER / "postinst"
    ).read_text().replace(" \\\n        ", " ")


@pytest.fixture(scope="module")
def root() -> Iterator[CleanRoot]:
    """Return a clean Debian with the package in it, installed."""
    package = ROOT / last_line(["sh", "tools/build-deb.sh", sys.executable])
    with clean_root() as root:
        (root.path / "tmp/package.deb").write_bytes(package.read_bytes())
        root.run("dpkg", "-i", "/tmp/package.deb")  # noqa: S108 - in the new root
        yield root


@pytest.mark.proof
@pytest.mark.skipif(bool(missing()), reason=missing())
async def test_a_package_from_installation_to_purge(root: CleanRoot) -> None:
    """`init` configures it, it runs as its user, removal keeps its data and purging does not."""
    listed = root.run("enphase-exporter", "--version")
    assert listed == f"enphase-exporter {exporter.__version__}\n"
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(gateway())
        (root.path / "root/token.txt").write_text(there.token)
        await asyncio.to_thread(
            root.run,
            *("enphase-exporter", "init", "--yes", f"--host={there.host}"),
            "--token-file=/root/token.txt",
        )
        await asyncio.to_thread(root.run, "enphase-exporter", "check")
        await _runs(root)
    _belongs_to_the_service(root)
    root.run("dpkg", "--remove", USER)
    assert not (root.path / "usr/bin/enphase-exporter").exists()
    assert not (root.path / "usr/lib/enphase-exporter").exists()
    assert (root.path / "etc/enphase-exporter/enphase-exporter.yml").exists()
    root.run("dpkg", "--purge", USER)
    left = [
        path
        for folder in ("etc", "var/lib", "usr/bin", "usr/lib", "usr/share")
        for path in (root.path / folder).glob(f"{USER}*")
    ]
    assert left == []
    assert USER not in (root.path / "etc/passwd").read_text()


def _belongs_to_the_service(root: CleanRoot) -> None:
    """Require that the service can read what root wrote, and nobody else what is secret."""
    owner = (root.path / "var/lib/enphase-exporter").stat().st_uid
    assert owner != 0
    written = [
        path
        for folder in ("etc/enphase-exporter", "var/lib/enphase-exporter")
        for path in (root.path / folder).iterdir()
    ]
    assert written
    assert {path.stat().st_uid for path in written} == {owner}
    secret = [path for path in written if path.suffix != ".yml"]
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}


async def _runs(root: CleanRoot) -> None:
    """Start the command of the service as its user, and read what it serves."""
    words = shlex.split(unit()["Service"]["ExecStart"])
    process = await asyncio.create_subprocess_exec(
        *root.command(*words, "--web.listen-address=127.0.0.1:0", user=USER),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
        cwd="/",
    )
    running = ExporterProcess(process)
    async with running.reading():
        await running.full()
        [(labels, value)] = (await running.samples())["enphase_exporter_build_info"].items()
        assert value == 1
        assert dict(labels)["version"] == exporter.__version__
        assert dict(labels)["revision"] != "unknown"
        url = await running.url()
        async with aiohttp.ClientSession(url) as client:
            for path in ("/-/healthy", "/runbooks/"):
                async with client.get(path) as response:
                    assert response.status == 200
        process.terminate()
        assert await running.ended(IN_TIME) == 0
    assert not re.search(rb"level=(error|warn)", running.log)
