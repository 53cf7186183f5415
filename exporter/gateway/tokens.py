"""Tokens of the Enphase cloud: when they end, when to renew them, how to get one.

An owner's token lives a year, an installer's twelve hours. The cloud locks accounts that try too
often and may be slow for ever, so it is asked at most three times an hour, with a deadline.
"""

import asyncio
import base64
import logging
import re
from dataclasses import dataclass, field

import aiohttp
import orjson
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationError

from exporter.clock import Clock
from exporter.errors import CloudLoginFailed

log = logging.getLogger(__name__)

_DAY = 86400.0
_RENEW_BEFORE = 30 * _DAY
_DEADLINE = 30.0
_PAUSE = 20 * 60.0
_LONGEST_PAUSE = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its life in epoch seconds."""

    value: str = field(repr=False)
    issued: float
    expires: float

    @property
    def renew_at(self) -> float:
        """When to get the next: 30 days before the end, or in the last quarter of a short life."""
        return self.expires - min(_RENEW_BEFORE, max(0.0, self.expires - self.issued) / 4)

    @classmethod
    def parse(cls, value: str, now: float) -> "Token | None":
        """Return the token, or None when the text is not one."""
        try:
            payload = value.strip().split(".")[1]
            claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            expires = float(claims["exp"])
            return cls(value.strip(), float(claims.get("iat", min(now, expires))), expires)
        except (IndexError, KeyError, TypeError, ValueError):
            return None


class CloudLogin:
    """Gets tokens from the Enphase cloud, seldom."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._pause = _PAUSE
        self._not_before = float("-inf")
        #: why the last attempt failed; empty when it did not
        self.failure = ""

    @property
    def allowed(self) -> bool:
        """Whether the cloud may be asked now."""
        return self._clock.monotonic() >= self._not_before

    async def fetch(self, username: str, password: str, serial: str) -> Token:
        """Return a new token; raise CloudLoginFailed, which never carries what the cloud said."""
        if not self.allowed:
            minutes = (self._not_before - self._clock.monotonic()) / 60
            raise CloudLoginFailed(f"{self.failure}; asking again in {minutes:.0f} min")
        self._not_before = self._clock.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        try:
            token = await self._ask(username, password, serial)
        except CloudLoginFailed as error:
            self.failure = str(error)
            raise
        self._pause, self.failure = _PAUSE, ""
        self._not_before = self._clock.monotonic() + _PAUSE
        return token

    async def _ask(self, username: str, password: str, serial: str) -> Token:
        auth = EnvoyTokenAuth(
            self._host, cloud_username=username, cloud_password=password, envoy_serial=serial
        )
        try:
            async with asyncio.timeout(_DEADLINE):
                await auth.refresh()
        except TimeoutError:
            raise CloudLoginFailed("the Enphase cloud does not answer; is it reachable?") from None
        except EnvoyAuthenticationError as error:
            # The cause may hold what the cloud said, and that may hold a secret.
            raise CloudLoginFailed(_in_words(error.status)) from None
        except (
            aiohttp.ClientError,
            OSError,
            ValueError,
            LookupError,
            AttributeError,
            TypeError,
        ):
            raise CloudLoginFailed("the Enphase cloud gave an answer that cannot be read") from None
        token = Token.parse(auth.token, self._clock.time())
        if token is None:
            raise CloudLoginFailed("the Enphase cloud gave something that is not a token")
        return token


def _in_words(told: str) -> str:
    if told.startswith("No session id"):
        return (
            "the Enphase account asks for a second factor (MFA), which a program cannot give:"
            " set a `token` got by hand, or use an account without MFA"
        )
    status = re.search(r": (\d{3}): ", told)
    if status and status[1] >= "429":
        return f"the Enphase cloud has trouble (status {status[1]})"
    if told.startswith("Unable to login"):
        return "the Enphase cloud refuses username and password; check both"
    if told.startswith("Unable to obtain token"):
        return (
            "the Enphase cloud gives no token for this gateway; is it registered to this account?"
        )
    return "the Enphase cloud login failed"
