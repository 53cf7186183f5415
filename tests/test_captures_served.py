"""The exporter as a process serves all real gateways at once, each over its own protocol."""

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import yaml

from exporter.simulator import replay as captures
from exporter.simulator.server import RunningGateway, serve
from tests.conftest import capture_names
from tests.polled_gateway import samples
from tests.test_captures import UNSUPPORTED

_PATIENCE = 30.0


async def test_serve_exports_every_capture(captures_dir: Path, tmp_path: Path) -> None:
    """With all captures replayed as of today, every gateway is up but the one that is too old."""
    async with AsyncExitStack() as stack:
        gateways = {
            name: await stack.enter_async_context(
                serve(captures.load_capture(captures_dir / name, now=time.time))
            )
            for name in capture_names()
        }
        config = tmp_path / "exporter.yml"
        config.write_text(yaml.safe_dump({"gateways": [listed(*g) for g in gateways.items()]}))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "exporter", "serve", f"--config.file={config}"),
            "--web.listen-address=127.0.0.1:0",
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "ENPHASE_STATE_DIR": str(tmp_path / "state")},
        )
        try:
            assert process.stderr is not None
            port = await listening_port(process.stderr)
            drain = asyncio.create_task(process.stderr.read())
            up = await ups(f"http://127.0.0.1:{port}/metrics", len(gateways) - 1)
        finally:
            process.terminate()
            status = await process.wait()
    assert up == {name: float(name != UNSUPPORTED) for name in gateways}
    log = (await drain).decode()
    assert status == 0
    assert "Traceback" not in log
    assert f"gateway={UNSUPPORTED}" in log


def listed(name: str, gateway: RunningGateway) -> dict[str, str]:
    """Return a gateway as the configuration file lists it."""
    token = {"token": gateway.token} if gateway.gateway.uses_tls else {}
    return {"name": name, "host": gateway.host, **token}


async def listening_port(log: asyncio.StreamReader) -> int:
    """Return the listening port from the log."""
    async with asyncio.timeout(_PATIENCE):
        while line := (await log.readline()).decode():
            if "msg=listening" in line:
                return int(line.rpartition(":")[2])
    raise AssertionError("the exporter ended")


async def ups(url: str, expected: int) -> dict[str, float]:
    """Return `enphase_up` by gateway, once that many are up or time is over."""
    async with aiohttp.ClientSession() as client:
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            async with client.get(url) as response:
                assert response.status == 200
                series = samples(await response.text())["enphase_up"]
            by_gateway = {dict(labels)["gateway"]: value for labels, value in series.items()}
            if sum(by_gateway.values()) >= expected or asyncio.get_running_loop().time() > deadline:
                return by_gateway
            await asyncio.sleep(0.1)
