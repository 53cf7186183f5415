"""What strangers send: it is refused in few words, guesses nothing and forges nothing."""

import asyncio
import base64
import json
import logging
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from exporter.clock import SystemClock
from exporter.config import Gateway
from exporter.logging import JsonFormatter, LogfmtFormatter
from exporter.simulator.faults import Fault, PendingResponse, plain
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.web import auth
from exporter.web.config import WebConfig
from tests.web.certificates import Authority
from tests.web.conftest import Write
from tests.web.listener import basic
from tests.web.strangers import (
    PATIENCE,
    ServedPages,
    serving,
    until,
)

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
