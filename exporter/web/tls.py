"""TLS for the listener, with a certificate that can be renewed while the exporter runs."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from exporter.config.errors import Strict, field_error
from exporter.errors import ConfigError
from exporter.text import printable

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


class Tls(Strict):
    """The section `tls_server_config` of a web configuration file."""

    cert_file: Path
    key_file: Path
    min_version: Literal["TLS12", "TLS13"] = "TLS12"
    max_version: Literal["TLS12", "TLS13"] = "TLS13"
    client_ca_file: Path | None = None
    client_auth_type: Literal[
        "NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"
    ] = "NoClientCert"
    #: read and ignored: OpenSSL and every modern client choose well
    prefer_server_cipher_suites: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min_version > self.max_version:
            raise field_error("is lower than min_version: raise it, or leave it out", "max_version")
        verifies = self.client_auth_type != "NoClientCert"
        if self.client_ca_file and not verifies:
            raise field_error(
                "has no effect: set client_auth_type to RequireAndVerifyClientCert",
                "client_ca_file",
            )
        if verifies and not self.client_ca_file:
            raise field_error("needs client_ca_file to verify against: add it", "client_auth_type")
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that make up the context."""
        files = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(file for file in files if file is not None)

    def context(self) -> ssl.SSLContext:
        """Return the context these files make now; raise ConfigError, in one line."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.min_version]
        context.maximum_version = _VERSIONS[self.max_version]
        context.set_alpn_protocols(["http/1.1"])
        for file in self.files:
            _check_readable(file)
        try:
            context.load_cert_chain(self.cert_file, self.key_file, password=self._no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise ConfigError(
                f"cert_file {printable(self.cert_file)} and key_file {printable(self.key_file)} are"
                f" not a PEM pair ({_reason(error)}): name a certificate and its key"
            ) from error
        if self.client_ca_file:
            try:
                context.load_verify_locations(self.client_ca_file)
            except (ssl.SSLError, OSError, ValueError) as error:
                raise ConfigError(
                    f"client_ca_file {printable(self.client_ca_file)} holds no certificate in PEM"
                    f" format ({_reason(error)}): name a file of CA certificates"
                ) from error
        context.verify_mode = _CLIENTS[self.client_auth_type]
        return context

    def _no_password(self) -> str:
        # without this, OpenSSL would ask for the password on the terminal
        raise ConfigError(
            f"key_file {printable(self.key_file)} is encrypted: store the key without a password"
        )


class ReloadingSSLContext(ssl.SSLContext):
    """A context for a listener that uses the newest certificate for each new connection."""

    _current: Callable[[], ssl.SSLContext]

    def __new__(cls, current: Callable[[], ssl.SSLContext]) -> Self:
        """Return a context that stands for whatever `current` returns."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        context._current = current
        return context

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Begin a connection; this is what asyncio calls."""
        return self._current().wrap_bio(*args, **options)


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{printable(file)} cannot be read ({_reason(error)}): check path and permissions"
        ) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
