"""`enphase-exporter status`: the status page in the terminal."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import (
    LogFormat,
    QuietLevel,
    choose_gateways,
    parse_duration_flag,
    parse_url,
)

if TYPE_CHECKING:
    from exporter.cli.status.source import Fetch

_URL = "http://localhost:10055"


def command(
    *,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help=f"Address of the exporter. [default: {_URL}]"),
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
        bool, typer.Option("--direct", help="Read the gateways directly, without an exporter.")
    ] = False,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config.file",
            "--config",
            "-c",
            metavar="FILE",
            help="With --direct: configuration in YAML, found as by `serve`.",
        ),
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="NAME", help="Show only this gateway, in detail."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until Ctrl-C.")] = False,
    interval: Annotated[
        str,
        typer.Option("--interval", metavar="TIME", help="With --watch: time between refreshes."),
    ] = "5s",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Show the state of the house: grid, power, batteries, panels, and what is wrong.

    It shows the content of the status page of a running exporter, without any request to a gateway.
    With --direct it reads the gateways itself, once, in less than a minute. Several gateways are
    shown in a table, worst first. The exit status is 0 when there was an answer, whatever the state
    of the house, 1 when there was none from the exporter, or with --direct from no gateway, and 2
    for invalid options.

    \b
    Examples:
      enphase-exporter status
      enphase-exporter status --watch
      enphase-exporter status --url=http://localhost:10055 --gateway=home
      enphase-exporter status --direct --config.file=enphase-exporter.yml --json
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    seconds = parse_duration_flag("--interval", interval, minimum=1)
    if direct and (url is not None or http_config_file is not None):
        raise typer.BadParameter("does not use an exporter: remove --url", param_hint="'--direct'")
    if config_file is not None and not direct:
        raise typer.BadParameter("is only for --direct", param_hint="'--config.file'")
    if watch and as_json:
        raise typer.BadParameter("cannot be combined with --json", param_hint="'--watch'")
    source = (
        _gateways(config_file, gateway)
        if direct
        else _exporter(url or _URL, gateway, http_config_file)
    )
    if not run_async(_show(source, gateway, seconds if watch else None, as_json, direct)):
        raise typer.Exit(1)


def _exporter(
    url: str, gateway: str | None, file: Path | None
) -> "AbstractAsyncContextManager[Fetch]":
    from exporter.cli.status.source import exporter

    return exporter(parse_url("--url", url, _URL), gateway, file)


def _gateways(file: Path | None, name: str | None) -> "AbstractAsyncContextManager[Fetch]":
    import os

    from exporter.cli.status.source import gateways
    from exporter.config import load

    config = load(file, os.environ)
    chosen = tuple(choose_gateways(config, name))
    return gateways(config.model_copy(update={"gateways": chosen}))


async def _show(
    source: "AbstractAsyncContextManager[Fetch]",
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
    async with source as fetch:
        if interval is not None:
            stop = stop_event()
            watching = asyncio.create_task(screen.watch(fetch, interval))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            return True
        with screen.waiting():
            content = await fetch()
    states = api.load(content)
    if as_json:
        typer.echo(content)
    else:
        screen.show(states)
    return not direct or any(each.contact == "answers" for each in states.gateways)
