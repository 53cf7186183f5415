"""`enphase-exporter simulate`: a simulated gateway on the network, running a scenario."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from typing import TYPE_CHECKING, Annotated

import typer

from exporter.address import Address, parse
from exporter.cli.interrupts import run_async
from exporter.cli.options import LogFormat, LogLevel
from exporter.cli.simulation import require_simulator
from exporter.cli.simulation.scenario_options import (
    ScenarioName,
    Seed,
    parse_scenario,
    parse_seed,
    parse_speed,
)

if TYPE_CHECKING:
    from exporter.simulator.scenario import Scenario


def command(
    *,
    listing: Annotated[bool, typer.Option("--list", help="List the scenarios and exit.")] = False,
    name: ScenarioName = "sunny-day",
    listen_address: Annotated[
        str,
        typer.Option("--listen-address", metavar="[HOST]:PORT", help="Where to serve the gateway."),
    ] = "127.0.0.1:10056",
    seed: Seed = None,
    speed: Annotated[
        str,
        typer.Option("--speed", metavar="X", help="How many times as fast as the wall clock."),
    ] = "1",
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run a simulated gateway and a scenario.

    It prints the ENPHASE_* variables that let `serve` read it, and the events as they happen.
    Time stamps are moved to the present. The home goes on after the end of the scenario.

    \b
    Examples:
      enphase-exporter simulate --list
      enphase-exporter simulate --scenario=grid-outage
      enphase-exporter simulate --scenario=my-home.yml --speed=60 --listen-address=:8443
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.logging import setup_logging

    setup_logging(log_level or "info", log_format or "logfmt")
    require_simulator()
    if listing:
        _list()
        return
    scenario = parse_scenario(name)
    run_async(_serve(scenario, parse_seed(seed), parse_speed(speed), parse(listen_address)))


def _list() -> None:
    from exporter.durations import format_duration
    from exporter.simulator.scenario import find_scenario, scenario_names

    rows = [("NAME", "DURATION", "TITLE")]
    for name in scenario_names():
        scenario = find_scenario(name)
        rows.append((name, format_duration(scenario.duration), scenario.title))
    for name, duration, title in rows:
        typer.echo(f"{name:<20}{duration:<10}{title}")


async def _serve(scenario: "Scenario", seed: int | None, speed: float, where: Address) -> None:
    import asyncio
    import time

    from exporter.clock import FastClock
    from exporter.signals import stop_event
    from exporter.simulator import server, tokens
    from exporter.simulator.scenario import ScenarioMessage, ScenarioRunner
    from exporter.simulator.scenario.time_shift import TimeShiftedGateway

    stop = stop_event()
    clock = FastClock(scenario.begins, speed)
    runner = ScenarioRunner(scenario, clock, seed=seed)
    gateway = TimeShiftedGateway(runner.gateway, clock.time, time.time)
    async with server.serve(gateway, host=where.host or "", port=where.port) as running:
        runner.attach(running)
        # at the start, even where the first events have come and gone while it was printed
        serial = scenario.site.serial
        typer.echo(f"{scenario.title}: gateway {serial}, at {running.url}")
        typer.echo(f"ENPHASE_HOST={running.host}")
        if gateway.uses_tls:
            first = tokens.make(
                serial, now=time.time(), user=scenario.account, lifetime=scenario.token
            )
            typer.echo(f"ENPHASE_TOKEN={first}")

        def on_message(message: ScenarioMessage) -> None:
            nonlocal serial
            local = scenario.local(message.at)
            typer.echo(f"{local:%Y-%m-%d %H:%M}  {message.text}")
            if gateway.serial != serial and gateway.uses_tls:
                serial = gateway.serial
                typer.echo(f"ENPHASE_TOKEN={running.issue(scenario.account)}")

        following = asyncio.create_task(runner.follow(on_message))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((following, stopping), return_when=asyncio.FIRST_COMPLETED)
        following.cancel()
        stopping.cancel()
        for task in (following, stopping):
            if task.done() and not task.cancelled():
                task.result()
