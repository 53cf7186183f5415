"""The stand-in for the Enphase cloud, asked by the real pyenphase."""

import asyncio
from typing import get_args

import aiohttp
import pytest
from pyenphase import Envoy
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationError

from exporter.simulator import tokens
from exporter.simulator.cloud import CloudMode, SimulatedCloud, serve_cloud
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve

NOW = 1_800_000_000.0
SERIAL = "122199000002"


def _auth(
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
    password: str = "simulated",
    host: str = "none",
) -> EnvoyTokenAuth:
    monkeypatch.setattr(EnvoyTokenAuth, "JSON_LOGIN_URL", cloud.login_url)
    monkeypatch.setattr(EnvoyTokenAuth, "TOKEN_URL", cloud.token_url)
    return EnvoyTokenAuth(host, cloud.username, password, SERIAL)


async def test_a_password_buys_a_token(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With user name and password, pyenphase gets a token that the gateway accepts."""
    async with (
        serve_cloud(lambda: NOW) as cloud,
        serve(sample_home("solar-only", lambda: NOW), now=lambda: NOW) as running,
    ):
        _auth(cloud, monkeypatch)
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(cloud.username, cloud.password)
        assert (await envoy.update()).inverters
        assert isinstance(envoy.auth, EnvoyTokenAuth)
        assert envoy.auth.is_consumer
        assert envoy.auth.manager_token == cloud.manager_token
        assert envoy.auth.expire_timestamp == NOW + 365 * 86400
        assert cloud.tokens == [envoy.auth.token]
        assert (cloud.logins, cloud.token_requests) == (1, 1)


async def test_installers_get_short_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installer's token is valid for twelve hours, or as long as requested."""
    async with serve_cloud(lambda: NOW) as cloud:
        auth = _auth(cloud, monkeypatch)
        cloud.user = "installer"
        await auth.refresh()
        assert (auth.token_type, auth.expire_timestamp) == ("installer", NOW + 12 * 3600)
        assert not auth.is_consumer
        cloud.lifetime = 60
        await auth.refresh()
        assert auth.expire_timestamp == NOW + 60


_REFUSALS: dict[CloudMode, tuple[str, int]] = {
    "mfa": ("disable Multi Factor Authentication", 0),
    "wrong password": ("Unable to login to Enlighten.*401", 0),
    "html": ("Unable to decode response from Enlighten: 200", 0),
    "error": ("Unable to login to Enlighten.*500", 0),
    "not registered": ("Unable to obtain token.*403", 1),
}


@pytest.mark.parametrize("mode", _REFUSALS)
async def test_it_refuses_as_the_real_one(mode: CloudMode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal ends where it would: at the login, or when a token is asked for."""
    words, token_requests = _REFUSALS[mode]
    async with serve_cloud(lambda: NOW) as cloud:
        auth = _auth(cloud, monkeypatch)
        cloud.mode = mode
        with pytest.raises(EnvoyAuthenticationError) as caught:
            await auth.refresh()
        assert caught.match(f"(?s){words}")
        assert (cloud.logins, cloud.token_requests, cloud.tokens) == (1, token_requests, [])
        cloud.mode = "ok"
        await auth.refresh()
        assert cloud.tokens == [auth.token]


async def test_a_wrong_password_is_refused_in_any_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gets in with another password."""
    async with serve_cloud(lambda: NOW) as cloud:
        for mode in ("ok", "mfa", "html"):
            cloud.mode = mode
            with pytest.raises(EnvoyAuthenticationError, match="401"):
                await _auth(cloud, monkeypatch, "guessed").refresh()


async def test_only_gateways_of_the_account_get_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a gateway of somebody else there is no token."""
    async with serve_cloud(lambda: NOW, serials=("122199000042",)) as cloud:
        with pytest.raises(EnvoyAuthenticationError, match="403"):
            await _auth(cloud, monkeypatch).refresh()
        cloud.serials = (SERIAL,)
        await _auth(cloud, monkeypatch).refresh()


async def test_a_token_can_be_for_another_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud can be wrong about which gateway is meant."""
    async with serve_cloud(lambda: NOW) as cloud:
        cloud.serial = "122199000042"
        auth = _auth(cloud, monkeypatch)
        await auth.refresh()
        assert not tokens.accepts(auth.token, serial=SERIAL, now=NOW)
        assert tokens.accepts(auth.token, serial="122199000042", now=NOW)


async def test_half_a_token_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back need not be a token at all."""
    async with serve_cloud(lambda: NOW) as cloud:
        cloud.mode = "cut off"
        auth = _auth(cloud, monkeypatch)
        await auth.refresh()
        assert not tokens.accepts(auth.token, serial=SERIAL, now=NOW)


async def test_a_slow_cloud_answers_when_it_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits gets a token in the end."""
    async with serve_cloud(lambda: NOW) as cloud:
        cloud.mode = "slow"
        auth = _auth(cloud, monkeypatch)
        waiting = asyncio.ensure_future(auth.refresh())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.1)
        cloud.released.set()
        await waiting
        assert cloud.tokens == [auth.token]


async def test_a_cloud_that_is_down_cannot_be_connected_to(client: aiohttp.ClientSession) -> None:
    """Down, it refuses connections; up again, it is where it was."""
    async with serve_cloud(lambda: NOW) as cloud:
        cloud.mode = "down"
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.post(cloud.login_url)
        cloud.mode = "ok"
        async with client.post(cloud.login_url) as response:
            assert response.status == 401


async def test_odd_requests_are_refused(client: aiohttp.ClientSession) -> None:
    """Nothing that is sent to it makes it fail."""
    async with serve_cloud(lambda: NOW) as cloud:
        wrong = [
            (cloud.login_url, b"", 401),
            (cloud.token_url, b"", 422),
            (cloud.token_url, b"[]", 422),
            (cloud.token_url, b'{"session_id": 1, "serial_num": "1"}', 401),
            (cloud.token_url + "/x", b"", 404),
        ]
        for url, body, status in wrong:
            async with client.post(url, data=body) as response:
                assert response.status == status
        async with client.get(cloud.login_url) as response:
            assert response.status == 404


def test_every_mode_is_tested() -> None:
    """There is a test for each way in which the cloud behaves."""
    assert set(get_args(CloudMode)) == {*_REFUSALS, "ok", "slow", "cut off", "down"}
