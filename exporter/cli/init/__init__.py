"""`enphase-exporter init`: asks for a configuration and tests it before it is written."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from exporter.cli.options import LogFormat, QuietLevel, SkipQuestions, WithoutAsking, takes


@dataclass(frozen=True, kw_only=True)
class InitOptions:
    """The options of the command line; None where not given."""

    host: Annotated[
        str | None,
        typer.Option(
            metavar="HOST", help="Gateway host name or address; discovered by mDNS if omitted."
        ),
    ] = None
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the gateway. [default: home]")
    ] = None
    login: Annotated[
        Literal["token-file", "token", "account"] | None,
        typer.Option(metavar="WAY", help="token-file, token or account."),
    ] = None
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File that contains a token.")
    ] = None
    username: Annotated[
        str | None, typer.Option(metavar="USER", help="User name of the Enphase account.")
    ] = None
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File that contains its password.")
    ] = None
    storage_mode: Annotated[
        Literal["backup", "self-consumption", "economy", "none"] | None,
        typer.Option(metavar="MODE", help="The storage mode that you want."),
    ] = None
    reserve: Annotated[
        str | None, typer.Option(metavar="PERCENT", help="The battery reserve that you want.")
    ] = None
    state_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="State directory.")] = None
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to write the configuration. [default: enphase-exporter.yml]",
        ),
    ] = None
    interfaces: Annotated[
        list[str] | None,
        typer.Option(
            "--interface", metavar="ADDRESS", help="Local address to use for mDNS discovery."
        ),
    ] = None
    yes: SkipQuestions = False
    force: WithoutAsking = False
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Test the connection before writing.")
    ] = True
    log_level: QuietLevel = None
    log_format: LogFormat = None


@takes(InitOptions)
def command(options: InitOptions) -> None:
    """Ask five questions and write a configuration.

    The questions are: gateway, name, login, storage mode, output file. Options answer them in
    advance. The connection is tested before anything is written. Passwords and tokens are typed
    without echo, or read from standard input, and are written to files of their own with mode 0600.

    \b
    Examples:
      enphase-exporter init
      enphase-exporter init --host=envoy.local --token-file=token.txt --yes
      enphase-exporter init --host=192.0.2.10 --username=me@example.com --output=home.yml
      enphase-exporter init --yes --host=envoy.local --login=token <token.txt
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.cli.init.dialogue import InitDialogue
    from exporter.logging import setup_logging

    setup_logging(options.log_level or "error", options.log_format or "logfmt")
    with InitDialogue(options) as dialogue:
        dialogue.run()
