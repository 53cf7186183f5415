"""Addresses to listen on, written as in Go: `host:port`, `[::1]:port`, `:port` for all of them."""

import ipaddress
import re
from typing import NamedTuple

from exporter.errors import ConfigError

_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^\[\]:]*))(?::(?P<port>[^:]*))?")
_SCOPED = re.compile(r"[^%]+(?:%[A-Za-z0-9_.-]+)?")
_HOST = re.compile(r"[A-Za-z0-9_.-]*", re.A)


class Address(NamedTuple):
    """Where to listen."""

    #: None is every address, IPv4 and IPv6, as asyncio takes it
    host: str | None
    #: 0 takes a free port
    port: int

    def __str__(self) -> str:
        """Return the address as it is written on the command line."""
        if self.host is None:
            return f":{self.port}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """Return the address in text such as `:10055`; raise ConfigError, with the remedy."""
    if text.isascii() and text.isdigit():
        raise ConfigError(f"'{text}' lacks a colon: write :{text}")
    host, port = split(text)
    if port is None:
        raise ConfigError(f"{_quoted(text)} has no port: write {host or 'host'}:10055, or :10055")
    if not _HOST.fullmatch(host) and ":" not in host:
        raise ConfigError(f"{_quoted(text)} is no address to listen on: write :10055 or host:10055")
    return Address(host or None, port)


def split(text: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or either with `[IPv6]`; the port is None where none is given."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ConfigError(f"{_quoted(text)} is no address: write host:port, or [IPv6 address]:port")
    v6, port = match["v6"], match["port"]
    if v6 is not None:
        try:
            ipaddress.IPv6Address(v6 if _SCOPED.fullmatch(v6) else "")
        except ValueError:
            raise ConfigError(
                f"{_quoted(text)} has no IPv6 address in its brackets: write [::1]"
            ) from None
    if port is None:
        return v6 or match["host"], None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise ConfigError(f"{_quoted(text)} has no valid port: use a number up to 65535")
    return v6 or match["host"], int(port)


def is_loopback(host: str) -> bool:
    """Return whether a `host` of a gateway is this machine."""
    name = split(host)[0].partition("%")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.rstrip(".").lower() == "localhost"


def _quoted(text: str) -> str:
    return ascii(text[:80])
