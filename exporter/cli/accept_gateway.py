"""`enphase-exporter accept-gateway`: lets the exporter log in to a gateway that was replaced."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import ConfigFile, GatewayName, LogFormat, QuietLevel, choose_gateway

if TYPE_CHECKING:
    from exporter.config import Gateway


def command(
    *,
    config_file: ConfigFile = None,
    gateway: GatewayName = None,
    serial: Annotated[
        str | None,
        typer.Option(
            "--serial",
            metavar="SERIAL",
            help="The serial number on the new gateway; any other is refused. Without it, you are"
            " asked.",
        ),
    ] = None,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Let the exporter log in to a gateway that was replaced.

    With an Enphase account the exporter gets a token only for the gateway that it knows: another
    device at its address must not get one. This reads the serial number of the gateway that answers
    now, compares it with what you say, and saves it. A running exporter logs in within five
    minutes. With a configured `token` you do not need it: put the token of the new gateway there.
    The exit status is 0 when the gateway was accepted and 1 when not.

    \b
    Examples:
      enphase-exporter accept-gateway --config.file=enphase-exporter.yml
      enphase-exporter accept-gateway --gateway=home --serial=202499000001
    """  # noqa: D301 - \b keeps the lines after it as they are
    import os

    from exporter.config import load
    from exporter.diagnostics.saved_state import load_saved_state
    from exporter.errors import ExporterError, StateError
    from exporter.gateway.auth import accept_serial
    from exporter.logging import setup_logging
    from exporter.text import printable

    setup_logging(log_level or "error", log_format or "logfmt")
    config = load(config_file, os.environ)
    chosen = choose_gateway(config, gateway)
    saved = load_saved_state(config.state_dir, chosen.name)
    current = run_async(_read_serial(chosen, config.state_dir))
    typer.echo(
        f"{chosen.name}: gateway {printable(current)} answers at {chosen.host},"
        f" {'none' if saved.serial is None else saved.serial} was there before"
    )
    if serial is None:
        serial = str(typer.prompt("Serial number on the label of the gateway"))
    if serial.strip() != current:
        raise ExporterError(f"the serial numbers differ: gateway {printable(current)} not accepted")
    try:
        accept_serial(config.state_dir, chosen.name, current)
    except OSError as error:
        raise StateError(
            f"{config.state_dir} cannot be written ({error.strerror}): run it as the exporter's"
            " user"
        ) from None
    typer.echo(f"{chosen.name}: gateway {current} accepted")


async def _read_serial(gateway: "Gateway", directory: Path) -> str:
    from exporter.clock import SystemClock
    from exporter.gateway.client import GatewayClient
    from exporter.gateway.state_model import GatewayState

    client = GatewayClient(gateway, GatewayState(), SystemClock(), directory)
    try:
        return (await client.identify()).serial
    finally:
        await client.close()
