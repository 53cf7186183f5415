"""Tokens that a gateway with firmware 7 or later lets in: whose they are, how long they live.

An owner's token lives a year, an installer's twelve hours. One that was fetched from the cloud is
kept in a file of its own at once: the cloud gives tokens seldom.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from jwt.types import Options

from exporter import files
from exporter.errors import StateError

log = logging.getLogger(__name__)

_DAY = 86400.0
_RENEW_BEFORE = 30 * _DAY
#: who is to judge a token is the gateway; here it is only read
_UNVERIFIED: Options = {"verify_signature": False}
_MAX_FILE = 64 * 1024


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

    def fits(self, serial: str) -> bool:
        """Return whether it may be shown to the gateway with this serial number."""
        return self.serial in (None, serial)

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


def token_path(directory: Path, name: str) -> Path:
    """Return the file with the token of the gateway `name`."""
    return directory / f"{files.file_name(name)}.token"


def read_token(path: Path) -> str | None:
    """Return the token in a file; None where there is none. Raises OSError or ValueError."""
    try:
        return files.read(path, _MAX_FILE).decode().strip() or None
    except FileNotFoundError:
        return None


class TokenFile:
    """The file that keeps the token of one gateway; without a path, nothing is kept."""

    def __init__(self, path: Path | None, gateway: str) -> None:
        self._path = path
        self._gateway = gateway
        #: what it holds, or has to hold
        self._value: str | None = None
        #: whether that is still to be written
        self.unsaved = False

    @property
    def kept(self) -> bool:
        """Whether there is a file at all."""
        return self._path is not None

    async def load(self) -> str | None:
        """Return the token in the file, or the last one known where it cannot be read."""
        path = self._path
        if path is None or self.unsaved:
            return self._value
        try:
            self._value = await files.in_thread(lambda: read_token(path)) or self._value
        except (OSError, ValueError, StateError) as error:
            log.warning(
                "token file cannot be read",
                extra={"gateway": self._gateway, "file": str(path), "error": str(error)},
            )
        return self._value

    async def save(self, value: str) -> None:
        """Keep a token; what cannot be written is kept in memory, for `save_again`."""
        path, self._value = self._path, value
        if path is None:
            return
        try:
            await files.in_thread(lambda: files.write(path, f"{value}\n".encode()))
        except (OSError, StateError) as error:
            if not self.unsaved:
                log.error(
                    "token cannot be saved and is lost at the next restart; make the state"
                    " directory writable",
                    extra={"gateway": self._gateway, "file": str(path), "error": str(error)},
                )
            self.unsaved = True
        else:
            self.unsaved = False

    async def save_again(self) -> None:
        """Write what could not be written before."""
        if self.unsaved and self._value:
            await self.save(self._value)
