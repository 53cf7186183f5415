"""The web configuration file, in the format that all of Prometheus's exporters share.

Supported are `tls_server_config` with files and `basic_auth_users`. Keys that promise more security
than there is are refused, never ignored: inline certificates, cipher suites, curves, allowed client
names, response headers, rate limits. `http2` is ignored, as only HTTP/1.1 is served.

The files are checked whenever a request or a TLS connection comes in, and read again when they have
changed. What cannot be read leaves the last good configuration in force.
"""

import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from aiohttp.typedefs import Middleware
from pydantic import AfterValidator, Field, SecretStr, ValidationError

from exporter.config.errors import Strict, config_error, field_error
from exporter.errors import ConfigError
from exporter.text import printable
from exporter.web.auth import BasicAuth, middleware
from exporter.web.tls import ReloadingSSLContext, Tls

log = logging.getLogger(__name__)

_BCRYPT = re.compile(r"\$2[abxy]\$(?:0[4-9]|1\d)\$[./A-Za-z0-9]{53}")
_FILES = ("cert_file", "key_file", "client_ca_file")


def _bcrypt(value: SecretStr) -> SecretStr:
    if not _BCRYPT.fullmatch(value.get_secret_value()):
        raise field_error("is not a bcrypt hash (cost 4-19): make one with `htpasswd -nBC 12 USER`")
    return value


def _user(name: str) -> str:
    if not name or ":" in name:
        raise field_error("a user's name must not be empty or hold a colon: choose another")
    return name


class _Http(Strict):
    """Keys without an effect here, and without harm."""

    http2: bool = True


class _File(Strict):
    """The whole file."""

    tls_server_config: Tls | None = None
    basic_auth_users: dict[
        Annotated[str, AfterValidator(_user)], Annotated[SecretStr, AfterValidator(_bcrypt)]
    ] = Field(default_factory=dict)
    http_server_config: _Http = _Http()


#: changes with a file; None where there is none
_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The content of the files when they were read last."""

    users: Mapping[str, str] = field(default_factory=dict)
    auth: BasicAuth | None = None
    context: ssl.SSLContext | None = None


class WebConfig:
    """Who may see the pages, and over what."""

    def __init__(self, path: Path | None) -> None:
        """Prepare to read `path`; see `load`."""
        self._path = path
        self._loaded = _Loaded()
        #: what the configuration was last read from, whether it was any good or not
        self._watched: tuple[Path, ...] = ()
        self._stamp: _Stamp = ()

    @classmethod
    def load(cls, path: Path | None) -> "WebConfig":
        """Read a web configuration file; None is plain HTTP for everybody. Raises ConfigError."""
        config = cls(path)
        if path is not None:
            config._loaded = config._read(path)
        return config

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return the context to listen with, which follows its files; None is plain HTTP."""
        return ReloadingSSLContext(self._context) if self._loaded.context else None

    async def allows(self, authorization_header: str | None) -> bool:
        """Return whether a request with this `Authorization` header may be answered."""
        self._refresh()
        auth = self._loaded.auth
        return auth is None or await auth.allows(authorization_header)

    @property
    def middleware(self) -> Middleware:
        """The aiohttp middleware that answers 401 to everybody else."""
        return middleware(self.allows)

    def _context(self) -> ssl.SSLContext:
        self._refresh()
        context = self._loaded.context
        assert context is not None, "a reload never takes the context away"
        return context

    def _refresh(self) -> None:
        if self._path is None or _stamp(self._watched) == self._stamp:
            return
        try:
            loaded = self._read(self._path)
            self._check_transition(loaded)
        except ConfigError as error:
            reason = "; ".join(str(error).splitlines())
            log.error("web config reload failed; keeping previous: %s", reason)
            return
        self._loaded = loaded
        log.info("web config reloaded", extra={"file": str(self._path)})

    def _check_transition(self, loaded: _Loaded) -> None:
        """Raise ConfigError for what must not happen while the exporter runs."""
        source = printable(self._path)
        if (loaded.context is None) != (self._loaded.context is None):
            raise ConfigError(
                f"{source}: tls_server_config was added or removed:"
                " restart the exporter to switch TLS on or off"
            )
        # A file that was cut off or is being written has no users, and must not open the exporter.
        if self._loaded.users and not loaded.users:
            raise ConfigError(
                f"{source}: basic_auth_users has no users any more:"
                " restart the exporter to let everybody in"
            )

    def _read(self, path: Path) -> _Loaded:
        # Stamps are taken before reading: what changes meanwhile is read once more. They count even
        # if reading fails, so that a broken file is reported once.
        self._watched, self._stamp = (path, *self._watched[1:]), _stamp((path, *self._watched[1:]))
        from exporter.config import strict_yaml  # noqa: PLC0415 - most have no such file

        source = printable(path)
        try:
            file = _File.model_validate(_resolve_paths(path.parent, strict_yaml.read(path)))
        except ValidationError as error:
            raise config_error(error, _File, source) from None
        tls = file.tls_server_config
        files = tls.files if tls else ()
        self._watched, self._stamp = (path, *files), self._stamp[:1] + _stamp(files)
        try:
            context = tls.context() if tls else None
        except ConfigError as error:
            raise ConfigError(f"{source}: tls_server_config: {error}") from error
        users = {name: hashed.get_secret_value() for name, hashed in file.basic_auth_users.items()}
        auth = self._loaded.auth
        if users != self._loaded.users:
            # not for a renewed certificate: the passwords known to be right would be forgotten
            auth = BasicAuth(users) if users else None
        return _Loaded(users, auth, context)


def _resolve_paths(directory: Path, data: dict[Any, Any]) -> dict[Any, Any]:
    """Return the data with its relative paths taken from the directory of the file."""
    tls = data.get("tls_server_config")
    if not isinstance(tls, dict):
        return data
    moved = {
        key: str(directory / value) if key in _FILES and isinstance(value, str) and value else value
        for key, value in tls.items()
    }
    return {**data, "tls_server_config": moved}


def _stamp(files: tuple[Path, ...]) -> _Stamp:
    stamps: list[tuple[int, int, int] | None] = []
    for file in files:
        try:
            status = file.stat()
        except (OSError, ValueError):
            stamps.append(None)
        else:
            stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(stamps)
