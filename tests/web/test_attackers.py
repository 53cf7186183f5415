"""Strangers on the network: their connections, however many or slow, keep nobody else out."""

import asyncio
import logging
import resource
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from exporter.web import listener
from exporter.web.config import WebConfig
from tests.process import exporter_process
from tests.web.certificates import Authority
from tests.web.conftest import Write
from tests.web.strangers import (
    CLOSING,
    GET,
    PATIENCE,
    RUNNING,
    ServedPages,
    ended,
    open_files,
    serving,
    until,
)


async def test_two_thousand_idle_connections_keep_nobody_out(site: ServedPages) -> None:
    """So many are kept and no more, others are answered meanwhile, and all is given back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 6000:
        pytest.skip("this process may not open 6,000 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 6000), hard))
    assert await site.healthy()
    await until(lambda: len(asyncio.all_tasks()) <= 3)
    before = open_files()
    async with AsyncExitStack() as stack:
        for _ in range(20):
            opened = await asyncio.gather(*(site.connect() for _ in range(100)))
            for _, writer in opened:
                stack.callback(writer.close)
            assert await site.healthy()
        # our own ends stay open until we close them; those of the server are bounded
        await until(lambda: open_files() - before <= 2000 + listener.MAX_CONNECTIONS)
        assert open_files() - before >= 2000
        assert await site.healthy()
    await until(lambda: open_files() <= before)
    assert await site.healthy()


async def test_active_connections_are_kept_over_idle_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all places are taken, the connection with the oldest request is closed."""
    monkeypatch.setattr(listener, "MAX_CONNECTIONS", 10)
    async with serving(tmp_path) as site, AsyncExitStack() as stack:
        reader, writer = await site.connect()
        stack.callback(writer.close)
        crowd: list[asyncio.Task[bytes]] = []
        for _ in range(50):
            writer.write(GET)
            answer = await reader.readuntil(RUNNING)
            assert answer.startswith(b"HTTP/1.1 200")
            for silent, other in await asyncio.gather(*(site.connect() for _ in range(5))):
                stack.callback(other.close)
                crowd.append(asyncio.create_task(ended(silent)))
        await until(
            lambda: sum(task.done() for task in crowd) >= len(crowd) - listener.MAX_CONNECTIONS
        )
        assert sum(not task.done() for task in crowd) > 0


@pytest.mark.parametrize("files", [48, 64])
async def test_few_open_files_are_shared_with_strangers(files: int, tmp_path: Path) -> None:
    """Where the system gives little, strangers get no more than half of it."""
    config = tmp_path / "enphase.yml"
    config.write_text("gateways: [{host: '127.0.0.1:1', name: home}]")
    within = ("sh", "-c", f'ulimit -n {files}; exec "$@"', "sh")
    async with exporter_process(tmp_path, f"--config.file={config}", within=within) as process:
        port = int((await process.url()).rpartition(":")[2])
        async with AsyncExitStack() as stack:
            for _ in range(20):
                opened = [asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
                for _, writer in await asyncio.gather(*opened):
                    stack.callback(writer.close)
                assert "enphase_up" in await process.samples()
        process.process.terminate()
        assert await process.ended() == 0
    assert b"level=error" not in process.log


async def test_running_out_of_files_is_survived(tmp_path: Path) -> None:
    """With too few file descriptors, idle connections are closed, with one log line."""
    config = tmp_path / "enphase.yml"
    config.write_text("gateways: [{host: '127.0.0.1:1', name: home}]")
    lie = "import resource; resource.getrlimit = lambda _: (4096, 4096)"
    lie += "; resource.setrlimit = lambda *_: None"
    within = ("sh", "-c", 'ulimit -n 48; exec "$@"', "sh")
    async with (
        exporter_process(tmp_path, f"--config.file={config}", within=within, first=lie) as process,
        AsyncExitStack() as stack,
    ):
        port = int((await process.url()).rpartition(":")[2])
        for _ in range(100):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
        async with asyncio.timeout(PATIENCE):
            assert "enphase_up" in await process.samples()
        process.process.terminate()
        assert await process.ended() == 0
    assert process.log.count(b"check the open-file limit") == 1
    assert b"Traceback" not in process.log


async def test_five_hundred_scrapers_at_once(site: ServedPages) -> None:
    """All of them get a whole answer."""
    scrape = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answers = await asyncio.gather(*(site.say(scrape) for _ in range(500)))
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"enphase_exporter_build_info" in body
        assert b"Content-Length: %d" % len(body) in head


@pytest.mark.parametrize(
    ("deadline", "began"),
    [
        ("HEADER_TIMEOUT", b""),
        ("HEADER_TIMEOUT", b"GET /"),
        ("HEADER_TIMEOUT", b"GET / HTTP/1.1\r\nX: "),
        ("IDLE_TIMEOUT", GET + b"GET / HTTP/1.1\r\nX: "),
    ],
    ids=["silent", "path", "header", "second"],
)
async def test_dribbling_ends_at_a_deadline(
    deadline: str, began: bytes, site: ServedPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers that come a byte at a time are not waited for, first or later; nor is silence."""
    monkeypatch.setattr(listener, deadline, 0.3)
    reader, writer = await site.connect()
    reading = asyncio.create_task(ended(reader))
    writer.write(began)
    while not reading.done():
        writer.write(b"x" if began else b"")
        await asyncio.sleep(0.01)
    assert b" 400 " not in await reading
    writer.close()
    assert await site.healthy()


@pytest.mark.usefixtures("hurried")
async def test_a_client_that_never_reads_is_disconnected(site: ServedPages) -> None:
    """Responses that nobody reads are not kept for long."""
    before = open_files()
    reader, writer = await site.connect()
    assert isinstance(writer.transport, asyncio.Transport)
    writer.transport.pause_reading()
    for _ in range(2000):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0)
        if open_files() == before + 1:
            break
    await until(lambda: open_files() == before + 1)
    writer.close()
    del reader


async def test_many_requests_sent_ahead_end_the_connection(site: ServedPages) -> None:
    """A few in a row are answered; hundreds would keep the process busy for everybody else."""
    few = await site.say(GET * (listener.MAX_PIPELINED - 1) + GET.replace(b"a\r\n\r", CLOSING))
    assert few.count(RUNNING) == listener.MAX_PIPELINED
    assert (await site.say(GET * 500)).count(RUNNING) <= listener.MAX_PIPELINED
    assert await site.healthy()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Encoding: gzip\r\nContent-Length: 3", b"xyz"),
        (b"Content-Encoding: br\r\nContent-Length: 3", b"xyz"),
        (b"Transfer-Encoding: chunked", b"zz\r\n"),
        (b"Transfer-Encoding: chunked", b"-1\r\n\r\n"),
        (b"Content-Length: -1", b""),
    ],
    ids=["gzip", "br", "chunk", "negative", "length"],
)
@pytest.mark.parametrize("start", [b"GET /", b"POST /", b"POST /-/alerts"])
async def test_what_is_no_http_leaves_no_error_in_the_log(
    site: ServedPages, start: bytes, headers: bytes, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients without a password cannot fill the log."""
    caplog.set_level(logging.INFO)
    rest = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + b"\r\n\r\n" + body
    for _ in range(5):
        await site.say(start + rest)
    assert await site.healthy()
    assert [record.getMessage() for record in caplog.records if record.levelno > 20] == []


@pytest.mark.usefixtures("hurried")
async def test_silence_before_tls_ends_at_a_deadline(
    tmp_path: Path, write: Write, authority: Authority
) -> None:
    """A handshake that never comes, or never ends, costs a place for a moment only."""
    file = write("tls_server_config: {cert_file: server.pem, key_file: server.key}")
    async with serving(tmp_path, WebConfig.load(file)) as site:
        for content in (b"", b"\x16\x03\x01\x02\x00", GET):
            reader, writer = await site.connect()
            writer.write(content)
            await ended(reader)
            writer.close()
        context = ssl.create_default_context(cafile=str(authority.path))
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"https://127.0.0.1:{site.port}/-/healthy", ssl=context) as response,
        ):
            assert response.status == 200


async def test_pipelined_requests_are_answered_in_order(site: ServedPages) -> None:
    """A few requests in one go are as many responses, one after the other."""
    paths = ["/-/healthy", "/nothing", "/metrics", "/-/healthy"][: listener.MAX_PIPELINED]
    asked = b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths)
    reader, writer = await site.connect()
    writer.write(asked)
    async with asyncio.timeout(PATIENCE):
        for path in paths:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")
            )
            await reader.readexactly(int(length.split()[1]))
            assert head.split()[1] == (b"404" if path == "/nothing" else b"200")
    writer.close()
