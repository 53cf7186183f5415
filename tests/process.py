"""Exporters in their own processes with a simulated cloud, observed from outside."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from exporter.simulator.cloud import SimulatedCloud
from tests.conftest import ROOT
from tests.polled_gateway import Samples, samples

#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 60

#: the command, with another cloud than the one of the real world
_COMMAND = """
import sys
from pyenphase.auth import EnvoyTokenAuth
EnvoyTokenAuth.JSON_LOGIN_URL, EnvoyTokenAuth.TOKEN_URL = sys.argv[1:3]
del sys.argv[1:3]
{first}
from exporter.cli import main
main()
"""
_NOWHERE = "http://127.0.0.1:1/"


@dataclass
class ExporterProcess:
    """A process that runs the exporter."""

    process: asyncio.subprocess.Process
    #: what it has logged so far
    log: bytearray = field(default_factory=bytearray)
    _reading: asyncio.Task[None] | None = None

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until this is true; an exporter that ends meanwhile is a failure."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                assert self.process.returncode is None, self.log.decode()
                await asyncio.sleep(0.01)

    async def wait_for_log(self, pattern: str) -> str:
        """Wait for a line of the log that this matches, and return it."""
        addresses: list[str] = []

        def matched() -> bool:
            addresses[:] = [
                line for line in self.log.decode().splitlines() if re.search(pattern, line)
            ]
            return bool(addresses)

        await self.until(matched)
        return addresses[0]

    async def url(self) -> str:
        """Wait until it listens, and return where."""
        line = await self.wait_for_log(r"msg\W+listening")
        match = re.search(r"127\.0\.0\.1:\d+", line)
        assert match, line
        return f"http://{match[0]}"

    async def samples(self) -> Samples:
        """Scrape."""
        url = await self.url()
        async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as response:
            return samples(await response.text())

    async def full(self, name: str = "enphase_encharge_soc_ratio") -> None:
        """Wait until there is a metric of this name."""
        async with asyncio.timeout(PATIENCE):
            while name not in await self.samples():  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.05)

    async def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for the end and return the exit status; raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds):
            status = await self.process.wait()
        assert self._reading is not None
        await self._reading
        return status

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Keep what is logged, and kill the process at the end."""
        self._reading = asyncio.create_task(self._read())
        try:
            yield
        finally:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()
            await self._reading

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while content := await self.process.stderr.read(65536):
            self.log += content


@asynccontextmanager
async def exporter_process(
    folder: Path,
    *flags: str,
    cloud: SimulatedCloud | None = None,
    first: str = "",
    within: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[ExporterProcess]:
    """Run `serve` with these flags on a free port; it is killed at the end.

    `first` is Python that runs before, to make the world a worse one; `within` is a command that
    runs another one.
    """
    urls = (cloud.login_url, cloud.token_url) if cloud else (_NOWHERE, _NOWHERE)
    process = await asyncio.create_subprocess_exec(
        *(
            *within,
            sys.executable,
            "-W",
            "error",
            "-c",
            _COMMAND.format(first=first),
            *urls,
            "serve",
        ),
        *("--web.listen-address=127.0.0.1:0", *flags),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **(variables or {})},
        cwd=ROOT,
    )
    running = ExporterProcess(process)
    async with running.reading():
        yield running
