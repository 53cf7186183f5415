"""Tokens of the Enphase cloud: when they end, when to renew them, how to get one.

An owner's token lives a year, an installer's twelve hours. The cloud locks accounts that try too
often (see `account`) and may be slow for ever, so it is asked seldom and with a deadline.
"""

import asyncio
import base64
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationError

from exporter.clock import Clock
from exporter.errors import CloudLoginError
from exporter.gateway.account import PAUSE, BackOff, account

log = logging.getLogger(__name__)

_DAY = 86400.0
_RENEW_BEFORE = 30 * _DAY
_DEADLINE = 30.0
_SILENT = "the Enphase cloud does not answer; is it reachable?"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its life in epoch seconds."""

    value: str = field(repr=False)
    issued: float
    expires: float
    #: the gateway it was made for, where it says so
    serial: str | None = None

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
            issued = float(claims.get("iat", min(now, expires)))
            serial = claims.get("aud")
            return cls(value.strip(), issued, expires, serial if isinstance(serial, str) else None)
        except (IndexError, KeyError, TypeError, ValueError):
            return None


class CloudLogin:
    """Gets tokens for one gateway from the Enphase cloud, seldom."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._back_off = BackOff(clock)

    def wait(self, username: str, password: str) -> float:
        """Return the seconds until the cloud may be asked with these credentials."""
        tried = hash((username, password))
        return max(self._back_off.wait(tried), account(username, self._clock).wait(tried))

    def failure(self, username: str) -> str:
        """Return why the last attempt failed, with this gateway or another one of the account."""
        return account(username, self._clock).failure or self._back_off.failure

    async def fetch(self, username: str, password: str, serial: str) -> Token:
        """Return a new token; raise CloudLoginError, which never carries what the cloud said."""
        shared, tried = account(username, self._clock), hash((username, password))
        async with shared.turn:
            if seconds := self.wait(username, password):
                # A point in time, not a span: a reason that stays the same is told once.
                then = datetime.fromtimestamp(self._clock.time() + seconds + 30, UTC)
                why = self.failure(username)
                raise CloudLoginError(f"{why}; asking again at {then:%H:%M} UTC")
            shared.began(tried)
            self._back_off.began(tried)
            try:
                token = await self._ask(username, password, serial)
            except _NotSentError as error:
                shared.unsent(str(error))
                self._back_off.unsent(str(error))
                raise
            except _NoTokenError as error:
                shared.succeeded()
                self._back_off.failed(str(error))
                raise
            except CloudLoginError as error:
                shared.failed(str(error))
                self._back_off.failed(str(error))
                raise
            shared.succeeded()
            self._back_off.succeeded(PAUSE)
            return token

    async def _ask(self, username: str, password: str, serial: str) -> Token:
        auth = _AskingOnce(
            self._host, cloud_username=username, cloud_password=password, envoy_serial=serial
        )
        try:
            async with asyncio.timeout(_DEADLINE):
                await auth.refresh()
        except TimeoutError:
            raise CloudLoginError(_SILENT) from None
        except aiohttp.ClientConnectorError:
            raise _NotSentError(_SILENT) from None
        except EnvoyAuthenticationError as error:
            # The cause may hold what the cloud said, and that may hold a secret.
            raise _in_words(error.status) from None
        except (
            aiohttp.ClientError,
            OSError,
            ValueError,
            LookupError,
            AttributeError,
            TypeError,
        ):
            raise CloudLoginError("the Enphase cloud gave an answer that cannot be read") from None
        token = Token.parse(auth.token, self._clock.time())
        if token is None:
            raise _NoTokenError("the Enphase cloud gave something that is not a token")
        return token


class _AskingOnce(EnvoyTokenAuth):
    """pyenphase repeats what failed on the way, password and all, until it is cancelled."""

    async def _post_json_with_cloud_client(  # type: ignore[override]  # theirs is wrapped to repeat
        self,
        cloud_client: aiohttp.ClientSession,
        url: str,
        data: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
    ) -> aiohttp.ClientResponse:
        # A redirect would take the password to whoever it names.
        return await cloud_client.post(url, data=data, json=json, allow_redirects=False)


class _NotSentError(CloudLoginError):
    """Nothing reached the cloud."""


class _NoTokenError(CloudLoginError):
    """The account was let in, and yet there is no token for this gateway."""


def _in_words(told: str) -> CloudLoginError:
    if told.startswith("No session id"):
        return CloudLoginError(
            "the Enphase account asks for a second factor (MFA), which a program cannot give:"
            " set a `token` got by hand, or use an account without MFA"
        )
    status = re.search(r": (\d{3}): ", told)
    if status and (status[1] >= "429" or status[1].startswith("3")):
        return CloudLoginError(f"the Enphase cloud has trouble (status {status[1]})")
    if told.startswith("Unable to login"):
        return CloudLoginError("the Enphase cloud refuses username and password; check both")
    if told.startswith("Unable to obtain token"):
        return _NoTokenError(
            "the Enphase cloud gives no token for this gateway; is it registered to this account?"
        )
    return CloudLoginError("the Enphase cloud login failed")
