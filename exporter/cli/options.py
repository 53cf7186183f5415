"""Options that several commands share, and how their values are parsed."""

from collections.abc import Callable
from dataclasses import fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from exporter.durations import parse_duration
from exporter.errors import ConfigError
from exporter.logging import Format, Level

if TYPE_CHECKING:
    from exporter.config import Config, Gateway

T = TypeVar("T")

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
#: of commands that ask
SkipQuestions = Annotated[bool, typer.Option("--yes", help="Do not ask; use options and defaults.")]
WithoutAsking = Annotated[bool, typer.Option("--force", help="Overwrite files without asking.")]


def takes(options: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Make a command of a function of one dataclass, whose fields are the command's options."""

    def decorate(run: Callable[[T], None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            run(options(**values))

        hints = get_type_hints(options, include_extras=True)
        command.__name__, command.__doc__ = run.__name__, run.__doc__
        command.__annotations__ = hints
        command.__signature__ = Signature(  # type: ignore[attr-defined] # typer reads it
            [
                Parameter(
                    each.name,
                    Parameter.KEYWORD_ONLY,
                    default=each.default,
                    annotation=hints[each.name],
                )
                for each in fields(options)  # type: ignore[arg-type] # of a dataclass
            ]
        )
        return command

    return decorate


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
