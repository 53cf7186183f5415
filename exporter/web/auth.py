"""Basic authentication against bcrypt hashes, cheap for valid users and expensive for guessing.

bcrypt takes a tenth of a second of CPU by design. A password that was right once is therefore
recognised by a keyed hash; everything else is checked in a thread, one at a time, so that guessing
can neither block the event loop nor take all processors. When too many wait, the answer is 503.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping

import bcrypt
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

#: bcrypt uses no more bytes; longer input is cut, as htpasswd does
_MAX_PASSWORD = 72
#: passwords that may wait to be checked; together they take about as long as a scrape may
_MAX_WAITING = 32


class BusyError(Exception):
    """Too many passwords are waiting to be checked."""


class BasicAuth:
    """Users and their bcrypt hashes."""

    def __init__(self, users: Mapping[str, str]) -> None:
        """Accept these users; `users` maps a name to its bcrypt hash and is not empty."""
        self._users = {name: hashed.encode() for name, hashed in users.items()}
        # for users that do not exist, so that time does not reveal names; characters 4 and 5 are
        # the cost
        self._dummy_hash = max(self._users.values(), key=lambda hashed: hashed[4:6])
        self._key = secrets.token_bytes(32)
        self._verified: dict[str, bytes] = {}
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def allows(self, authorization: str | None) -> bool:
        """Return whether the value of an `Authorization` header is that of a user.

        Raises BusyError when too many are being checked.
        """
        user, password = _credentials(authorization)
        if password is None:
            return False
        digest = hmac.digest(self._key, password, "sha256")
        if self._is_verified(user, digest):
            return True
        if self._waiting >= _MAX_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            async with self._lock:
                return self._is_verified(user, digest) or await self._check(user, password, digest)
        finally:
            self._waiting -= 1

    async def _check(self, user: str, password: bytes, digest: bytes) -> bool:
        hashed = self._users.get(user, self._dummy_hash)
        matches = await asyncio.to_thread(_matches, password, hashed)
        if matches and user in self._users:
            self._verified[user] = digest
            return True
        return False

    def _is_verified(self, user: str, digest: bytes) -> bool:
        # compared even for unknown users, so that both take the same time
        return hmac.compare_digest(self._verified.get(user, b"\0" * len(digest)), digest)


def middleware(allows: Callable[[str | None], Awaitable[bool]]) -> Middleware:
    """Return an aiohttp middleware that answers 401 unless `allows` returns true.

    While too many passwords are being checked it answers 503, but for users verified before.
    """

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            allowed = await allows(request.headers.get("Authorization"))
        except BusyError:
            return web.Response(
                status=503, text="Too many logins at once\n", headers={"Retry-After": "10"}
            )
        if not allowed:
            return web.Response(
                status=401, text="Unauthorized\n", headers={"WWW-Authenticate": "Basic"}
            )
        return await handler(request)

    return authenticate


def _credentials(authorization: str | None) -> tuple[str, bytes | None]:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return "", None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        user, colon, password = decoded.partition(b":")
        return user.decode(), password if colon else None
    except (binascii.Error, ValueError):
        return "", None


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_MAX_PASSWORD], hashed)
    except ValueError:  # a NUL inside, which no hash can have been made of
        return False
