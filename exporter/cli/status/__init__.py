"""`enphase-exporter status`: the state of the house in the terminal."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.options import LogFormat, QuietLevel, parse_duration_flag

if TYPE_CHECKING:
    from exporter.cli.status.source import Look

_URL = "http://localhost:10055"


def command(
    *,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help=f"Where the exporter is. [default: {_URL}]"),
    ] = None,
    http_config_file: Annotated[
        Path | None,
        typer.Option(
            "--http.config.file",
            metavar="FILE",
            help="basic_auth and tls_config for the exporter, as promtool reads them.",
        ),
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Ask the gateways, without an exporter.")
    ] = False,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config.file",
            "--config",
            "-c",
            metavar="FILE",
            help="With --direct: configuration in YAML; else one gateway from the environment.",
        ),
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="NAME", help="All about this one of the gateways."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    interval: Annotated[
        str, typer.Option("--interval", metavar="TIME", help="With --watch: how often to look.")
    ] = "5s",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Show the state of the house: grid, power, batteries, panels, and what is wrong.

    It says what the status page says, by asking the running exporter, which costs the gateway
    nothing. With --direct it asks the gateways itself, once for everything, within a minute. Of
    several gateways there is a table, worst first. The exit status is 0 when there was an answer,
    however the house is, and 1 when there was none: from the exporter, or with --direct from any
    gateway. It is 2 for flags that do not fit.

    \b
    Examples:
      enphase-exporter status
      enphase-exporter status --watch
      enphase-exporter status --url=http://localhost:10055 --gateway=home
      enphase-exporter status --direct --config.file=enphase-exporter.yml --json
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import asyncio

    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    seconds = parse_duration_flag("--interval", interval, minimum=1)
    if direct and (url is not None or http_config_file is not None):
        raise typer.BadParameter("asks no exporter: leave out --url", param_hint="'--direct'")
    if config_file is not None and not direct:
        raise typer.BadParameter("is for --direct only", param_hint="'--config.file'")
    if watch and as_json:
        raise typer.BadParameter("prints JSON once only", param_hint="'--watch'")
    source = (
        _gateways(config_file, gateway)
        if direct
        else _exporter(url or _URL, gateway, http_config_file)
    )
    if not asyncio.run(_show(source, gateway, seconds if watch else None, as_json, direct)):
        raise typer.Exit(1)


def _exporter(
    url: str, gateway: str | None, file: Path | None
) -> "AbstractAsyncContextManager[Look]":
    from yarl import URL

    from exporter.cli.status.source import exporter

    try:
        told = URL(url)
        right = told.scheme in ("http", "https") and bool(told.host) and not told.query_string
    except ValueError:
        right = False
    if not right or told.user or told.password:
        raise typer.BadParameter(
            f"write the address of the exporter without user and password, such as {_URL}",
            param_hint="'--url'",
        )
    return exporter(url, gateway, file)


def _gateways(file: Path | None, name: str | None) -> "AbstractAsyncContextManager[Look]":
    import os

    from exporter.cli.status.source import gateways
    from exporter.config import load

    config = load(file, os.environ)
    known = [each.name for each in config.gateways]
    if name not in (None, *known):
        raise typer.BadParameter(
            f"no gateway is named '{name}': there is {', '.join(known)}", param_hint="'--gateway'"
        )
    chosen = tuple(each for each in config.gateways if name in (None, each.name))
    return gateways(config.model_copy(update={"gateways": chosen}))


async def _show(
    source: "AbstractAsyncContextManager[Look]",
    gateway: str | None,
    interval: float | None,
    as_json: bool,
    direct: bool,
) -> bool:
    """Show it once, or every `interval` seconds; return whether there was an answer."""
    import asyncio

    from exporter.cli.status.screen import Screen
    from exporter.signals import stop_event
    from exporter.status import api

    screen = Screen(detailed=gateway is not None)
    async with source as look:
        if interval is not None:
            stop = stop_event()
            watching = asyncio.create_task(screen.watch(look, interval))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            return True
        with screen.waiting():
            content = await look()
    told = api.load(content)
    if as_json:
        typer.echo(content)
    else:
        screen.show(told)
    return not direct or any(each.contact == "answers" for each in told.gateways)
