"""What all commands of `control` have in common: their flags, and how one becomes a command."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from exporter.cli.options import LogFormat
from exporter.logging import Level

#: arguments of a command by the name they have in its row of the table; None was not given
Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that every command takes."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the state and what would be sent; send nothing.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Stay three minutes more, twenty for AC Batteries, in case it is turned back.",
        ),
    ] = False
    patience: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=1,
            max=86400,
            help="How long the change may take to be seen. [default: what the hardware needs]",
        ),
    ] = None
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="NAME", help="Which gateway, where there are several."),
    ] = None
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config.file",
            "--config",
            "-c",
            metavar="FILE",
            help="Configuration in YAML; without it, one gateway from the environment.",
        ),
    ] = None
    log_level: Annotated[
        Level | None,
        typer.Option(
            "--log.level", metavar="LEVEL", help="debug, info, warn or error. [default: warn]"
        ),
    ] = None
    log_format: LogFormat = None


def group(text: str) -> typer.Typer:
    """Return an application for the commands of one kind of hardware."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None)


def ordering(app: typer.Typer, row: str) -> Callable[[Callable[..., Given]], Callable[..., Given]]:
    """Make a command of a function that returns the arguments for a row of the table.

    The command's name is the last word of the row's; it takes the function's own flags and those
    that all have in common.
    """

    def decorate(function: Callable[..., Given]) -> Callable[..., Given]:
        def run(**given: Any) -> None:
            common = Flags(**{field.name: given.pop(field.name) for field in fields(Flags)})
            arguments = function(**given)

            from exporter.cli.control.run import carry_out

            carry_out(row, arguments, common)

        own = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True) | get_type_hints(
            Flags, include_extras=True
        )
        parameters = [
            parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
            for parameter in (
                *own.parameters.values(),
                *inspect.signature(Flags).parameters.values(),
            )
        ]
        run.__doc__ = function.__doc__
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        vars(run)["__signature__"] = own.replace(parameters=parameters, return_annotation=None)
        app.command(row.rpartition(" ")[2])(run)
        return function

    return decorate


def switch(word: str) -> bool:
    """Return what `on` or `off` means."""
    return word == "on"
