"""The exporter in its own process, with gateways: it starts, reloads and ends.

What the command line itself promises is in `tests/cli`.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from exporter.clock import SystemClock
from exporter.gateway.endpoints import ensemble_relay
from exporter.gateway.paths import CHECK_JWT
from exporter.simulator.faults import Hang
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State
from tests.polled_gateway import Samples, samples

#: seconds after which a process is taken for hung; no test waits that long to succeed
PATIENCE = 60
ROOT = Path(__file__).parents[1]
RELAY = ensemble_relay.ENDPOINT.path
#: a counter of the home; it is saved
COUNTED = "enphase_meter_delivered_joules_total"


@asynccontextmanager
async def gateway(name: str) -> AsyncIterator[RunningGateway]:
    """Serve a sample home."""
    clock = SystemClock()
    async with serve(sample_home(name, clock.time), now=clock.time) as running:
        yield running


@dataclass
class Process:
    """A running exporter."""

    process: asyncio.subprocess.Process
    config: Path
    lines: list[str] = field(default_factory=list)
    url: str = ""

    async def line(self, text: str) -> str:
        """Wait for a line of the log with this text and return it."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while read := (await self.process.stderr.readline()).decode():
                self.lines.append(read)
                if text in read:
                    return read
        raise AssertionError(f"no {text!r} in {''.join(self.lines)}")

    async def samples(self) -> Samples:
        """Scrape."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.url}/metrics") as response,
        ):
            assert response.status == 200
            return samples(await response.text())

    async def until(self, true: Callable[[Samples], bool]) -> None:
        """Scrape until this is true."""
        async with asyncio.timeout(PATIENCE):
            while not true(await self.samples()):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.05)

    async def ready(self) -> None:
        """Wait until everything was polled once."""
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession(self.url) as client:
            status = 0
            while status != 200:
                async with client.get("/-/ready") as response:
                    status = response.status
                await asyncio.sleep(0.05)

    async def reload(self, text: str, message: str) -> None:
        """Change the configuration, send SIGHUP and wait for the log message."""
        self.config.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        await self.line(message)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status; what was written is in `lines`."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            _, rest = await self.process.communicate()
        self.lines.append(rest.decode())
        assert "Traceback" not in "".join(self.lines)
        assert self.process.returncode is not None
        return self.process.returncode


def configured(state: Path, **gateways: RunningGateway | str) -> str:
    """Return a configuration with these gateways, or hosts, by name."""
    listed: list[dict[str, Any]] = [
        {"name": name, "host": there}
        if isinstance(there, str)
        else {"name": name, "host": there.host, "token": there.token}
        for name, there in gateways.items()
    ]
    return yaml.safe_dump({"gateways": listed, "state_dir": str(state / "state")})


@asynccontextmanager
async def exporting(folder: Path, config: str, **environ: str) -> AsyncIterator[Process]:
    """Run the exporter with this configuration until it listens; it is killed at the end."""
    path = folder / "enphase.yml"
    path.write_text(config)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "exporter", "serve", f"--config.file={path}"),
        "--web.listen-address=127.0.0.1:0",
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environ},
        cwd=ROOT,
    )
    running = Process(process, path)
    try:
        line = await running.line("msg=listening")
        running.url = "http://" + line.rpartition("address=")[2].strip()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def up(samples: Samples) -> dict[str, float]:
    """Return `enphase_up` by gateway."""
    return {
        dict(labels)["gateway"]: value for labels, value in samples.get("enphase_up", {}).items()
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_ending_saves_and_waits_for_no_gateway(
    number: signal.Signals, tmp_path: Path
) -> None:
    """A gateway that hangs does not delay the end; its state is saved, and the status is 0."""
    async with (
        gateway("battery-home") as hanging,
        exporting(tmp_path, configured(tmp_path, home=hanging)) as process,
    ):
        await process.until(lambda samples: COUNTED in samples)
        hanging.faults[RELAY] = Hang()
        asked = hanging.count(RELAY)
        async with asyncio.timeout(PATIENCE):
            while hanging.count(RELAY) == asked:  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.05)
        assert await process.end(number) == 0
    state = State(tmp_path / "state", "home")
    assert state.path.stat().st_mode & 0o777 == 0o600
    assert state.load()["serial"] == hanging.gateway.serial
    assert state.load()["counters"]


async def test_sighup_adds_and_removes_gateways(tmp_path: Path) -> None:
    """Unchanged gateways keep their login; a bad file changes nothing."""
    async with (
        gateway("battery-home") as stays,
        gateway("solar-only") as comes,
        exporting(tmp_path, configured(tmp_path, stays=stays)) as process,
    ):
        await process.until(lambda exported: up(exported) == {"stays": 1})
        both = configured(tmp_path, stays=stays, comes=comes)
        await process.reload(both, 'msg="gateway added" gateway=comes')
        await process.until(lambda exported: up(exported) == {"stays": 1, "comes": 1})

        await process.reload("gateways: 5", "configuration reload failed")
        assert up(await process.samples()) == {"stays": 1, "comes": 1}

        await process.reload(configured(tmp_path, stays=stays), "configuration reloaded")
        await process.until(lambda exported: up(exported) == {"stays": 1})
        assert "comes" not in str((await process.samples()).keys())
        assert stays.count(CHECK_JWT) == comes.count(CHECK_JWT) == 1
        assert await process.end(signal.SIGTERM) == 0


async def test_a_dead_gateway_costs_itself_only(tmp_path: Path) -> None:
    """The other gateway is exported whole, and the process becomes ready."""
    async with (
        gateway("battery-home") as alive,
        exporting(tmp_path, configured(tmp_path, dead="127.0.0.1:1", alive=alive)) as process,
    ):
        await process.until(lambda samples: up(samples) == {"alive": 1, "dead": 0})
        await process.until(lambda samples: "enphase_encharge_soc_ratio" in samples)
        await process.ready()
        warnings = [
            line for line in process.lines if "gateway=dead" in line and "level=warn" in line
        ]
        await process.end(signal.SIGTERM)
        warnings += [
            line
            for line in process.lines[-1].splitlines()
            if "gateway=dead" in line and "level=warn" in line
        ]
        assert len(warnings) == 1
        assert "reason=unreachable" in warnings[0]


async def test_a_kill_costs_no_counter(tmp_path: Path) -> None:
    """After a kill counters continue from the gateway's values, never below the exported ones."""
    produced = "enphase_production_joules_total"
    config = configured(tmp_path)
    async with gateway("three-phase") as running:
        config = configured(tmp_path, home=running)
        values: list[float] = []
        for _ in range(2):
            async with exporting(tmp_path, config) as process:
                await process.until(lambda exported: produced in exported)
                values.append(*(await process.samples())[produced].values())
                process.process.kill()
        assert values[0] <= values[1] < values[0] + 1e8


async def test_a_list_of_gateways_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """No signal is needed; a list that is broken or missing for a moment changes nothing."""
    listed = tmp_path / "fleet.json"

    def write(**gateways: RunningGateway | str) -> None:
        new = tmp_path / "new"
        new.write_text(json.dumps(yaml.safe_load(configured(tmp_path, **gateways))["gateways"]))
        new.replace(listed)

    config = yaml.safe_dump({"gateways_file": listed.name, "state_dir": str(tmp_path / "state")})
    async with gateway("battery-home") as stays, gateway("solar-only") as comes:
        write(stays=stays)
        async with exporting(tmp_path, config) as process:
            await process.until(lambda samples: up(samples) == {"stays": 1})
            write(stays=stays, comes=comes)
            await process.until(lambda samples: up(samples) == {"stays": 1, "comes": 1})
            listed.write_text("[{")
            await process.line("configuration reload failed")
            listed.unlink()
            write(comes=comes)
            await process.until(lambda samples: up(samples) == {"comes": 1})
            assert stays.count(CHECK_JWT) == comes.count(CHECK_JWT) == 1
            assert await process.end(signal.SIGTERM) == 0
