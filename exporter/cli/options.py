"""Flags of several commands, and how their values are parsed."""

from typing import Annotated

import typer

from exporter.durations import parse_duration
from exporter.errors import ConfigError
from exporter.logging import Format, Level

LogLevel = Annotated[
    Level | None,
    typer.Option(
        "--log.level", metavar="LEVEL", help="debug, info, warn or error. [default: info]"
    ),
]
#: of commands that say in their own words what a log would say
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


def parse_duration_flag(flag: str, text: str, *, minimum: float) -> float:
    """Return the seconds that a flag gives; raise `ConfigError` for less than `minimum`."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{flag}: {error}") from None
    if seconds < minimum:
        raise ConfigError(f"{flag}: '{text}' is too short: at least {minimum:g}s")
    return seconds
