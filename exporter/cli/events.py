"""`enphase-exporter events`: the gateway's own event log."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import ConfigFile, GatewayName, LogFormat, QuietLevel, parse_duration_flag

if TYPE_CHECKING:
    from exporter.config import Config, Gateway
    from exporter.gateway.client import GatewayClient
    from exporter.gateway.endpoints.events import GatewayEvent


def command(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new events until Ctrl-C.")
    ] = False,
    interval: Annotated[
        str, typer.Option("--interval", metavar="TIME", help="With --follow: time between reads.")
    ] = "60s",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per event.")
    ] = False,
    gateway: GatewayName = None,
    config_file: ConfigFile = None,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Show the gateway's own log of events, oldest first.

    It reads the last hundred events: outages, inverters that failed, updates, in the local time of
    the gateway. Some firmware lets only an installer read them. The exit status is 1 when the login
    is not permitted to read them or the gateway has no such log.

    \b
    Examples:
      enphase-exporter events
      enphase-exporter events --follow
      enphase-exporter events --json --gateway=home
    """  # noqa: D301 - \b keeps the lines after it as they are
    import os

    from exporter.cli.options import choose_gateway
    from exporter.config import load
    from exporter.logging import setup_logging
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()
    setup_logging(log_level or "error", log_format or "logfmt")
    seconds = parse_duration_flag("--interval", interval, minimum=10)
    config = load(config_file, os.environ)
    chosen = choose_gateway(config, gateway)
    run_async(_show(config, chosen, seconds if follow else None, as_json=as_json))


async def _show(
    config: "Config", gateway: "Gateway", interval: float | None, *, as_json: bool
) -> None:
    import asyncio

    from exporter.clock import SystemClock
    from exporter.diagnostics.saved_state import load_saved_state
    from exporter.errors import GatewayError
    from exporter.gateway.client import GatewayClient

    clock = SystemClock()
    state = load_saved_state(config.state_dir, gateway.name)
    client = GatewayClient(gateway, state, clock, config.state_dir)
    printed: set[GatewayEvent] = set()
    try:
        await client.connect()
        while True:
            try:
                events = await _read(client, gateway.name)
            except GatewayError as error:
                # while following, the gateway may be restarting
                if interval is None or not printed:
                    raise
                typer.echo(f"enphase-exporter: {error}", err=True)
                events = {}
            # by what they say, too: a gateway that was reset starts counting again
            _print([each for each in events.values() if each not in printed], as_json)
            printed.update(events.values())
            if interval is None:
                return
            await asyncio.sleep(interval)
    finally:
        await client.close()


async def _read(client: "GatewayClient", name: str) -> "dict[int, GatewayEvent]":
    """Return the events by number; raise GatewayError."""
    from exporter.errors import EndpointAbsentError, LoginRefusedError, NotPermittedError
    from exporter.gateway.endpoints.events import ENDPOINT

    try:
        response = await client.get(ENDPOINT.path, deadline=ENDPOINT.deadline)
    except (NotPermittedError, LoginRefusedError):
        raise NotPermittedError(
            f"{name}: this login is not permitted to read the event log; on some firmware only an"
            " installer's is (`enphase-exporter check` tests the login)"
        ) from None
    except EndpointAbsentError:
        raise EndpointAbsentError(f"{name}: this gateway has no event log") from None
    events: dict[int, GatewayEvent] = ENDPOINT.parse(response.body).data.get("events", {})
    return events


def _print(events: "list[GatewayEvent]", as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from exporter.logging import mask
    from exporter.text import printable

    for event in events:
        if as_json:
            # ASCII, because a text of the gateway must not control a terminal
            typer.echo(json.dumps(asdict(event)))
            continue
        action = {"set": "began", "clear": "ended"}.get(event.action, "")
        device = " ".join(filter(None, (event.device, event.serial)))
        line = f"{event.time:<24} {action:<6} {event.event}" + (f"  ({device})" if device else "")
        typer.echo(printable(mask(line)))
