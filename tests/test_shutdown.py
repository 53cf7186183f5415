"""Stopping: at any moment, in time, with what is known saved; and being killed at any moment.

Real processes, with a gateway, a cloud and scrapers that hang at the worst moments.
"""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import bcrypt
import orjson
import pytest
import yaml

from exporter.clock import SystemClock
from exporter.gateway.paths import CHECK_JWT, SECCTRL
from exporter.simulator.cloud import serve_cloud
from exporter.simulator.faults import Fault, Hang, SlowDrip, Stall
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State
from tests.conftest import ROOT
from tests.process import PATIENCE, ExporterProcess, exporter_process
from tests.web.listener import basic

#: seconds within which a stopped exporter has to be gone
IN_TIME = 5.0


@asynccontextmanager
async def gateway() -> AsyncIterator[RunningGateway]:
    """Serve a home with batteries."""
    clock = SystemClock()
    async with serve(sample_home("battery-home", clock.time), now=clock.time) as running:
        yield running


def configured(folder: Path, host: str, **login: str) -> str:
    """Write a configuration with one gateway, and return the flag that names it."""
    file = folder / "enphase.yml"
    gateways = [{"name": "home", "host": host, **login}]
    file.write_text(yaml.safe_dump({"gateways": gateways, "state_dir": str(folder / "state")}))
    return f"--config.file={file}"


async def stopped(process: ExporterProcess, *numbers: signal.Signals) -> None:
    """Send these signals; the exporter has to end in time, with status 0 and no complaint."""
    for number in numbers or (signal.SIGTERM,):
        process.process.send_signal(number)
    assert await process.ended(IN_TIME) == 0
    assert b"Traceback" not in process.log
    assert b"level=error" not in process.log


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        ("/info", Hang()),
        (CHECK_JWT, Hang()),
        (SECCTRL, Stall()),
        (SECCTRL, SlowDrip(pause=0.5)),
    ],
    ids=["identifying", "login", "stalled", "trickling"],
)
async def test_a_gateway_that_hangs_is_not_waited_for(
    endpoint: str, fault: Fault, tmp_path: Path
) -> None:
    """Whatever request the gateway hangs in, stopping does not wait for it."""
    async with gateway() as hanging:
        hanging.faults[endpoint] = fault
        flag = configured(tmp_path, hanging.host, token=hanging.token)
        async with exporter_process(tmp_path, flag) as process:
            await process.until(lambda: hanging.count(endpoint) > 0)
            await stopped(process)
    assert State(tmp_path / "state", "home").path.exists()


async def test_a_cloud_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """A login that the cloud leaves unanswered ends with the exporter."""
    async with gateway() as there, serve_cloud(password="secret") as cloud:
        cloud.mode = "slow"
        flag = configured(tmp_path, there.host, username=cloud.username, password=cloud.password)
        async with exporter_process(tmp_path, flag, cloud=cloud) as process:
            await process.until(lambda: cloud.logins > 0)
            await stopped(process)


async def test_a_name_server_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """A name lookup cannot be cancelled, but it does not delay the end."""
    hang = (
        "import socket, time; from pathlib import Path;"
        f"socket.getaddrinfo = lambda *_, **__: (Path({str(tmp_path / 'asked')!r}).touch(),"
        " time.sleep(60))"
    )
    # the address to listen on is none to look up
    flag = configured(tmp_path, "envoy.invalid", token="a")
    async with exporter_process(tmp_path, flag, first=hang) as process:
        await process.until((tmp_path / "asked").exists)
        await stopped(process)


async def test_a_password_under_check_is_not_waited_for(tmp_path: Path) -> None:
    """Checking the most expensive hash takes longer than the time to stop."""
    hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode().replace("$04$", "$18$")
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users: {{alice: '{hashed}'}}")
    flags = (configured(tmp_path, "127.0.0.1:1"), f"--web.config.file={web}")
    async with exporter_process(tmp_path, *flags) as process, AsyncExitStack() as stack:
        port = int((await process.url()).rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        head = f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: {basic('alice', 'guess')}\r\n\r\n"
        writer.write(head.encode())
        busy = Path(f"/proc/{process.process.pid}/task")
        await process.until(lambda: len(list(busy.iterdir())) > 1)
        await stopped(process)


async def test_scrapers_are_not_waited_for(tmp_path: Path) -> None:
    """Connections that are idle, dribble or take no answer end with the exporter."""
    async with gateway() as there, AsyncExitStack() as stack:
        flag = configured(tmp_path, there.host, token=there.token)
        process = await stack.enter_async_context(exporter_process(tmp_path, flag))
        await process.full()
        port = int((await process.url()).rpartition(":")[2])
        scrape = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
        for content in (b"", b"GET / HTTP/1.1\r\nX: ", scrape, scrape * 1000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            assert isinstance(writer.transport, asyncio.Transport)
            writer.transport.pause_reading()
            writer.write(content)
        await process.samples()
        await stopped(process)


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGINT, signal.SIGINT, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGTERM),
    ],
    ids=lambda numbers: "+".join(number.name for number in numbers),
)
async def test_impatience_changes_nothing(numbers: tuple[signal.Signals], tmp_path: Path) -> None:
    """On any signal, however often it is sent, it ends once and cleanly."""
    async with gateway() as there:
        flag = configured(tmp_path, there.host, token=there.token)
        async with exporter_process(tmp_path, flag) as process:
            await process.full("enphase_meter_delivered_joules_total")
            await stopped(process, *numbers)
        state = State(tmp_path / "state", "home")
        assert state.load()["serial"] == there.gateway.serial
        assert state.load()["counters"]


async def test_a_start_can_be_broken_off_at_any_moment(tmp_path: Path) -> None:
    """A signal kills Python until it runs our first line; from then on the status is 0."""
    chance = random.Random(6)  # noqa: S311  # the same moments each time
    async with gateway() as there:
        flag = configured(tmp_path, there.host, token=there.token)
        for _ in range(4):
            async with exporter_process(tmp_path, flag) as process:
                await asyncio.sleep(chance.uniform(0, 1.5))
                process.process.send_signal(signal.SIGTERM)
                assert await process.ended(IN_TIME) in (0, -signal.SIGTERM)
                assert b"Traceback" not in process.log


WRITER = """
import itertools, sys
from pathlib import Path
from exporter.state import State
state = State(Path(sys.argv[1]), "home")
for number in itertools.count(int(sys.argv[2])):
    state.save({"number": number, "filler": [number] * 5000})
    print(number, flush=True)
"""


def names_and_modes(directory: Path) -> dict[str, int]:
    """Return what is in a directory, with its permissions."""
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


async def test_a_kill_while_writing_loses_the_last_write_at_most(tmp_path: Path) -> None:
    """After each of fifty kills during writes, the file is complete and at most one write old."""
    chance = random.Random(6)  # noqa: S311  # the same moments each time
    state = State(tmp_path, "home")
    written = 0
    for _ in range(50):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, str(tmp_path), str(written + 1)),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            numbers_printed = [int(await process.stdout.readline())]
            await asyncio.sleep(chance.uniform(0, 0.02))
            process.kill()
            numbers_printed += [int(line) for line in (await process.stdout.read()).splitlines()]
            await process.wait()
        document = orjson.loads(state.path.read_bytes())
        assert document["filler"] == [document["number"]] * 5000
        assert numbers_printed[-1] <= document["number"] <= numbers_printed[-1] + 1
        assert state.path.stat().st_mode & 0o777 == 0o600
        written = document["number"]
    # what a kill leaves lying around holds a token too
    assert names_and_modes(tmp_path).keys() <= {"home.json", "home.lock", ".home.json.tmp"}
    assert set(names_and_modes(tmp_path).values()) == {0o600}
    assert state.load()["number"] == written
    assert names_and_modes(tmp_path).keys() == {"home.json", "home.lock"}
