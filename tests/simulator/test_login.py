"""A simulated gateway lets in the users that a real one would."""

import base64
import json
import time
from typing import Literal

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyenphase.auth import EnvoyTokenAuth

from exporter.simulator import tokens
from exporter.simulator.access import CHECK_JWT
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve

NOW = 1_800_000_000.0


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _status(
    client: aiohttp.ClientSession, running: RunningGateway, path: str, token: str | None = None
) -> int:
    headers = _bearer(token) if token else {}
    async with client.get(running.url + path, headers=headers) as response:
        return response.status


async def test_info_is_open_and_the_rest_is_not(client: aiohttp.ClientSession) -> None:
    """Without a login, firmware 7 and later tells who it is and nothing else."""
    async with serve(sample_home("solar-only", time.time)) as running:
        assert await _status(client, running, "/info") == 200
        for path in ("/home", "/ivp/meters", "/nothing", CHECK_JWT):
            assert await _status(client, running, path) == 401


async def test_a_token_opens_everything(client: aiohttp.ClientSession) -> None:
    """The gateway's own token is accepted, and what it does not have is then not found."""
    async with serve(sample_home("solar-only", time.time)) as running:
        assert await _status(client, running, "/home", running.token) == 200
        assert await _status(client, running, "/nothing", running.token) == 404


async def test_strange_tokens_are_refused(client: aiohttp.ClientSession) -> None:
    """A token for another gateway, an expired one and a forged one are as good as none."""
    async with serve(sample_home("solar-only", lambda: NOW), now=lambda: NOW) as running:
        serial = running.gateway.serial
        head, _, signature = running.token.split(".")
        forged = base64.urlsafe_b64encode(json.dumps({"aud": serial, "exp": 9e9}).encode())
        strangers = (
            tokens.make("122199999999", now=NOW),
            tokens.make(serial, now=NOW, lifetime=-1),
            f"{head}.{forged.decode().rstrip('=')}.{signature}",
            "garbage",
        )
        for token in strangers:
            assert await _status(client, running, "/home", token) == 401
            assert await _status(client, running, CHECK_JWT, token) == 401


async def test_a_session_cookie_replaces_the_token_for_ten_minutes(
    client: aiohttp.ClientSession,
) -> None:
    """A checked token opens a session, which spares the gateway further checks until it ends."""
    now = [NOW]
    async with serve(sample_home("solar-only", lambda: now[0]), now=lambda: now[0]) as running:
        assert await _status(client, running, CHECK_JWT, running.token) == 200
        assert [cookie.key for cookie in client.cookie_jar] == ["sessionId"]
        assert await _status(client, running, "/home") == 200
        assert await _status(client, running, "/home", running.token) == 200
        assert running.token_checks == 1

        now[0] += 600
        assert await _status(client, running, "/home") == 401
        assert await _status(client, running, "/home", running.token) == 200
        assert running.token_checks == 2


async def test_a_session_does_not_vouch_for_a_token(client: aiohttp.ClientSession) -> None:
    """Checking a bad token fails, even within a session."""
    async with serve(sample_home("solar-only", time.time)) as running:
        assert await _status(client, running, CHECK_JWT, running.token) == 200
        assert await _status(client, running, CHECK_JWT, "garbage") == 401


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("envoy", "000007", 200),
        ("envoy", "000008", 401),
        ("envoy", "", 401),
        ("installer", "000007", 401),
        ("nobody", "000007", 401),
    ],
)
async def test_digest_takes_the_passwords_of_the_serial_number(
    user: str, password: str, status: int, client: aiohttp.ClientSession
) -> None:
    """Before firmware 7, `envoy` logs in with the last six of the serial number."""
    async with serve(sample_home("legacy", time.time)) as running:
        digest = aiohttp.DigestAuthMiddleware(user, password)
        url = f"{running.url}/api/v1/production/inverters"
        async with client.get(url, middlewares=(digest,)) as response:
            assert response.status == status


@pytest.mark.parametrize("path", ["/info", "/production.json?details=1", "/api/v1/production"])
async def test_old_firmware_is_open_in_part(path: str, client: aiohttp.ClientSession) -> None:
    """Old firmware gives its production to anyone."""
    async with serve(sample_home("legacy", time.time)) as running:
        assert await _status(client, running, path) == 200


@pytest.mark.parametrize(
    "header",
    [
        "Digest",
        "Digest username",
        'Digest username="envoy"',
        'Digest username="envoy", nonce="1", uri="/home", response="0"',
        "Basic ZW52b3k6MDAwMDA3",
        "Bearer x",
    ],
)
async def test_odd_credentials_are_refused(header: str, client: aiohttp.ClientSession) -> None:
    """Whatever stands in the header, the answer is a challenge."""
    async with serve(sample_home("legacy", time.time)) as running:
        url = f"{running.url}/home"
        async with client.get(url, headers={"Authorization": header}) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Digest realm=")


@pytest.mark.parametrize(("user", "days"), [("owner", 365.0), ("installer", 0.5)])
def test_pyenphase_understands_the_tokens(user: Literal["owner", "installer"], days: float) -> None:
    """A token says whose it is and when it expires, in the claims of the real ones."""
    auth = EnvoyTokenAuth("envoy.local", token=tokens.make("1", now=NOW, user=user))

    assert auth.token_type == user
    assert auth.expire_timestamp == NOW + days * 86_400


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    """Nothing but a signed token is accepted, and nothing makes the check fail."""
    assert not tokens.accepts(text, serial="1", now=NOW)


def test_a_signed_token_with_odd_claims_is_refused() -> None:
    """A token that is rightly signed still has to say the right things."""
    good = tokens.make("1", now=NOW)
    assert tokens.accepts(good, serial="1", now=NOW)
    assert not tokens.accepts(good, serial="2", now=NOW)
    assert not tokens.accepts(good, serial="1", now=NOW + 365 * 86_400)
