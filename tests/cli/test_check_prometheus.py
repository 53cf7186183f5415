"""`check --prometheus` finds out from a real Prometheus whether it scrapes us."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from exporter.address import Address
from exporter.clock import SystemClock
from exporter.config import Config
from exporter.diagnostics import StepResult, StepStatus
from exporter.diagnostics.prometheus import check
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve
from exporter.web.config import WebConfig
from tools.stack.ports import free_port_numbers

#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 60
FAILED, OK = StepStatus.FAILED, StepStatus.OK


@dataclass
class RunningPrometheus:
    """A Prometheus that can be given another configuration."""

    url: str
    file: Path
    process: subprocess.Popen[bytes]

    def scrape(self, *targets: str) -> None:
        """Scrape these addresses from now on, every second."""
        self.file.write_text(_config(targets))
        self.process.send_signal(signal.SIGHUP)


def _config(targets: tuple[str, ...]) -> str:
    jobs = "".join(
        f"  - {{job_name: enphase, static_configs: [{{targets: ['{target}']}}]}}\n"
        for target in targets
    )
    return f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}"


@contextmanager
def _running(folder: Path) -> Iterator[RunningPrometheus]:
    address = f"127.0.0.1:{free_port_numbers(1)[0]}"
    file = folder / "prometheus.yml"
    file.write_text(_config(()))
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            yield RunningPrometheus(f"http://{address}", file, process)
        finally:
            process.kill()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[RunningPrometheus]:
    """Return a Prometheus that scrapes nothing yet."""
    if shutil.which("prometheus") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("prometheus is not installed", pytrace=False)
        pytest.skip("prometheus is not installed")
    with _running(tmp_path) as running:
        yield running


@asynccontextmanager
async def exporting(folder: Path) -> AsyncIterator[tuple[int, str]]:
    """Run the exporter on a simulated home; yields its port and that of a closed gateway."""
    clock = SystemClock()
    async with serve(sample_home("solar-only", clock.time), now=clock.time) as gateway:
        manager = PollerManager(folder, clock)
        config = Config.model_validate(
            {
                "state_dir": folder,
                "gateways": [
                    {"name": "home", "host": gateway.host, "token": gateway.token},
                    {"name": "cabin", "host": "127.0.0.1:1", "token": "not-a-token"},
                ],
            }
        )
        async with listening(manager, WebConfig.load(None), Address("127.0.0.1", 0)) as (
            host,
            port,
        ):
            await manager.apply_config(config)
            try:
                yield port, host
            finally:
                await manager.close()


async def until_result(
    prometheus: RunningPrometheus, port: int, *names: str, word: str
) -> dict[str, StepResult]:
    """Return the results as soon as one contains this word."""
    async with asyncio.timeout(PATIENCE):
        while True:
            results = {each.title: each for each in await check(prometheus.url, names, port)}
            if word in " ".join(each.message for each in results.values()):
                return results
            await asyncio.sleep(0.2)


async def test_what_prometheus_knows_of_us(prometheus: RunningPrometheus, tmp_path: Path) -> None:
    """Every state from no scrape at all to the gateway's own state is reported as such."""
    (closed,) = free_port_numbers(1)
    result = await until_result(prometheus, closed, "home", word="it does not scrape")
    assert result["Prometheus"].status is OK
    assert result["Scrapes home"].status is FAILED
    assert "scrape_configs" in result["Scrapes home"].remedy

    prometheus.scrape(f"127.0.0.1:{closed}")
    result = await until_result(prometheus, closed, "home", word="is down")
    assert "connection refused" in result["Scrapes home"].message
    assert "is `enphase-exporter serve` running" in result["Scrapes home"].remedy

    async with exporting(tmp_path / "state") as (port, host):
        prometheus.scrape(f"{host}:{port}")
        result = await until_result(
            prometheus, port, "home", "cabin", "barn", word="enphase_up is 1"
        )
    assert result["Scrapes home"].status is OK
    assert result["Scrapes cabin"].message.startswith("enphase_up is 0")
    assert (
        result["Scrapes barn"].message
        == "it has other gateways, but none of this name: cabin, home"
    )


async def test_no_prometheus_there() -> None:
    """A closed port or another server is reported before any query."""
    (one,) = await check("http://127.0.0.1:1", ["home"], 10055)
    assert (one.status, one.message) == (FAILED, "http://127.0.0.1:1 cannot be reached")
    async with serve(sample_home("legacy", time.time)) as gateway:
        (one,) = await check(gateway.url, ["home"], 10055)
    assert one.message == f"{gateway.url} is not a Prometheus server"


async def test_a_prometheus_that_answers_nonsense() -> None:
    """A proxy with the same response for everything is detected, without a traceback."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response({"data": {"version": "3", "result": [{}]}})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        _, two = await check(f"http://127.0.0.1:{runner.addresses[0][1]}", ["home"], 10055)
    finally:
        await runner.cleanup()
    assert (two.status, two.message[:28]) == (FAILED, "the state of its targets can")


async def test_a_prometheus_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for a few seconds, and no longer."""
    monkeypatch.setattr("exporter.diagnostics.prometheus._DEADLINE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (one,) = await check(f"http://127.0.0.1:{silent.getsockname()[1]}/", ["home"], 10055)
    assert one.message.startswith("no answer from http://127.0.0.1:")
