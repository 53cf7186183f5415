"""Who may see the pages, and over what: the web configuration file on a real listener."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import aiohttp
import bcrypt
import pytest

from exporter.errors import ConfigError
from exporter.web.config import WebConfig
from tests.conftest import ROOT
from tests.web.certificates import Authority
from tests.web.listener import basic, listening, status

# a salt that stays the same: the hash is in the name of a test
ALICE = bcrypt.hashpw(b"wonderland", b"$2b$04$pmE1ly4Hq/UBekvq3sou6u").decode()
BOB = bcrypt.hashpw(b"builder", bcrypt.gensalt(5)).decode()
TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key%s}\n"

Write = Callable[[str], Path]


def problem(path: Path) -> list[str]:
    """Return the lines of what is wrong with a file, without its folder."""
    with pytest.raises(ConfigError) as raised:
        WebConfig.load(path)
    return str(raised.value).replace(f"{path.parent}/", "").split("\n")


async def test_without_a_file_everybody_sees_everything() -> None:
    """No web configuration is plain HTTP without users."""
    config = WebConfig.load(None)
    async with listening(config) as address:
        assert config.ssl_context() is None
        assert await status(f"http://{address}/") == 200


async def test_users(write: Write) -> None:
    """Only a user's password gives access; other requests get a challenge."""
    path = write(f"basic_auth_users: {{alice: '{ALICE}', bob: '{BOB}'}}")
    async with listening(WebConfig.load(path)) as address:
        url = f"http://{address}/"
        assert await status(url, "alice", "wonderland") == 200
        assert await status(url, "bob", "builder") == 200
        assert await status(url, "alice", "builder") == 401
        assert await status(url, "mallory", "wonderland") == 401
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert (response.status, await response.text()) == (401, "Unauthorized\n")
            assert response.headers["WWW-Authenticate"] == "Basic"


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "Basic", "Basic ?", "Basic YWxpY2U=", "Bearer abc", "Basic /w=="),
        *(basic("alice", "a\0b"), basic("alice", "x" * 5000), basic("", ""), basic("ä", "ö")),
    ],
)
async def test_odd_headers_are_no_way_in(write: Write, header: str | None) -> None:
    """Whatever a header holds, it neither lets in nor raises."""
    config = WebConfig.load(write(f"basic_auth_users: {{alice: '{ALICE}'}}"))
    assert not await config.allows(header)


async def test_scheme_is_case_insensitive(write: Write) -> None:
    """Clients write `basic` as they like."""
    config = WebConfig.load(write(f"basic_auth_users: {{alice: '{ALICE}'}}"))
    assert await config.allows(basic("alice", "wonderland").replace("Basic", "bASIC"))


async def test_bcrypt_is_paid_once_for_the_right_password(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scrapes cost no bcrypt after the first, however many come at once; guesses always do.

    For an unknown user the most expensive hash is computed, so timing does not reveal names.
    """
    paid: list[bytes] = []
    compute = bcrypt.checkpw

    def checkpw(password: bytes, hashed: bytes) -> bool:
        paid.append(hashed)
        return compute(password, hashed)

    monkeypatch.setattr("bcrypt.checkpw", checkpw)
    config = WebConfig.load(write(f"basic_auth_users: {{alice: '{ALICE}', bob: '{BOB}'}}"))
    right = [config.allows(basic("alice", "wonderland")) for _ in range(5)]
    assert await asyncio.gather(*right) == [True] * 5
    assert paid == [ALICE.encode()]
    for _ in range(2):
        assert not await config.allows(basic("alice", "guess"))
        assert not await config.allows(basic("mallory", "builder"))
    assert paid[1:] == [ALICE.encode(), BOB.encode()] * 2


async def test_changes_take_effect(write: Write) -> None:
    """Users come and go with the file, without a restart."""
    config = WebConfig.load(write(f"basic_auth_users: {{alice: '{ALICE}'}}"))
    assert await config.allows(basic("alice", "wonderland"))
    write(f"basic_auth_users: {{bob: '{BOB}'}}")
    assert not await config.allows(basic("alice", "wonderland"))
    assert await config.allows(basic("bob", "builder"))


@pytest.mark.parametrize("broken", ["basic_auth_users: [", "basic_auth_users: {alice: x}", None])
async def test_broken_change_is_ignored(
    write: Write, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    """A broken or lost file leaves the users as they were, never nobody or everybody."""
    path = write(f"basic_auth_users: {{alice: '{ALICE}'}}")
    config = WebConfig.load(path)
    path.unlink() if broken is None else write(broken)
    for _ in range(3):
        assert await config.allows(basic("alice", "wonderland"))
        assert not await config.allows(None)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("web config reload failed; keeping previous: ")


@pytest.mark.parametrize("emptied", ["{}", "basic_auth_users: {}", "http_server_config: {}"])
async def test_a_change_never_lets_everybody_in(
    write: Write, caplog: pytest.LogCaptureFixture, emptied: str
) -> None:
    """A file that is cut off or has lost its users keeps the users until a restart."""
    config = WebConfig.load(write(f"basic_auth_users: {{alice: '{ALICE}'}}"))
    write(emptied)
    for _ in range(3):
        assert not await config.allows(None)
        assert await config.allows(basic("alice", "wonderland"))
    assert caplog.text.count("basic_auth_users has no users any more: restart the exporter") == 1
    assert await WebConfig.load(write(emptied)).allows(None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "not a list"),
        ("basic_auth_users: {alice: hunter2}", "basic_auth_users.alice: is not a bcrypt hash"),
        (f"basic_auth_users: {{'a:b': '{ALICE}'}}", "hold a colon"),
        ("basic_auth_user: {}", "did you mean basic_auth_users?"),
        ("http_server_config: {headers: {}}", "http_server_config.headers: unknown key"),
        ("tls_server_config: {cert_file: server.pem}", "tls_server_config.key_file: is missing"),
        (TLS % ", min_version: TLS10", "min_version: 'TLS10' must be 'TLS12' or 'TLS13'"),
        (TLS % ", min_version: TLS13, max_version: TLS12", "is lower than min_version"),
        (TLS % ", cipher_suites: [A]", "cipher_suites: unknown key"),
        (TLS % ", client_ca_file: ca.pem", "set client_auth_type to"),
        (TLS % ", client_auth_type: VerifyClientCertIfGiven", "needs client_ca_file"),
        (TLS % ", client_auth_type: RequireAnyClientCert", "client_auth_type: 'RequireAny"),
        (
            TLS % ", client_ca_file: server.key, client_auth_type: RequireAndVerifyClientCert",
            "client_ca_file server.key holds no certificate",
        ),
        (TLS.replace("server.key", "ca.pem") % "", "server.pem and key_file ca.pem are not a PEM"),
        (TLS.replace("server.key", "no.key") % "", "no.key cannot be read"),
        (TLS.replace("server.", "locked.") % "", "locked.key is encrypted"),
    ],
)
def test_mistakes(write: Write, authority: Authority, text: str, message: str) -> None:
    """Each mistake is one line with key and remedy, and without the value of a password."""
    authority.issue("locked", b"password")
    (line,) = problem(write(text))
    assert line.startswith("web.yml: ")
    assert message in line
    assert "hunter2" not in line


def test_example_is_valid(write: Write, authority: Authority) -> None:
    """The shipped example loads once its certificate is there."""
    certificate, key = authority.issue("enphase-exporter")
    certificate.rename(certificate.with_suffix(".crt"))
    path = write((ROOT / "examples/web.yml").read_text())
    assert WebConfig.load(path).ssl_context() is not None
    key.unlink()
    assert "enphase-exporter.key cannot be read" in problem(path)[0]


def test_meaningless_keys_are_accepted(write: Write, authority: Authority) -> None:
    """What other exporters understand and we need not is no reason to refuse a file."""
    path = write(
        (TLS % ", prefer_server_cipher_suites: false") + "http_server_config: {http2: true}\n"
    )
    assert WebConfig.load(path).ssl_context() is not None
