"""The pages, requested over HTTP as by Prometheus, people and others."""

import gzip
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import Config, Gateway
from exporter.errors import ListenError
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.web.config import WebConfig

PAGES = ("/", "/api/v1/status", "/metrics", "/-/healthy", "/-/ready")
OPENMETRICS = "application/openmetrics-text"


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[PollerManager]:
    """Watch a gateway that is not there, under a name that HTML has to escape."""
    manager = PollerManager(tmp_path, SystemClock())
    gateways = (Gateway(name="<home>", host="127.0.0.1:1"),)
    await manager.apply_config(Config(state_dir=tmp_path, gateways=gateways))
    yield manager
    await manager.close()


@pytest.fixture
async def client(manager: PollerManager) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client of the pages that decompresses nothing."""
    async with listening(manager, WebConfig.load(None), parse("127.0.0.1:0")) as (host, port):
        url = f"http://{host}:{port}"
        async with aiohttp.ClientSession(url, auto_decompress=False) as client:
            yield client


@pytest.mark.parametrize("path", PAGES)
async def test_pages_take_get_and_head_only(client: aiohttp.ClientSession, path: str) -> None:
    """HEAD has the headers of GET; other methods are refused with the allowed ones."""
    async with client.get(path) as response:
        assert response.status in (200, 503)
        length = len(await response.read())
        kind = response.content_type
    async with client.head(path) as response:
        assert response.content_type == kind
        # the process metrics differ each time
        assert int(response.headers["Content-Length"]) == pytest.approx(length, abs=2000)
        assert await response.read() == b""
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        async with client.request(method, path, data=b"x" * 1000) as response:
            assert response.status == 405
            assert response.headers["Allow"] == "GET,HEAD"
            assert await response.text() == "405: Method Not Allowed\n"


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/metrics/", "/-/", "/..%2f..%2fetc/passwd"])
async def test_every_response_has_security_headers(
    client: aiohttp.ClientSession, path: str
) -> None:
    """No response reveals software versions, and its headers restrict browsers strictly."""
    async with client.get(path) as response:
        assert response.headers["Server"] == "enphase-exporter"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        if path not in PAGES:
            assert response.status == 404
            assert await response.text() == "404: Not Found\n"


async def test_an_internal_error_has_no_details(
    client: aiohttp.ClientSession,
    manager: PollerManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A page that fails has no details of the error, which are in the log."""

    def fail(*_: object) -> None:
        raise RuntimeError("insides")

    monkeypatch.setattr(manager.exposition, "render_all", fail)
    async with client.get("/metrics") as response:
        assert response.status == 500
        assert await response.text() == "500: Internal Server Error\n"
        assert response.headers["Server"] == "enphase-exporter"
    assert "unhandled error serving request" in caplog.text
    async with client.get("/-/healthy") as response:
        assert response.status == 200


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("accept", ["", "*/*", "text/plain", f"{OPENMETRICS};version=1.0.0,*/*"])
async def test_metrics_are_negotiated(
    client: aiohttp.ClientSession, accept: str, compressed: bool
) -> None:
    """Format and compression are the requested ones, and named in the headers."""
    headers = {"Accept": accept, "Accept-Encoding": "gzip" if compressed else "identity"}
    async with client.get("/metrics", headers=headers) as response:
        body = await response.read()
        assert response.headers.get("Content-Encoding") == ("gzip" if compressed else None)
        assert response.headers["Vary"] == "Accept, Accept-Encoding"
        assert (response.content_type == OPENMETRICS) == (OPENMETRICS in accept)
    text = (gzip.decompress(body) if compressed else body).decode()
    parser = text_string_to_metric_families if OPENMETRICS in accept else parse_text
    assert "enphase_up" in {family.name for family in parser(text)}


async def test_metrics_by_name(client: aiohttp.ClientSession) -> None:
    """`name[]` picks metrics, one or several; what is unknown is nothing, and no error."""
    plain = {"Accept-Encoding": "identity"}
    for names in (["enphase_up"], ["enphase_up", "process_cpu_seconds_total"], ["unknown"]):
        params = [("name[]", name) for name in names]
        async with client.get("/metrics", params=params, headers=plain) as response:
            text = await response.text()
        families = {sample.name for family in parse_text(text) for sample in family.samples}
        assert families == set(names) - {"unknown"}


async def test_the_status_page_escapes_names(client: aiohttp.ClientSession) -> None:
    """Values of the configuration are text, not HTML."""
    async with client.get("/") as response:
        page = await response.text()
    assert "&lt;home&gt;" in page
    assert "<home>" not in page
    assert "127.0.0.1:1" in page


async def test_ready_once_every_gateway_was_asked(
    client: aiohttp.ClientSession, manager: PollerManager
) -> None:
    """Ready means tried, not reached: a gateway that is gone does not stop a rollout."""
    statuses = set()
    while 200 not in statuses:
        async with client.get("/-/ready") as response:
            statuses.add(response.status)
    assert statuses <= {200, 503}
    assert manager.ready


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("127.0.0.1:{taken}", "stop what listens there"),
        ("192.0.2.1:0", "this machine does not have that address"),
        (f"{'a' * 64}:0", "or choose another"),
    ],
)
async def test_an_address_that_cannot_be_listened_on(
    manager: PollerManager, address: str, remedy: str
) -> None:
    """A port in use, a foreign address and an unknown name are reported with the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        there = parse(address.format(taken=taken.getsockname()[1]))
        with pytest.raises(ListenError, match=rf"^cannot listen on .*{remedy}.*--web\.listen"):
            async with listening(manager, WebConfig.load(None), there):
                pass
