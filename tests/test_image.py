"""The container image, built and run: it has what it needs, and no simulator."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import exporter
from tests.process import ExporterProcess
from tests.test_shutdown import gateway
from tools.newcomer.clean_root import last_line

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("buildah") or not shutil.which("debootstrap"),
        reason="needs root, buildah and debootstrap",
    ),
]


def buildah(*words: str) -> str:
    """Run buildah and return what it prints."""
    done = subprocess.run(["buildah", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def container(target: str) -> Iterator[str]:
    """Build an image, and make a container of it."""
    image = last_line(["sh", "tools/build-image.sh", target])
    name = buildah("from", "--pull-never", image)
    try:
        yield name
    finally:
        buildah("rm", name)


@asynccontextmanager
async def started(name: str, *words: str) -> AsyncIterator[ExporterProcess]:
    """Run the command of the container as its user, on the network of this machine."""
    process = await asyncio.create_subprocess_exec(
        *("buildah", "run", "--isolation=chroot", name, "--", "enphase-exporter", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    running = ExporterProcess(process)
    async with running.reading():
        yield running
        process.terminate()
        await running.ended()


def config(name: str) -> Any:
    """Return how the image is to be run."""
    return json.loads(buildah("inspect", name))["OCIv1"]["config"]


def simulators(name: str) -> list[Path]:
    """Return the folders of the simulator in the container."""
    return list(
        Path(buildah("mount", name)).glob("venv/lib/python*/site-packages/exporter/simulator")
    )


async def test_the_exporter_is_healthy_and_has_no_simulator() -> None:
    """It reads a gateway as an unprivileged user, with runbooks, and knows its commit."""
    with container("exporter") as name:
        assert simulators(name) == []
        assert config(name)["User"] == "65532:65532"
        assert config(name)["Entrypoint"] == ["enphase-exporter"]
        async with gateway() as there:
            buildah("config", f"--env=ENPHASE_HOST={there.host}", name)
            buildah("config", f"--env=ENPHASE_TOKEN={there.token}", name)
            flags = ("serve", "--web.listen-address=127.0.0.1:0")
            async with started(name, *flags) as running:
                url = await running.url()
                async with aiohttp.ClientSession(url) as client:
                    for path in ("/-/healthy", "/runbooks/EnphaseGridOutage"):
                        async with client.get(path) as response:
                            assert response.status == 200
                await running.full()
                [(labels, _)] = (await running.samples())["enphase_exporter_build_info"].items()
                assert dict(labels)["version"] == exporter.__version__
                assert dict(labels)["revision"] != "unknown"


def test_the_demo_knows_its_scenarios() -> None:
    """The image `demo` has the simulated home."""
    with container("demo") as name:
        assert len(simulators(name)) == 1
        words = ("enphase-exporter", "simulate", "--list")
        assert "owners-story" in buildah("run", "--isolation=chroot", name, "--", *words)
