"""What an exporter of many gateways serves: one of them, a list of them, all in portions."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import Config, Gateway, Web
from exporter.exposition import FLEET_THRESHOLD, negotiate
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.web import app
from exporter.web.config import WebConfig

MANY = FLEET_THRESHOLD + 4
ODD = 'a "house" & <co>'
OPENMETRICS = {"Accept": "application/openmetrics-text"}


def configuration(tmp_path: Path, count: int, *, whole: bool = True) -> Config:
    """Return a configuration of unreachable gateways."""
    names = [ODD, *(f"site-{number}" for number in range(1, count))]
    return Config(
        state_dir=tmp_path,
        gateways=tuple(Gateway(name=name, host="127.0.0.1:1") for name in names),
        web=Web(gateways_on_metrics=whole),
    )


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[PollerManager]:
    """Poll nothing yet."""
    manager = PollerManager(tmp_path, SystemClock())
    yield manager
    await manager.close()


@pytest.fixture
async def client(manager: PollerManager) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client of the pages."""
    async with (
        listening(manager, WebConfig.load(None), parse("127.0.0.1:0")) as (host, port),
        aiohttp.ClientSession(f"http://{host}:{port}") as client,
    ):
        yield client


def gateways(text: str) -> set[str]:
    """Return the gateways in an exposition."""
    return {
        sample.labels["gateway"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "gateway" in sample.labels
    }


async def poll_gateways(manager: PollerManager, config: Config) -> None:
    """Poll the gateways of a configuration, and wait until each has a snapshot."""
    await manager.apply_config(config)
    while len(manager.status_store.names) < len(config.gateways):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)


async def test_probe_has_one_gateway_and_nothing_else(
    client: aiohttp.ClientSession, manager: PollerManager, tmp_path: Path
) -> None:
    """Neither other gateways nor the process: Prometheus scrapes those elsewhere."""
    await poll_gateways(manager, configuration(tmp_path, 3))
    async with client.get("/probe", params={"target": ODD}) as response:
        assert response.status == 200
        text = await response.text()
    assert gateways(text) == {ODD}
    assert "enphase_up{" in text
    assert "process_" not in text
    async with client.get("/probe", params={"target": ODD}, headers=OPENMETRICS) as response:
        assert list(openmetrics.text_string_to_metric_families(await response.text()))  # type: ignore[no-untyped-call] # it has no types


@pytest.mark.parametrize("query", ["", "?target=", "?target=elsewhere.example:80", "?target=site"])
async def test_probe_takes_configured_names_only(
    client: aiohttp.ClientSession, manager: PollerManager, tmp_path: Path, query: str
) -> None:
    """A client cannot make the exporter connect to another host."""
    await poll_gateways(manager, configuration(tmp_path, 3))
    async with client.get(f"/probe{query}") as response:
        assert response.status == 400
        assert "/sd lists those that are watched" in await response.text()


async def test_discovery_gives_prometheus_a_target_for_each_gateway(
    client: aiohttp.ClientSession, manager: PollerManager, tmp_path: Path
) -> None:
    """Each leads back to `/probe` of this exporter, and `instance` is the gateway."""
    await poll_gateways(manager, configuration(tmp_path, 3))
    async with client.get("/sd", headers={"Host": "exporter.example:10055"}) as response:
        assert response.content_type == "application/json"
        groups = await response.json()
    assert [group["targets"] for group in groups] == [["exporter.example:10055"]] * 3
    assert [group["labels"]["instance"] for group in groups] == [ODD, "site-1", "site-2"]
    for group in groups:
        labels = group["labels"]
        assert labels["__scheme__"] == "http"
        params = {"target": labels["__param_target"]}
        async with client.get(labels["__metrics_path__"], params=params) as response:
            assert gateways(await response.text()) == {labels["instance"]}


async def test_metrics_can_be_asked_for_some_gateways(
    client: aiohttp.ClientSession, manager: PollerManager, tmp_path: Path
) -> None:
    """`gateway` restricts the gateways as `name[]` does the metrics; an unknown one is refused."""
    await poll_gateways(manager, configuration(tmp_path, 4))
    query = [("gateway", "site-2"), ("gateway", ODD), ("gateway", ODD)]
    async with client.get("/metrics", params=query) as response:
        text = await response.text()
    assert gateways(text) == {"site-2", ODD}
    assert text.count("enphase_up{") == 2
    assert "process_cpu_seconds_total" in text
    async with client.get("/metrics", params={"gateway": "site-9"}) as response:
        assert response.status == 400


async def test_metrics_of_a_fleet_are_those_of_the_exporter(
    client: aiohttp.ClientSession,
    manager: PollerManager,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where gateways are scraped one by one, `/metrics` does not have all of them once more."""
    await poll_gateways(manager, configuration(tmp_path, 3, whole=False))
    assert "/metrics no longer includes gateway metrics" in caplog.text
    async with client.get("/metrics") as response:
        text = await response.text()
    assert gateways(text) == set()
    assert "process_cpu_seconds_total" in text
    assert "enphase_exporter_build_info" in text
    async with client.get("/metrics", params={"gateway": ODD}) as response:
        assert gateways(await response.text()) == {ODD}


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS["Accept"]])
async def test_what_is_streamed_is_what_would_be_sent_whole(
    client: aiohttp.ClientSession,
    manager: PollerManager,
    tmp_path: Path,
    accept: str,
    encoding: str,
) -> None:
    """A fleet's body comes in portions and is the same body, family by family."""
    await poll_gateways(manager, configuration(tmp_path, MANY))
    await manager.close()  # so that nothing changes between the two
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    async with client.get("/metrics", headers=headers) as response:
        assert response.headers.get("Content-Encoding", "identity") == encoding
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        streamed = await response.text()
    whole, _ = manager.exposition.render(accept, "gzip")
    ours = [line for line in streamed.splitlines() if "enphase_" in line]
    assert ours == [
        line for line in gzip.decompress(whole).decode().splitlines() if "enphase_" in line
    ]
    assert len(gateways(streamed.removesuffix("# EOF\n"))) == MANY
    if accept == OPENMETRICS["Accept"]:
        assert list(openmetrics.text_string_to_metric_families(streamed))  # type: ignore[no-untyped-call] # it has no types
    async with client.head("/metrics", headers=headers) as response:
        assert response.status == 200


async def test_a_fleet_keeps_the_lines_of_few(
    client: aiohttp.ClientSession, manager: PollerManager, tmp_path: Path
) -> None:
    """The metrics of any gateway are complete, however often they are requested."""
    await poll_gateways(manager, configuration(tmp_path, 3 * FLEET_THRESHOLD))
    await manager.close()  # so that nothing changes between the two
    names = [gateway for gateway in manager.status_store.names if gateway != ODD]
    first = {name: manager.exposition.render_gateway(name, negotiate("", "")) for name in names}
    assert len(set(first.values())) == len(names)
    async with client.get("/metrics", params={"name[]": ["enphase_up", "enphase_up"]}) as response:
        assert (await response.text()).count("enphase_up{") == 3 * FLEET_THRESHOLD
    for name in names:
        assert manager.exposition.render_gateway(name, negotiate("", "")) == first[name]


async def test_a_fleet_can_shrink_while_it_is_sent(manager: PollerManager, tmp_path: Path) -> None:
    """A gateway that is taken out of the configuration meanwhile does no harm."""
    await poll_gateways(manager, configuration(tmp_path, MANY))
    portions = manager.exposition.stream(negotiate("", ""))
    sending = asyncio.create_task(_all(portions))
    await asyncio.sleep(0)
    await manager.apply_config(configuration(tmp_path, 2))
    assert gateways((await sending).decode()) >= {ODD, "site-1"}


async def test_others_have_their_turn_while_a_fleet_is_sent(
    manager: PollerManager, tmp_path: Path
) -> None:
    """After each gateway that is rendered there is time to accept a connection and to answer."""
    await poll_gateways(manager, configuration(tmp_path, MANY))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(others())
    await _all(manager.exposition.stream(negotiate("", "")))
    waiting.cancel()
    assert turns > 5 * MANY


async def test_a_reader_that_stalls_gets_no_second_response(
    manager: PollerManager,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its connection ends, nothing that is no metric is in the body, and the log has no error."""
    await poll_gateways(manager, configuration(tmp_path, MANY))
    monkeypatch.setattr(app, "_SLOWEST", 0.3)
    more = asyncio.Event()

    async def endless(*_: object) -> AsyncIterator[bytes]:
        yield b"enphase_up 1\n"
        await more.wait()

    monkeypatch.setattr(manager.exposition, "stream", endless)
    async with listening(manager, WebConfig.load(None), parse("127.0.0.1:0")) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        body = b""
        with suppress(ConnectionError):
            while chunk := await reader.read(1000):
                body += chunk
        writer.close()
    assert body.count(b"HTTP/1.1") == 1
    assert b"enphase_up 1" in body
    assert b"500" not in body
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_reader_that_leaves_is_no_error(
    manager: PollerManager, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A scraper that hangs up in the middle of a body leaves no error in the log."""
    await poll_gateways(manager, configuration(tmp_path, MANY))
    async with listening(manager, WebConfig.load(None), parse("127.0.0.1:0")) as (host, port):
        for _ in range(5):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            await reader.read(10)
            assert isinstance(writer.transport, asyncio.Transport)
            writer.transport.abort()
        async with (
            aiohttp.ClientSession(f"http://{host}:{port}") as client,
            client.get("/metrics") as response,
        ):
            assert response.status == 200
            await response.read()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def _all(portions: AsyncIterator[bytes]) -> bytes:
    return b"".join([portion async for portion in portions])
