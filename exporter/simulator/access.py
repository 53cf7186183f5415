"""Access control of a simulated gateway: the two logins of real firmware.

From firmware 7 a token of the Enphase cloud, which `/auth/check_jwt` turns into a session cookie
for ten minutes; before that a digest of the password that follows from the serial number. Tokens
can be revoked, sessions dropped and all requests refused while the gateway is served.
"""

import hashlib
import hmac
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.request import parse_http_list, parse_keqv_list

from aiohttp import web
from envoy_utils.envoy_utils import EnvoyUtils  # type: ignore[import-untyped]  # ships no types

from exporter.simulator import tokens
from exporter.simulator.gateway import HttpResponse

CHECK_JWT = "/auth/check_jwt"
#: life of a session cookie, in seconds
SESSION_LIFETIME = 600.0

_REALM = "enphaseenergy.com"
_REFUSED = b"<html><body><h2>401 Unauthorized</h2></body></html>\n"
_HTML = {"Content-Type": "text/html"}
_COOKIE = "sessionId"


class AccessCheck(ABC):
    """Decides which requests the server answers; this can change at any time."""

    def __init__(self, serial: Callable[[], str]) -> None:
        """Accept the credentials of the gateway with this serial number."""
        self._serial = serial
        #: whether all requests are refused, even with valid credentials
        self.refuse = False

    @abstractmethod
    def refusal(self, request: web.BaseRequest) -> HttpResponse | None:
        """Return what to answer to a request that may not be answered, None if it may."""

    def answer(self, request: web.BaseRequest) -> HttpResponse | None:
        """Answer a path that belongs to the login itself, None for all others."""
        return None

    @abstractmethod
    def is_installer(self, request: web.BaseRequest) -> bool:
        """Return whether an accepted request comes from an installer."""

    @abstractmethod
    def forget(self) -> None:
        """Drop all sessions, as a gateway does when it restarts."""


class _Session(NamedTuple):
    """What a session cookie stands for."""

    serial: str
    token: str
    #: epoch seconds
    end: float


class TokenAccessCheck(AccessCheck):
    """Token or session cookie, for everything but `/info`."""

    def __init__(self, serial: Callable[[], str], now: Callable[[], float]) -> None:
        """Admit tokens made for this serial number and valid at `now` (epoch seconds)."""
        super().__init__(serial)
        self._now = now
        self._sessions: dict[str, _Session] = {}
        #: revoked tokens
        self._revoked: set[str] = set()
        #: how many tokens were checked, which is expensive for a real gateway
        self.checks = 0

    def refusal(self, request: web.BaseRequest) -> HttpResponse | None:
        """See `AccessCheck`."""
        if request.path == "/info":
            return None
        # a session does not vouch for a token: checking tokens is what this path is for
        if request.path != CHECK_JWT and not self.refuse and self._in_session(request):
            return None
        token = _bearer(request)
        if token:
            self.checks += 1
            if self._accepts(token):
                return None
        return HttpResponse(401, _REFUSED, _HTML)

    def answer(self, request: web.BaseRequest) -> HttpResponse | None:
        """See `AccessCheck`; a checked token opens a session."""
        if request.path != CHECK_JWT:
            return None
        now = self._now()
        self._sessions = {key: each for key, each in self._sessions.items() if each.end > now}
        name = secrets.token_hex(16)
        self._sessions[name] = _Session(self._serial(), _bearer(request), now + SESSION_LIFETIME)
        cookie = f"{_COOKIE}={name}; Path=/; HttpOnly; Secure"
        return HttpResponse(200, b"<h2>Valid token.</h2>\n", {**_HTML, "Set-Cookie": cookie})

    def forget(self) -> None:
        """See `AccessCheck`."""
        self._sessions.clear()

    def is_installer(self, request: web.BaseRequest) -> bool:
        """See `AccessCheck`; a session is that of the token that opened it."""
        session = self._sessions.get(request.cookies.get(_COOKIE, ""))
        token = _bearer(request) or ("" if session is None else session.token)
        return tokens.user(token) == "installer"

    def revoke(self, token: str) -> None:
        """Reject this token and its sessions from now on."""
        self._revoked.add(token)

    def _accepts(self, token: str) -> bool:
        if self.refuse or token in self._revoked:
            return False
        return tokens.accepts(token, serial=self._serial(), now=self._now())

    def _in_session(self, request: web.BaseRequest) -> bool:
        session = self._sessions.get(request.cookies.get(_COOKIE, ""))
        return (
            session is not None
            and session.end > self._now()
            and session.serial == self._serial()
            and session.token not in self._revoked
        )


class DigestAccessCheck(AccessCheck):
    """User name and password as an MD5 digest, for everything but a few open paths.

    Lets in `envoy` with the last six of the serial number, and `installer`.
    """

    _OPEN = frozenset({"/info", "/production.json", "/api/v1/production"})

    def __init__(self, serial: Callable[[], str]) -> None:
        """See `AccessCheck`."""
        super().__init__(serial)
        self._nonce = secrets.token_hex(16)

    def refusal(self, request: web.BaseRequest) -> HttpResponse | None:
        """See `AccessCheck`."""
        if request.path in self._OPEN or (not self.refuse and self._proven(request)):
            return None
        challenge = f'Digest realm="{_REALM}", qop="auth", nonce="{self._nonce}", algorithm=MD5'
        return HttpResponse(401, _REFUSED, {**_HTML, "WWW-Authenticate": challenge})

    def forget(self) -> None:
        """See `AccessCheck`; with a new nonce, every client has to prove itself again."""
        self._nonce = secrets.token_hex(16)

    def is_installer(self, request: web.BaseRequest) -> bool:
        """See `AccessCheck`."""
        return 'username="installer"' in request.headers.get("Authorization", "")

    def _proven(self, request: web.BaseRequest) -> bool:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Digest":
            return False
        try:
            given = parse_keqv_list(parse_http_list(rest))
            secret = _secrets(self._serial())[given["username"]]
            if given["nonce"] != self._nonce or given["uri"] != request.raw_path:
                return False
            between = [given["nonce"]]
            if "qop" in given:
                between += [given["nc"], given["cnonce"], given["qop"]]
            request_hash = _md5(f"{request.method}:{given['uri']}")
            expected = _md5(":".join((secret, *between, request_hash)))
            return hmac.compare_digest(expected, given["response"])
        except (KeyError, ValueError, IndexError, TypeError):
            return False


@lru_cache
def _secrets(serial: str) -> dict[str, str]:
    """Return the hashed credentials of the local users by name."""
    passwords = {"envoy": serial[-6:], "installer": EnvoyUtils.get_password(serial, "installer")}
    return {user: _md5(f"{user}:{_REALM}:{password}") for user, password in passwords.items()}


def _bearer(request: web.BaseRequest) -> str:
    """Return the token that comes with a request; empty if none does."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()
