"""`enphase-exporter replay`: a recorded gateway on the network."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from pathlib import Path
from typing import Annotated

import typer

from exporter.address import Address, parse
from exporter.cli.interrupts import run_async
from exporter.cli.options import LogFormat, LogLevel
from exporter.cli.simulation import require_simulator


def command(
    *,
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder written by `enphase-exporter capture`."),
    ],
    listen_address: Annotated[
        str,
        typer.Option("--listen-address", metavar="[HOST]:PORT", help="Where to serve the gateway."),
    ] = "127.0.0.1:10056",
    now: Annotated[
        bool, typer.Option("--now", help="Move all time stamps to the present.")
    ] = False,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Serve a capture as a gateway.

    It prints the ENPHASE_* variables that let `serve` read it.

    \b
    Examples:
      enphase-exporter replay captures/home --now
      enphase-exporter replay captures/home --listen-address=:8443
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.logging import setup_logging

    setup_logging(log_level or "info", log_format or "logfmt")
    require_simulator()
    run_async(_serve(directory, parse(listen_address), now))


async def _serve(directory: Path, where: Address, now: bool) -> None:
    import time

    from exporter.signals import stop_event
    from exporter.simulator import replay, server

    stop = stop_event()
    gateway = replay.load_capture(directory, now=time.time if now else None)
    async with server.serve(gateway, host=where.host or "", port=where.port) as running:
        typer.echo(f"Gateway {gateway.serial}, firmware {gateway.firmware}, at {running.url}")
        typer.echo(f"ENPHASE_HOST={running.host}")
        if gateway.uses_tls:
            typer.echo(f"ENPHASE_TOKEN={running.token}")
        await stop.wait()
