"""Options that all commands of `control` share, and the decorator that makes a command."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints

import typer

from exporter.cli.options import ConfigFile, GatewayName, LogFormat
from exporter.logging import Level

#: arguments of a command by their names in its table row; None was not given
Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """The options of every command."""

    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the state and what would be sent; send nothing."),
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Keep watching for 3 min (20 min for AC Batteries) and report if the change is"
            " reverted.",
        ),
    ] = False
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=1,
            max=86400,
            help="How long to wait for the change. [default: depends on the hardware]",
        ),
    ] = None
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False
    gateway: GatewayName = None
    config_file: ConfigFile = None
    log_level: Annotated[
        Level | None,
        typer.Option(
            "--log.level", metavar="LEVEL", help="debug, info, warn or error. [default: warn]"
        ),
    ] = None
    log_format: LogFormat = None


def group(text: str) -> typer.Typer:
    """Return an application for the commands of one type of hardware."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None)


def control_command(
    app: typer.Typer, command_name: str
) -> Callable[[Callable[..., Arguments]], Callable[..., Arguments]]:
    """Make a command of a function that returns the arguments for a row of the command table.

    The command is called after the last word of `command_name`. It has the function's own options
    and the common ones.
    """

    def decorate(function: Callable[..., Arguments]) -> Callable[..., Arguments]:
        def run(**values: Any) -> None:
            common = ControlOptions(
                **{field.name: values.pop(field.name) for field in fields(ControlOptions)}
            )
            arguments = function(**values)

            from exporter.cli.control.run import execute

            execute(command_name, arguments, common)

        own = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True) | get_type_hints(
            ControlOptions, include_extras=True
        )
        parameters = [
            parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
            for parameter in (
                *own.parameters.values(),
                *inspect.signature(ControlOptions).parameters.values(),
            )
        ]
        run.__doc__ = function.__doc__
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        vars(run)["__signature__"] = own.replace(parameters=parameters, return_annotation=None)
        app.command(command_name.rpartition(" ")[2])(run)
        return function

    return decorate


def switch(word: str) -> bool:
    """Return whether the word is `on`."""
    return word == "on"
