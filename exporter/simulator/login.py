"""Who may ask a simulated gateway: the two logins that real firmware knows.

From firmware 7 a token of the Enphase cloud, which `/auth/check_jwt` turns into a session cookie
for ten minutes; before that a digest of the password that follows from the serial number.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol
from urllib.request import parse_http_list, parse_keqv_list

from aiohttp import web
from envoy_utils.envoy_utils import EnvoyUtils  # type: ignore[import-untyped]  # ships no types

from exporter.simulator import tokens
from exporter.simulator.answers import Answer

CHECK_JWT = "/auth/check_jwt"
#: life of a session cookie, in seconds
SESSION_LIFETIME = 600.0

_REALM = "enphaseenergy.com"
_REFUSED = b"<html><body><h2>401 Unauthorized</h2></body></html>\n"
_HTML = {"Content-Type": "text/html"}
_COOKIE = "sessionId"


class Login(Protocol):
    """What the server asks before it answers."""

    def refusal(self, request: web.BaseRequest) -> Answer | None:
        """Return what to answer to a request that may not be answered, None if it may."""
        ...

    def answer(self, path: str) -> Answer | None:
        """Answer a path that belongs to the login itself, None for all others."""
        ...


class TokenLogin:
    """Token or session cookie, for everything but `/info`."""

    def __init__(self, serial: str, now: Callable[[], float]) -> None:
        """Admit tokens made for this serial number and valid at `now` (epoch seconds)."""
        self._serial = serial
        self._now = now
        self._sessions: dict[str, float] = {}
        #: how many tokens were checked, which is expensive for a real gateway
        self.checks = 0

    def refusal(self, request: web.BaseRequest) -> Answer | None:
        """See `Login`."""
        if request.path == "/info":
            return None
        # a session does not vouch for a token: checking tokens is what this path is for
        if request.path != CHECK_JWT and self._in_session(request):
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            self.checks += 1
            if tokens.accepts(token, serial=self._serial, now=self._now()):
                return None
        return Answer(401, _REFUSED, _HTML)

    def answer(self, path: str) -> Answer | None:
        """See `Login`; a checked token opens a session."""
        if path != CHECK_JWT:
            return None
        now = self._now()
        self._sessions = {key: end for key, end in self._sessions.items() if end > now}
        session = secrets.token_hex(16)
        self._sessions[session] = now + SESSION_LIFETIME
        cookie = f"{_COOKIE}={session}; Path=/; HttpOnly; Secure"
        return Answer(200, b"<h2>Valid token.</h2>\n", {**_HTML, "Set-Cookie": cookie})

    def _in_session(self, request: web.BaseRequest) -> bool:
        return self._sessions.get(request.cookies.get(_COOKIE, ""), 0.0) > self._now()


class DigestLogin:
    """User name and password as an MD5 digest, for everything but a few open paths."""

    _OPEN = frozenset({"/info", "/production.json", "/api/v1/production"})

    def __init__(self, serial: str) -> None:
        """Admit `envoy` with the last six of the serial number, and `installer`."""
        self._nonce = secrets.token_hex(16)
        passwords = {
            "envoy": serial[-6:],
            "installer": EnvoyUtils.get_password(serial, "installer"),
        }
        self._secrets = {
            user: _md5(f"{user}:{_REALM}:{password}") for user, password in passwords.items()
        }

    def refusal(self, request: web.BaseRequest) -> Answer | None:
        """See `Login`."""
        if request.path in self._OPEN or self._proven(request):
            return None
        challenge = f'Digest realm="{_REALM}", qop="auth", nonce="{self._nonce}", algorithm=MD5'
        return Answer(401, _REFUSED, {**_HTML, "WWW-Authenticate": challenge})

    def answer(self, path: str) -> Answer | None:
        """See `Login`; digest has no path of its own."""
        return None

    def _proven(self, request: web.BaseRequest) -> bool:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Digest":
            return False
        try:
            given = parse_keqv_list(parse_http_list(rest))
            secret = self._secrets[given["username"]]
            if given["nonce"] != self._nonce or given["uri"] != request.raw_path:
                return False
            between = [given["nonce"]]
            if "qop" in given:
                between += [given["nc"], given["cnonce"], given["qop"]]
            asked = _md5(f"{request.method}:{given['uri']}")
            expected = _md5(":".join((secret, *between, asked)))
            return hmac.compare_digest(expected, given["response"])
        except (KeyError, ValueError, IndexError, TypeError):
            return False


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()
