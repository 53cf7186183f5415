"""Strangers on the network: what they send, or do not send, keeps nobody else from the metrics."""

import asyncio
import base64
import json
import logging
import os
import resource
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import Config, Gateway
from exporter.logging import JsonFormatter, LogfmtFormatter
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.simulator.faults import Fault, PendingResponse, plain
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.web import auth, listener
from exporter.web.config import WebConfig
from tests.process import exporter_process
from tests.web.certificates import Authority
from tests.web.listener import basic

#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 30
GET = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
RUNNING = b"The exporter is running.\n"
#: what ends the headers of a request after which the connection ends
CLOSING = b"a\r\nConnection: close\r\n\r"
Write = Callable[[str], Path]


@dataclass
class ServedPages:
    """The exporter's pages, on a real listener."""

    port: int
    manager: PollerManager

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection of our own."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, content: bytes) -> bytes:
        """Send these bytes and return all that comes until the connection ends."""
        reader, writer = await self.connect()
        try:
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionError):
                    writer.write(content)
                    return await reader.read()
                return b""
        finally:
            writer.close()

    async def healthy(self) -> bool:
        """Return whether a well-behaved client gets a response."""
        answer = await self.say(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(RUNNING)


@asynccontextmanager
async def serving(
    folder: Path, config: WebConfig | None = None, *hosts: Gateway
) -> AsyncIterator[ServedPages]:
    """Serve the pages of an exporter that watches these gateways, by default none."""
    manager = PollerManager(folder / "state", SystemClock())
    where = parse("127.0.0.1:0")
    async with listening(manager, config or WebConfig.load(None), where) as (_, port):
        await manager.apply_config(Config(state_dir=folder / "state", gateways=hosts))
        try:
            yield ServedPages(port, manager)
        finally:
            await manager.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ServedPages]:
    """Return pages in plain HTTP for everybody."""
    async with serving(tmp_path) as site:
        yield site


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the timeouts of connections to a fraction of a second."""
    monkeypatch.setattr(listener, "HEADER_TIMEOUT", 0.3)
    monkeypatch.setattr(listener, "IDLE_TIMEOUT", 0.4)
    monkeypatch.setattr(listener, "_EXPIRY_INTERVAL", 0.05)


def open_files() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # Path.iterdir opens one as well


async def until(true: Callable[[], bool]) -> None:
    """Wait until this is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Wait until the other side has ended the connection, and return its last data."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            return await reader.read()
    return b""


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


HEAD = "GET / HTTP/1.1\r\nHost: a\r\n"
WEIRD: list[tuple[str, bytes]] = [
    ("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)),
    ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    ("nothing", b"\r\n\r\n"),
    ("zeros", bytes(3000)),
    ("escape", b"\x1b[31mGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("version", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
    ("long-path", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("long-header", f"{HEAD}X: {'a' * 65536}\r\n\r\n".encode()),
    ("long-name", f"{HEAD}{'a' * 65536}: x\r\n\r\n".encode()),
    ("many-headers", (HEAD + "".join(f"X-{n}: x\r\n" for n in range(5000)) + "\r\n").encode()),
    ("header-newline", f"{HEAD}X: a\nlevel=error msg=forged\r\n\r\n".encode()),
    ("header-escape", f"{HEAD}X: \x1b[2Jforged\r\n\r\n".encode()),
    ("two-lengths", f"{HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab".encode()),
    (
        "smuggling",
        f"{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(),
    ),
    ("bad-chunk", f"{HEAD}Transfer-Encoding: chunked\r\n\r\nforged\r\n".encode()),
]
#: what may be answered, and is no mistake of anybody
STRANGE: list[tuple[str, bytes, set[int]]] = [
    ("no-version", b"GET /\r\n\r\n", {200, 400}),
    ("brew", b"BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {400, 405, 501}),
    ("trace", b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {405}),
    ("connect", b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {400, 404, 405}),
    ("patch", b"PATCH /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {405}),
    ("expect", f"{HEAD}Expect: forged\r\nConnection: close\r\n\r\n".encode(), {417}),
    ("upgrade", f"{HEAD}Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n".encode(), {200}),
    ("path", b"GET /%0aforged%1b[2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {404}),
    ("traversal", b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {404}),
    (
        "absolute",
        b"GET http://forged/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        {200},
    ),
]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("content", "statuses"),
    [
        *(pytest.param(content, {400, 431}, id=name) for name, content in WEIRD),
        *(pytest.param(content, statuses, id=name) for name, content, statuses in STRANGE),
    ],
)
async def test_odd_requests_are_refused_in_few_words(
    site: ServedPages, content: bytes, statuses: set[int], caplog: pytest.LogCaptureFixture
) -> None:
    """Any bytes get a proper response or none, and are repeated in neither response nor log.

    No software version is revealed, nothing fills the log, and no line of it can be
    forged, at any level and in either format.
    """
    for name in ("", "exporter", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    answer = await site.say(content)
    assert not answer or int(answer.split()[1]) in statuses
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not [telling for telling in (b"aiohttp", b"Python") if telling in head]
    assert b"Traceback" not in answer
    assert b"Server: enphase-exporter" in head or not answer
    if 200 not in statuses:
        assert len(body) < 100
    assert b"forged" not in head
    assert b"\x1b" not in answer
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []
    for record in caplog.records:
        line = LogfmtFormatter().format(record)
        assert line.isprintable()
        assert json.loads(JsonFormatter().format(record))
        assert JsonFormatter().format(record).isprintable()
    assert await site.healthy()


async def test_a_page_that_fails_forges_no_line(
    site: ServedPages, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that is logged is one printable field, whatever it holds."""

    def fail(*_: object) -> None:
        raise RuntimeError("insides")

    monkeypatch.setattr(site.manager.exposition, "render_all", fail)
    head = b"GET /metrics?%0alevel=error%20msg=forged%1b[2J HTTP/1.1\r\nHost: a\r\n"
    answer = await site.say(head + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500")
    (record,) = [r for r in caplog.records if r.getMessage() == "unhandled error serving request"]
    for formatter in (LogfmtFormatter(), JsonFormatter()):
        assert formatter.format(record).isprintable()


@asynccontextmanager
async def users(folder: Path, write: Write) -> AsyncIterator[tuple[ServedPages, str]]:
    """Serve pages for alice, who was let in once already; yields her header too."""
    hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
    file = write(f"basic_auth_users: {{alice: '{hashed}'}}")
    async with serving(folder, WebConfig.load(file)) as site:
        alice = basic("alice", "wonderland")
        assert (await site.say(asking(alice))).startswith(b"HTTP/1.1 200")
        yield site, alice


def asking(authorization: str) -> bytes:
    """Return a request with this header."""
    head = f"GET /-/healthy HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode()


async def test_guessing_does_not_delay_users(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords are checked outside the event loop, one at a time, with a limited queue."""
    checks = 0
    go_on = threading.Event()
    compute = bcrypt.checkpw

    def slow(password: bytes, hashed: bytes) -> bool:
        nonlocal checks
        checks += 1
        go_on.wait(PATIENCE)
        return compute(password, hashed)

    async with users(tmp_path, write) as (site, alice):
        monkeypatch.setattr("bcrypt.checkpw", slow)
        logins = [
            asyncio.create_task(site.say(asking(basic(name, "guess"))))
            for name in ("alice", "mallory") * 40
        ]
        await until(lambda: sum(task.done() for task in logins) >= 80 - auth._MAX_WAITING)
        assert checks == 1
        for _ in range(20):
            assert (await site.say(asking(alice))).startswith(b"HTTP/1.1 200")
        go_on.set()
        answers = await asyncio.gather(*logins)
    statuses = [int(answer.split()[1]) for answer in answers]
    assert statuses.count(401) == checks == auth._MAX_WAITING
    busy = [answer for answer in answers if answer.split()[1] == b"503"]
    assert len(busy) == 80 - auth._MAX_WAITING
    assert all(b"\r\nRetry-After: 10\r\n" in answer for answer in busy)


async def test_what_is_known_of_passwords_does_not_grow(tmp_path: Path, write: Write) -> None:
    """Guesses leave nothing behind: one digest for each user is all that is kept."""
    hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
    users = auth.BasicAuth({"alice": hashed})
    for number in range(50):
        assert not await users.allows(basic(f"user{number}", "guess"))
        assert not await users.allows(basic("alice", str(number)))
        assert await users.allows(basic("alice", "wonderland"))
    assert len(users._verified) == 1
    assert b"wonderland" not in repr(vars(users)).encode()


async def test_a_long_authorization_is_no_work(tmp_path: Path, write: Write) -> None:
    """A header beyond what HTTP servers take is refused before anybody looks into it."""
    async with users(tmp_path, write) as (site, _):
        header = "Basic " + base64.b64encode(b"alice:" + b"x" * 65536).decode()
        assert (await site.say(asking(header))).split()[1] == b"400"


async def tls_client(port: int, context: ssl.SSLContext) -> str | None:
    """Return the TLS version that was agreed on."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        version = writer.get_extra_info("ssl_object").version()
        assert version is None or isinstance(version, str)
        return version
    finally:
        writer.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")  # that is the point
async def test_tls_before_1_2_is_refused(
    tmp_path: Path, write: Write, authority: Authority
) -> None:
    """A client that knows only TLS 1.1 gets no connection, though one that allows it gives one."""

    def lax(context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    old = lax(ssl.create_default_context(cafile=str(authority.path)))
    file = write("tls_server_config: {cert_file: server.pem, key_file: server.key}")
    async with serving(tmp_path, WebConfig.load(file)) as site:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await tls_client(site.port, old)

    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lenient.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=lax(lenient)
    )
    try:
        assert await tls_client(server.sockets[0].getsockname()[1], old) == "TLSv1.1"
    finally:
        server.close()
        await server.wait_closed()


SCRIPT = "<script>alert('\\n\"&amp;')</script>"
FORGED = 'x"} 1\nenphase_grid_connected{gateway="home"} 0\n# \\'


@dataclass(frozen=True, slots=True)
class Renamed(Fault):
    """All answers with texts in them replaced."""

    texts: tuple[tuple[str, str], ...] = ()

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        body = call.answer.body
        for text, other in self.texts:
            body = body.replace(json.dumps(text).encode(), json.dumps(other).encode())
        return plain(type(call.answer)(call.answer.status, body, call.answer.headers))


async def scraped(port: int, path: str) -> str:
    """Return a page."""
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{port}{path}") as response,
    ):
        return await response.text()


async def test_content_of_a_gateway_is_escaped(tmp_path: Path) -> None:
    """Serial numbers and names with quotes, line breaks and HTML are labels, and text on pages."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        gateway: RunningGateway = await stack.enter_async_context(
            serve(sample_home("generator", clock.time), now=clock.time)
        )
        texts = (("482100000001", SCRIPT), ("Pool pump", FORGED), ("EV charger", SCRIPT))
        gateway.faults["*"] = Renamed(texts=texts)
        config = Gateway.model_validate(
            {"name": SCRIPT, "host": gateway.host, "token": gateway.token}
        )
        site = await stack.enter_async_context(serving(tmp_path, None, config))
        async with asyncio.timeout(PATIENCE):
            text = ""
            while "enphase_dry_contact_info{" not in text:
                await asyncio.sleep(0.05)
                text = await scraped(site.port, "/metrics")
        labels = {
            value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            for value in sample.labels.values()
        }
        assert SCRIPT in labels
        assert FORGED in labels or "load_name" not in text
        assert '\nenphase_grid_connected{gateway="home"} 0' not in text
        page = await scraped(site.port, "/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
