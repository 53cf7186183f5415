"""A stand-in for the login of the Enphase cloud, which sells tokens for a password.

    async with serve_cloud(time.time) as cloud:
        EnvoyTokenAuth.JSON_LOGIN_URL = cloud.login_url
        EnvoyTokenAuth.TOKEN_URL = cloud.token_url

Plain HTTP: on loopback nobody listens, and no certificate of ours would be trusted. Where
it refuses, it says what it was given, so that a client that logs answers gives itself away.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import orjson
from aiohttp import web

from exporter.simulator import tokens
from exporter.simulator.answers import JSON_TYPE, Answer
from exporter.simulator.faults import plain
from exporter.simulator.listener import Listener

#: how it behaves: `ok`, asks for a second factor, does not like the password, does not know the
#: gateway, takes for ever, shows a page, fails, gives half a token, is not there
Mode = Literal[
    "ok",
    "mfa",
    "wrong password",
    "not registered",
    "slow",
    "html",
    "error",
    "cut off",
    "down",
]

_LOGIN, _TOKENS = "/login.json", "/tokens"
_PAGE = b"<!DOCTYPE html>\n<html><body>Down for maintenance</body></html>\n"
_HTML, _TEXT = {"Content-Type": "text/html"}, {"Content-Type": "text/plain"}


class Cloud:
    """The cloud: one account, what it does now and what it was asked."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        username: str = "owner@example.invalid",
        password: str = "simulated",  # noqa: S107  # of nobody
        serials: Collection[str] | None = None,
    ) -> None:
        """Know one account, with the gateways of these serial numbers (None: any).

        `now` (epoch seconds) dates the tokens.
        """
        self.username, self.password, self.serials = username, password, serials
        #: whose tokens it gives, their life in seconds (None: what is usual), and for which gateway
        #: instead of the one that was asked for
        self.user: Literal["owner", "installer"] = "owner"
        self.lifetime: float | None = None
        self.serial: str | None = None
        #: secrets that it tells who has logged in
        self.session = secrets.token_hex(16)
        self.manager_token = secrets.token_hex(16)
        #: how often somebody has tried to log in, and to get a token
        self.logins = 0
        self.asked = 0
        #: the tokens it gave
        self.tokens: list[str] = []
        #: lets go of who waits while the mode is `slow`
        self.released = asyncio.Event()
        self._now = now
        self._mode: Mode = "ok"
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self.listener = Listener(server, None)

    @property
    def mode(self) -> Mode:
        """What it does."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        self.listener.up = mode != "down"

    @property
    def login_url(self) -> str:
        """What takes the place of `EnvoyTokenAuth.JSON_LOGIN_URL`."""
        return f"http://{self.listener.host}{_LOGIN}?"

    @property
    def token_url(self) -> str:
        """What takes the place of `EnvoyTokenAuth.TOKEN_URL`."""
        return f"http://{self.listener.host}{_TOKENS}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.method, request.path) == ("POST", _LOGIN):
            return plain(await self._login(await request.post()))
        if (request.method, request.path) == ("POST", _TOKENS):
            return plain(self._token(await request.read()))
        return plain(Answer(404, _PAGE, _HTML))

    async def _login(self, given: Mapping[str, Any]) -> Answer:
        self.logins += 1
        if self.mode == "slow":
            await self.released.wait()
        refused = _json({"message": f"not so: {sorted(given.items())}"}, 401)
        known = {"user[email]": self.username, "user[password]": self.password}
        if given != known:
            return refused
        welcome = {
            "message": "success",
            "session_id": self.session,
            "manager_token": self.manager_token,
            "is_consumer": self.user == "owner",
        }
        others: Mapping[Mode, Answer] = {
            "wrong password": refused,
            "mfa": _json({"message": "success", "requires_mfa": True}),
            "html": Answer(200, _PAGE, _HTML),
            "error": Answer(500, _PAGE, _HTML),
        }
        return others.get(self.mode, _json(welcome))

    def _token(self, body: bytes) -> Answer:
        self.asked += 1
        try:
            asked = orjson.loads(body)
            session, serial = asked["session_id"], str(asked["serial_num"])
        except (ValueError, KeyError, TypeError):
            return Answer(422, _PAGE, _HTML)
        if session != self.session:
            return Answer(401, b"no such session: " + body, _TEXT)
        if self.mode == "not registered" or serial not in (self.serials or {serial}):
            return Answer(403, b"not yours: " + body, _TEXT)
        if self.mode == "cut off":
            return Answer(200, b"not a token: " + body, _TEXT)
        token = tokens.make(
            self.serial or serial, now=self._now(), user=self.user, lifetime=self.lifetime
        )
        self.tokens.append(token)
        return Answer(200, token.encode(), _TEXT)


@asynccontextmanager
async def serve_cloud(
    now: Callable[[], float] = time.time, *, port: int = 0, **account: Any
) -> AsyncIterator[Cloud]:
    """Serve a cloud on loopback as long as the context lasts; `account` as `Cloud` takes it."""
    cloud = Cloud(now, **account)
    await cloud.listener.start("127.0.0.1", port)
    try:
        yield cloud
    finally:
        cloud.released.set()
        await cloud.listener.stop()


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(content), {"Content-Type": JSON_TYPE})
