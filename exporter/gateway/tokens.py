"""Tokens that a gateway with firmware 7 or later lets in: whose they are, how long they live.

An owner's token lives a year, an installer's twelve hours.
"""

from dataclasses import dataclass, field

import jwt
from jwt.types import Options

_DAY = 86400.0
_RENEW_BEFORE = 30 * _DAY
#: who is to judge a token is the gateway; here it is only read
_UNVERIFIED: Options = {"verify_signature": False}


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
            claims = jwt.decode(value.strip(), options=_UNVERIFIED)
            expires = float(claims["exp"])
            issued = float(claims.get("iat", min(now, expires)))
            serial = claims.get("aud")
            return cls(value.strip(), issued, expires, serial if isinstance(serial, str) else None)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            return None
