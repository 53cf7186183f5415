"""`enphase-exporter init`: a configuration by question and answer, tested before it is written."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from pathlib import Path
from typing import Annotated, Literal

import typer

from exporter.cli.options import LogFormat, QuietLevel


def command(
    *,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="HOST", help="Name or address; otherwise it looks around."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="How to call the gateway. [default: home]"),
    ] = None,
    login: Annotated[
        Literal["token-file", "token", "account"] | None,
        typer.Option("--login", metavar="WAY", help="token-file, token or account."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="File that holds a token.")
    ] = None,
    username: Annotated[
        str | None,
        typer.Option("--username", metavar="USER", help="User name of the Enphase account."),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="File that holds its password."),
    ] = None,
    storage_mode: Annotated[
        Literal["backup", "self-consumption", "economy", "none"] | None,
        typer.Option("--storage-mode", metavar="MODE", help="The storage mode that is wanted."),
    ] = None,
    reserve: Annotated[
        str | None,
        typer.Option("--reserve", metavar="PERCENT", help="The battery reserve that is wanted."),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option("--state-dir", metavar="DIR", help="Where the exporter remembers things."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Where to write. [default: enphase-exporter.yml]"
        ),
    ] = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(
            "--interface", metavar="ADDRESS", help="Look for gateways on this address of ours only."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files without asking.")] = False,
    test: Annotated[
        bool, typer.Option("--test/--no-test", help="Try the connection before writing.")
    ] = True,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Ask five questions and write a configuration.

    Which gateway, its name, the login, the wanted storage mode, where to write: flags answer
    questions in advance. The connection is tried before anything is written. Passwords and tokens
    are typed unseen, or read from standard input, and go into files of their own that only their
    owner can read.

    \b
    Examples:
      enphase-exporter init
      enphase-exporter init --host=envoy.local --token-file=token.txt --yes
      enphase-exporter init --host=192.0.2.10 --username=me@example.com --output=home.yml
      enphase-exporter init --yes --host=envoy.local --login=token <token.txt
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.cli.init.dialogue import Dialogue, Flags
    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    flags = Flags(
        host=host,
        name=name,
        login=login,
        token_file=token_file,
        username=username,
        password_file=password_file,
        storage_mode=storage_mode,
        reserve=reserve,
        state_dir=state_dir,
        output=output,
        interfaces=tuple(interface or ()),
        yes=yes,
        force=force,
        test=test,
    )
    with Dialogue(flags) as dialogue:
        dialogue.run()
