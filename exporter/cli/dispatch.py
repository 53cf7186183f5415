"""Calls a command and turns an exception into one line and an exit status.

0    done, or a server that was stopped
1    an error: configuration, address, gateway, output, or a bug
2    unknown or invalid options
130  interrupted (Ctrl-C)
"""

import errno
import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Annotated

import typer

from exporter import __version__
from exporter.errors import ExporterError
from exporter.logging import mask

_PROGRAM = "enphase-exporter"
_DEBUG = "--log.level=debug"
#: exit status of a command line that cannot be understood
_USAGE = 2
#: errors of stdout: a full disk, a broken device
_OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT})
#: a module for each command, in the order of `--help`; it has a function `command`, or a typer
#: application `app` if the command has subcommands
_COMMANDS = (
    "serve",
    "discover",
    "init",
    "check",
    "status",
    "capture",
    "accept-gateway",
    "control",
    "alerting",
    "events",
    "forget",
    "rules",
    "demo",
    "simulate",
    "replay",
    "record",
)
#: those in a package of their own, as they need the simulator
_SIMULATION = frozenset({"demo", "simulate", "replay", "record"})

_HELP = """Prometheus metrics from Enphase gateways, read over the local network.

\b
Examples:
  enphase-exporter discover
  enphase-exporter init
  enphase-exporter check --config.file=enphase-exporter.yml
  enphase-exporter serve --config.file=enphase-exporter.yml
  enphase-exporter serve --help
"""


def run(words: Sequence[str]) -> int:
    """Run the command of this command line; return the exit status."""
    try:
        command = typer.main.get_command(_application(words[0] if words else ""))
        try:
            command.main(args=list(words), prog_name=_PROGRAM)
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if status == _USAGE and len(words) > 1 and words[-1].endswith((".yml", ".yaml")):
            named = shlex.join([_PROGRAM, *words[:-1], "-c", words[-1]])
            typer.echo(f"A configuration is named with -c: {named}", err=True)
        return status
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            return _report(error, debug=_wants_debug(words))
        return _report_output_error(error)
    except Exception as error:  # noqa: BLE001 - the last place that can report it
        return _report(error, debug=_wants_debug(words))
    return 0


def _application(name: str) -> typer.Typer:
    """Return the application with the command of this name, or with all commands."""
    application = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        # completion belongs to no command, so none loads it
        add_completion=name not in _COMMANDS,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    application.callback()(_root)
    for command in (name,) if name in _COMMANDS else _COMMANDS:
        package = "exporter.cli.simulation" if command in _SIMULATION else "exporter.cli"
        module = import_module(f"{package}.{command.replace('-', '_')}")
        if hasattr(module, "app"):
            application.add_typer(module.app, name=command)
        else:
            application.command(command)(module.command)
    return application


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"{_PROGRAM} {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Declare the options that belong to no command."""


def _report(error: Exception, *, debug: bool) -> int:
    expected = [leaf for leaf in _leaves(error) if isinstance(leaf, ExporterError)]
    lines = [line for leaf in expected for line in str(leaf).splitlines()]
    if not expected:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "" if debug else f"; this is a bug: please report it with the output of {_DEBUG}"
        lines = [f"{what}{hint}"]
        if debug:
            typer.echo(mask("".join(traceback.format_exception(error))), err=True, nl=False)
    for line in lines:
        typer.echo(f"{_PROGRAM}: error: {mask(line, ours=bool(expected))}", err=True)
    return 1


def _report_output_error(error: OSError) -> int:
    """Report that stdout cannot be written, and keep the interpreter from trying again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    typer.echo(f"{_PROGRAM}: error: cannot write the output: {error.strerror}", err=True)
    return 1


def _leaves(error: BaseException) -> list[BaseException]:
    """Return the errors in a group, as a task group raises one, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _wants_debug(words: Sequence[str]) -> bool:
    return _DEBUG in words or ("--log.level", "debug") in pairwise(words)
