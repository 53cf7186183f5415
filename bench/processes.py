"""Processes to measure: ours, and those to compare with.

Each ends with its context. A child of ours also ends when its input does, so that none outlives a
bench that was killed.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from bench.load import Request, get
from tools.stack.ports import free_port_numbers

_ROOT = Path(__file__).resolve().parent.parent
_ENDING = 10.0
_FULL = 30.0
_GLANCE = 0.01
#: a thousand tokens in a line
_LONGEST_LINE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class BenchProcess:
    """A module of the bench run as a process that exchanges lines of JSON."""

    process: Process

    def send(self, line: bytes) -> None:
        """Write a line to its input."""
        assert self.process.stdin
        self.process.stdin.write(line)

    async def receive(self) -> Any:
        """Return its next line, decoded; raise RuntimeError if it has ended."""
        assert self.process.stdout
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("a measured process ended early; see its message above")
        return orjson.loads(line)


@asynccontextmanager
async def child(module: str, *words: str) -> AsyncIterator[BenchProcess]:
    """Run a module of the bench."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        cwd=_ROOT,
        stdin=PIPE,
        stdout=PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        yield BenchProcess(process)
    finally:
        await _end(process)


_UP = "enphase_collector_up{"


@dataclass(frozen=True, slots=True)
class MeasuredExporter:
    """`enphase-exporter serve` as a process."""

    pid: int
    port: int

    async def full(self) -> None:
        """Return once every collector has data; raise RuntimeError after a timeout."""
        try:
            async with asyncio.timeout(_FULL):
                while await self._missing():  # noqa: ASYNC110 - another process has no event to wait for
                    await asyncio.sleep(_GLANCE)
        except TimeoutError:
            raise RuntimeError(
                f"after {_FULL:g} s /metrics still lacks: {await self._missing()}"
            ) from None

    async def ready(self, patience: float) -> None:
        """Return once every gateway was polled; raise RuntimeError after `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                while not await self._is_ready():  # noqa: ASYNC110 - see above
                    await asyncio.sleep(1)
        except TimeoutError:
            raise RuntimeError(f"not every gateway was polled after {patience:g} s") from None

    async def _is_ready(self) -> bool:
        try:
            await get(Request(self.port, "/-/ready"))
        except (ConnectionError, RuntimeError):
            return False
        return True

    async def _missing(self) -> str:
        """Return what is still missing, empty when all is there."""
        try:
            text = await get(Request(self.port, "/metrics"))
        except ConnectionError:
            return "a response"
        ups = [line for line in text.decode().splitlines() if line.startswith(_UP)]
        # the gateway itself is a collector too, and the first to be there
        if len(ups) <= 1:
            return "collectors"
        return ", ".join(line for line in ups if not line.endswith(" 1"))


@asynccontextmanager
async def exporting(host: str, token: str) -> AsyncIterator[MeasuredExporter]:
    """Run the exporter on a gateway, without state from an earlier run."""
    with TemporaryDirectory() as state:
        gateway = {"ENPHASE_HOST": host, "ENPHASE_TOKEN": token, "ENPHASE_STATE_DIR": state}
        async with _serving({**_clean(os.environ), **gateway}, "--log.level=warn") as exporter:
            yield exporter


@asynccontextmanager
async def exporting_fleet(
    gateways: Sequence[tuple[str, str]], cadences: Mapping[str, float]
) -> AsyncIterator[MeasuredExporter]:
    """Run the exporter on gateways, given as host and token, each named after its number."""
    listed = [
        {"host": host, "name": f"site-{number}", "token": token}
        for number, (host, token) in enumerate(gateways)
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fleet.json").write_bytes(orjson.dumps(listed))
        config = {
            "gateways_file": "fleet.json",
            "state_dir": "state",
            "cadences": cadences,
            "web": {"gateways_on_metrics": "true"},
        }
        (folder / "exporter.yml").write_bytes(orjson.dumps(config))
        # misbehaving gateways are logged, which is intended
        words = (f"--config.file={folder / 'exporter.yml'}", "--log.level=error")
        async with _serving(_clean(os.environ), *words) as exporter:
            yield exporter


@asynccontextmanager
async def _serving(environ: Mapping[str, str], *words: str) -> AsyncIterator[MeasuredExporter]:
    (port,) = free_port_numbers(1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", "serve"),
        *(f"--web.listen-address=127.0.0.1:{port}", *words),
        cwd=_ROOT,
        env=environ,
        stdin=DEVNULL,
    )
    try:
        yield MeasuredExporter(process.pid, port)
    finally:
        await _end(process)


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what would configure an exporter."""
    return {name: value for name, value in environ.items() if not name.startswith("ENPHASE_")}


async def _end(process: Process) -> None:
    if process.stdin:
        process.stdin.close()
    elif process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_ENDING):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
