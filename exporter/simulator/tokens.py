"""The tokens that simulated gateways accept: shaped like those of the Enphase cloud, worth nothing.

Anyone can make one for any simulated gateway, in any process and across restarts, because the
signing key is public. The claims are those pyenphase and the exporter read.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Literal

import orjson

#: life of a token in seconds, by the kind of account it is made for
LIFETIMES: dict[str, int] = {"owner": 365 * 86400, "installer": 12 * 3600}

_KEY = b"simulated gateways only"
_HEADER = {"alg": "HS256", "typ": "JWT"}


def make(
    serial: str,
    *,
    now: float,
    user: Literal["owner", "installer"] = "owner",
    lifetime: float | None = None,
) -> str:
    """Return a token for the gateway with this serial number.

    `now` is its time of issue in epoch seconds, `lifetime` its life in seconds (default: that of
    the kind of account; negative makes an expired token).
    """
    issued = int(now)
    claims = {
        "aud": serial,
        "iss": "Entrez",
        "enphaseUser": user,
        "exp": issued + int(LIFETIMES[user] if lifetime is None else lifetime),
        "iat": issued,
        "jti": secrets.token_hex(16),
        "username": f"{user}@example.invalid",
    }
    signed = b".".join((_encode(orjson.dumps(_HEADER)), _encode(orjson.dumps(claims))))
    return b".".join((signed, _signature(signed))).decode()


def accepts(token: str, *, serial: str, now: float) -> bool:
    """Return whether the gateway with this serial number accepts the token at `now` (epoch s)."""
    signed, _, signature = token.encode(errors="replace").rpartition(b".")
    if not hmac.compare_digest(signature, _signature(signed)):
        return False
    try:
        claims = orjson.loads(_decode(signed.rpartition(b".")[2]))
        return bool(claims["aud"] == serial and claims["exp"] > now)
    except (Base64Error, ValueError, KeyError, TypeError):
        return False


def user(token: str) -> str:
    """Return the kind of account that a token is for; empty if it has none."""
    try:
        claims = orjson.loads(_decode(token.encode().split(b".")[1]))
        return str(claims["enphaseUser"])
    except (Base64Error, ValueError, KeyError, TypeError, IndexError):
        return ""


def _signature(signed: bytes) -> bytes:
    return _encode(hmac.digest(_KEY, signed, "sha256"))


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode(data: bytes) -> bytes:
    return urlsafe_b64decode(data + b"=" * (-len(data) % 4))
