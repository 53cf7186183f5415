"""Tokens are read, judged and fetched, whatever the cloud says and however often it fails."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyenphase.auth import EnvoyTokenAuth

from exporter.clock import VirtualClock
from exporter.errors import CloudLoginError
from exporter.gateway import cloud as module
from exporter.gateway.cloud import CloudLogin
from exporter.gateway.tokens import Token
from exporter.simulator import tokens
from tests.fake_cloud import MANAGER_TOKEN, PASSWORD, SESSION, USER, CloudMode, serving_cloud
from tests.polled_gateway import START

DAY = 86400.0
SERIAL = "202499000001"


def claiming(claims: Any) -> str:
    """Return something of the shape of a token that claims this."""
    return f"e30.{base64.urlsafe_b64encode(orjson.dumps(claims)).decode().rstrip('=')}.AAAA"


def test_a_token_is_read() -> None:
    """A token says when its life began and ends, and for which user; blanks around it or not."""
    text = tokens.make(SERIAL, now=START)
    token = Token.parse(f" {text}\n", START + 5)
    assert token == Token(text, START, START + 365 * DAY, SERIAL)
    assert text not in repr(token)


@pytest.mark.parametrize(
    ("lifetime", "left"), [(365 * DAY, 30 * DAY), (12 * 3600, 3 * 3600), (0, 0), (-5, 0)]
)
def test_renewal_is_due_before_the_end(lifetime: float, left: float) -> None:
    """An owner's token is renewed 30 days before its end, a short one in its last quarter."""
    token = Token.parse(tokens.make(SERIAL, now=START, lifetime=lifetime), START)
    assert token is not None
    assert token.renew_at == token.expires - left


def test_a_token_without_its_beginning_lives_from_now() -> None:
    """The claim of the issue may be missing."""
    token = Token.parse(claiming({"exp": START + 100}), START)
    assert token is not None
    assert (token.issued, token.renew_at) == (START, START + 75)


@pytest.mark.parametrize(
    "text",
    ["", "token", "a.b", "a.b.c", "..", "a.é.c", *map(claiming, ([], {}, 5, {"exp": None}, "exp"))],
)
def test_what_is_no_token(text: str) -> None:
    """Anything else is no token, and no error."""
    assert Token.parse(text, START) is None


@given(st.text() | st.binary().map(lambda b: f"a.{base64.urlsafe_b64encode(b).decode()}.c"))
def test_no_text_is_an_error(text: str) -> None:
    """Whatever stands in a configuration or a cloud's answer can be judged."""
    Token.parse(text, START)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("mfa", "asks for a second factor (MFA), which a program cannot give: set a `token`"),
        ("wrong password", "refuses username and password; check both"),
        ("not registered", "no token for this gateway; is it registered to this account?"),
        ("html", "login failed"),
        ("error", "cloud has trouble (status 500)"),
        ("cut off", "something that is not a token"),
        ("slow", "does not answer; is it reachable?"),
    ],
)
async def test_a_failure_of_the_cloud_is_put_into_words(mode: CloudMode, expected: str) -> None:
    """Each failure is one line with a remedy, and none repeats text of the cloud."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time, patience=0.3 if mode == "slow" else 30) as cloud:
        cloud.mode = mode
        with pytest.raises(CloudLoginError) as caught:
            await CloudLogin("host", clock).fetch(USER, PASSWORD, SERIAL)
    message = str(caught.value)
    assert expected in message
    assert "\n" not in message
    assert caught.value.__cause__ is None
    assert not any(secret in message for secret in (PASSWORD, SESSION, MANAGER_TOKEN))


async def test_a_cloud_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud that cannot be reached is given up in time, though pyenphase never would."""
    monkeypatch.setattr(EnvoyTokenAuth, "JSON_LOGIN_URL", "http://127.0.0.1:1/login.json?")
    monkeypatch.setattr(module, "_DEADLINE", 0.2)
    with pytest.raises(CloudLoginError, match="does not answer"):
        await CloudLogin("host", VirtualClock(START)).fetch(USER, PASSWORD, SERIAL)


async def test_a_token_from_the_cloud() -> None:
    """The cloud gives a token for the gateway that was asked for."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        token = await CloudLogin("host", clock).fetch(USER, PASSWORD, SERIAL)
        assert [token.value] == cloud.tokens
        assert tokens.accepts(token.value, serial=SERIAL, now=clock.time())


async def attempts(login: CloudLogin, clock: VirtualClock, hours: int) -> int:
    """Ask for a token every minute for so long; return after the last."""
    failed = 0
    for _ in range(hours * 60):
        try:
            await login.fetch(USER, PASSWORD, SERIAL)
        except CloudLoginError:
            failed += 1
        await clock.sleep(60)
    return failed


async def test_the_cloud_is_asked_three_times_an_hour_at_most() -> None:
    """Even a cloud that gives tokens is left alone for twenty minutes after each."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        await attempts(CloudLogin("host", clock), clock, 5)
        assert cloud.logins == 15


async def test_a_wrong_password_backs_off() -> None:
    """The cloud locks accounts: pauses double up to six hours, and say what is being waited for."""
    clock = VirtualClock(START)
    login = CloudLogin("host", clock)
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = "wrong password"
        assert await attempts(login, clock, 24) == 24 * 60
        # after 20 min, 1 h, 2 h 20, 5 h, 10 h 20, 16 h 20, 22 h 20
        assert cloud.logins == 8
        with pytest.raises(CloudLoginError, match=r"check both; asking again at \d\d:\d\d UTC"):
            await login.fetch(USER, PASSWORD, SERIAL)

        cloud.mode = "ok"
        await clock.sleep(6 * 3600)
        await login.fetch(USER, PASSWORD, SERIAL)
        cloud.mode = "wrong password"
        cloud.logins = 0
        await clock.sleep(1200)
        assert await attempts(login, clock, 1) == 60
        assert cloud.logins == 2
