"""Flags that several commands have in common."""

from typing import Annotated

import typer

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
