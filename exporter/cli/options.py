"""Options that several commands share, and how their values are parsed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.durations import parse_duration
from exporter.errors import ConfigError
from exporter.logging import Format, Level

if TYPE_CHECKING:
    from exporter.config import Config, Gateway

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config.file",
        "--config",
        "-c",
        metavar="FILE",
        help="Configuration in YAML. Without it: ./enphase-exporter.yml, the same file in"
        " ~/.config/enphase-exporter/ or /etc/enphase-exporter/, or one gateway from the"
        " environment.",
    ),
]
GatewayName = Annotated[
    str | None,
    typer.Option("--gateway", metavar="NAME", help="The gateway, if there are several."),
]
LogLevel = Annotated[
    Level | None,
    typer.Option(
        "--log.level", metavar="LEVEL", help="debug, info, warn or error. [default: info]"
    ),
]
#: of commands that print what a log would contain
QuietLevel = Annotated[
    Level | None,
    typer.Option(
        "--log.level", metavar="LEVEL", help="debug, info, warn or error. [default: error]"
    ),
]
LogFormat = Annotated[
    Format | None,
    typer.Option("--log.format", metavar="FORMAT", help="logfmt or json. [default: logfmt]"),
]


def choose_gateways(config: "Config", name: str | None) -> "list[Gateway]":
    """Return the gateway of this name, or all without a name; an unknown name is a usage error."""
    names = ", ".join(gateway.name for gateway in config.gateways)
    if name is not None and name not in {gateway.name for gateway in config.gateways}:
        raise typer.BadParameter(
            f"no gateway is named '{name}', choose one of: {names}", param_hint="--gateway"
        )
    return [gateway for gateway in config.gateways if name in (None, gateway.name)]


def choose_gateway(config: "Config", name: str | None) -> "Gateway":
    """Return the gateway of this name, or the only one; anything else is a usage error."""
    gateways = choose_gateways(config, name)
    if len(gateways) > 1:
        names = ", ".join(gateway.name for gateway in gateways)
        raise typer.BadParameter(
            f"there are several gateways, choose one of: {names}", param_hint="--gateway"
        )
    return gateways[0]


def parse_url(option: str, text: str, example: str) -> str:
    """Return a URL; one without a scheme is HTTP. Anything else is a usage error."""
    from yarl import URL  # noqa: PLC0415 - most commands do not need it

    try:
        url = URL(text if "://" in text else f"http://{text}")
        valid = url.scheme in ("http", "https") and bool(url.host) and not url.query_string
    except ValueError:
        valid = False
    if not valid or url.user or url.password:
        raise typer.BadParameter(
            f"use a URL without user name and password, such as {example}", param_hint=option
        )
    return str(url).rstrip("/")


def parse_duration_flag(flag: str, text: str, *, minimum: float) -> float:
    """Return the seconds that a flag gives; raise `ConfigError` for less than `minimum`."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{flag}: {error}") from None
    if seconds < minimum:
        raise ConfigError(f"{flag}: '{text}' is too short: at least {minimum:g}s")
    return seconds
