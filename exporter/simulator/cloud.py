"""A stand-in for the Enphase cloud: the login that issues tokens for a password.

    async with serve_cloud(time.time) as cloud:
        EnvoyTokenAuth.JSON_LOGIN_URL = cloud.login_url
        EnvoyTokenAuth.TOKEN_URL = cloud.token_url

It speaks plain HTTP, because clients would not trust a self-signed certificate. Its refusals
repeat the request, so that a client that logs response bodies leaks its secrets visibly.
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
from exporter.simulator.faults import plain
from exporter.simulator.gateway import JSON_TYPE, HttpResponse
from exporter.simulator.listener import GatewayListener

#: how it behaves: `ok`, requires a second factor, rejects the password, does not know the
#: gateway, never answers, sends a page, fails, sends half a token, is unreachable
CloudMode = Literal[
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


class SimulatedCloud:
    """The cloud: one account, its behaviour, and the number of requests."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        username: str = "owner@example.invalid",
        password: str = "simulated",  # noqa: S107  # of nobody
        serials: Collection[str] | None = None,
    ) -> None:
        """Create one account, with the gateways of these serial numbers (None: any).

        `now` (epoch seconds) dates the tokens.
        """
        self.username, self.password, self.serials = username, password, serials
        #: account type of the tokens, their lifetime in seconds (None: the usual one), and the
        #: serial number in them instead of the requested one
        self.user: Literal["owner", "installer"] = "owner"
        self.lifetime: float | None = None
        self.serial: str | None = None
        #: secrets in the response to a login
        self.session = secrets.token_hex(16)
        self.manager_token = secrets.token_hex(16)
        #: number of login attempts, and of token requests
        self.logins = 0
        self.token_requests = 0
        #: the tokens issued
        self.tokens: list[str] = []
        #: releases the logins that wait while the mode is `slow`
        self.released = asyncio.Event()
        self._now = now
        self._mode: CloudMode = "ok"
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self.listener = GatewayListener(server, None)

    @property
    def mode(self) -> CloudMode:
        """The current behaviour."""
        return self._mode

    @mode.setter
    def mode(self, mode: CloudMode) -> None:
        self._mode = mode
        self.listener.up = mode != "down"

    @property
    def login_url(self) -> str:
        """Replaces `EnvoyTokenAuth.JSON_LOGIN_URL`."""
        return f"http://{self.listener.host}{_LOGIN}?"

    @property
    def token_url(self) -> str:
        """Replaces `EnvoyTokenAuth.TOKEN_URL`."""
        return f"http://{self.listener.host}{_TOKENS}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.method, request.path) == ("POST", _LOGIN):
            return plain(await self._login(await request.post()))
        if (request.method, request.path) == ("POST", _TOKENS):
            return plain(self._token(await request.read()))
        return plain(HttpResponse(404, _PAGE, _HTML))

    async def _login(self, given: Mapping[str, Any]) -> HttpResponse:
        self.logins += 1
        if self.mode == "slow":
            await self.released.wait()
        refused = _json({"message": f"not so: {sorted(given.items())}"}, 401)
        credentials = {"user[email]": self.username, "user[password]": self.password}
        if given != credentials:
            return refused
        welcome = {
            "message": "success",
            "session_id": self.session,
            "manager_token": self.manager_token,
            "is_consumer": self.user == "owner",
        }
        others: Mapping[CloudMode, HttpResponse] = {
            "wrong password": refused,
            "mfa": _json({"message": "success", "requires_mfa": True}),
            "html": HttpResponse(200, _PAGE, _HTML),
            "error": HttpResponse(500, _PAGE, _HTML),
        }
        return others.get(self.mode, _json(welcome))

    def _token(self, body: bytes) -> HttpResponse:
        self.token_requests += 1
        try:
            request = orjson.loads(body)
            session, serial = request["session_id"], str(request["serial_num"])
        except (ValueError, KeyError, TypeError):
            return HttpResponse(422, _PAGE, _HTML)
        if session != self.session:
            return HttpResponse(401, b"no such session: " + body, _TEXT)
        if self.mode == "not registered" or serial not in (self.serials or {serial}):
            return HttpResponse(403, b"not yours: " + body, _TEXT)
        if self.mode == "cut off":
            return HttpResponse(200, b"not a token: " + body, _TEXT)
        token = tokens.make(
            self.serial or serial, now=self._now(), user=self.user, lifetime=self.lifetime
        )
        self.tokens.append(token)
        return HttpResponse(200, token.encode(), _TEXT)


@asynccontextmanager
async def serve_cloud(
    now: Callable[[], float] = time.time, *, port: int = 0, **account: Any
) -> AsyncIterator[SimulatedCloud]:
    """Serve a cloud on loopback; `account` are the keyword arguments of `SimulatedCloud`."""
    cloud = SimulatedCloud(now, **account)
    await cloud.listener.start("127.0.0.1", port)
    try:
        yield cloud
    finally:
        cloud.released.set()
        await cloud.listener.stop()


def _json(content: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, orjson.dumps(content), {"Content-Type": JSON_TYPE})
