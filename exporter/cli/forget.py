"""`enphase-exporter forget`: stops expecting hardware that was removed for good."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import raise_on_interrupt
from exporter.cli.options import ConfigFile, LogFormat, QuietLevel

if TYPE_CHECKING:
    from exporter.gateway.state_model import GatewayState


def command(
    *,
    gateway: Annotated[str, typer.Argument(metavar="GATEWAY", help="Name of the gateway.")],
    serials: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERIAL...]",
            help="Serial numbers, or what a missing meter measured; none lists what is known.",
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Expect these devices again once they are seen.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    config_file: ConfigFile = None,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Retire hardware that was removed for good.

    Nothing is expected of it any more: its series and alerts end, no counter moves, and a device
    that is still reported is ignored. A meter that was switched off or set up for something else is
    known by what it measured. A running exporter applies it within a minute. Without serial numbers
    it lists the devices of the gateway. `retired:` in the configuration does the same.

    \b
    Examples:
      enphase-exporter forget home
      enphase-exporter forget home 482200001001
      enphase-exporter forget home 482200001001 --undo
      enphase-exporter forget home net-consumption
    """  # noqa: D301 - \b keeps the lines after it as they are
    import os

    from exporter.cli.options import choose_gateway
    from exporter.config import load
    from exporter.diagnostics.saved_state import load_saved_state
    from exporter.errors import ConfigError
    from exporter.gateway.retired import RetiredFile
    from exporter.logging import setup_logging
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()
    setup_logging(log_level or "error", log_format or "logfmt")
    config = load(config_file, os.environ)
    chosen = choose_gateway(config, gateway)
    state = load_saved_state(config.state_dir, chosen.name)
    file = RetiredFile(config.state_dir, chosen.name)
    retired = file.read()
    if not serials:
        _list(state, retired | set(chosen.retired))
        return
    present = {serial for entries in _devices(state).values() for serial in entries}
    unknown = sorted(set(serials) - present - retired)
    if unknown:
        raise ConfigError(
            f"{chosen.name}: unknown serial number {', '.join(unknown)}: `enphase-exporter forget"
            f" {chosen.name}` lists the devices"
        )
    if undo:
        configured = sorted(set(serials) & set(chosen.retired))
        if configured:
            raise ConfigError(
                f"{', '.join(configured)}: remove it from `retired` in the configuration"
            )
        file.write(retired - set(serials))
        typer.echo(f"{chosen.name}: expects {', '.join(serials)} again once it is seen.")
        return
    raise_on_interrupt()
    _confirm(state, serials, yes=yes)
    file.write(retired | set(serials))
    typer.echo(
        f"{chosen.name}: forgot {', '.join(serials)}; a running exporter applies it within a"
        " minute."
    )


def _devices(state: "GatewayState") -> dict[str, dict[str, float | None]]:
    """Return when each device went missing (epoch seconds), None if it is there, by kind."""
    from exporter.gateway.inventory import ROLE_KINDS, SERIAL_KINDS

    return {
        kind: {serial: entry.missing_since for serial, entry in sorted(entries.items())}
        for kind, entries in sorted(state.inventory.items())
        if kind in SERIAL_KINDS | ROLE_KINDS
    }


def _list(state: "GatewayState", retired: set[str] | frozenset[str]) -> None:
    from datetime import datetime

    devices = _devices(state)
    if not devices and not retired:
        typer.echo("No device is known yet: run `enphase-exporter serve` first.")
    for kind, entries in devices.items():
        for serial, missing_since in entries.items():
            status = "present"
            if missing_since is not None:
                moment = datetime.fromtimestamp(missing_since).astimezone()
                status = f"missing since {moment:%Y-%m-%d %H:%M}"
            typer.echo(f"{kind:<12} {serial:<16} {'retired' if serial in retired else status}")
    present = {serial for entries in devices.values() for serial in entries}
    for serial in sorted(retired - present):
        typer.echo(f"{'':<12} {serial:<16} retired")


def _confirm(state: "GatewayState", serials: list[str], *, yes: bool) -> None:
    """Ask if one of the devices is still there."""
    from exporter.errors import ConfigError
    from exporter.gateway.inventory import ROLE_KINDS

    still = {
        kind: [each for each, since in entries.items() if each in serials and since is None]
        for kind, entries in _devices(state).items()
    }
    roles = [f"{kind} {each}" for kind in sorted(ROLE_KINDS & still.keys()) for each in still[kind]]
    if roles:
        raise ConfigError(f"{', '.join(roles)}: is still reported; only what is missing can go")
    present = [f"{kind} {serial}" for kind, serials in still.items() for serial in serials]
    if not present or yes:
        return
    typer.echo(f"The gateway still reports {', '.join(present)}: it would be ignored.")
    if not sys.stdin.isatty():
        raise ConfigError("give --yes to forget hardware that is still there")
    typer.confirm("Forget it?", abort=True)
