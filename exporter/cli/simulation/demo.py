"""`enphase-exporter demo`: a simulated home and the exporter in one process."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from typing import TYPE_CHECKING, Annotated

import typer

from exporter.address import Address, parse
from exporter.cli.interrupts import run_async
from exporter.cli.options import LogFormat, LogLevel
from exporter.cli.simulation.scenario_options import (
    ScenarioName,
    Seed,
    parse_scenario,
    parse_seed,
    parse_speed,
)

if TYPE_CHECKING:
    from exporter.simulator.scenario import Scenario

#: above this speed nothing is read more often than once in a second on the wall, but everything
#: every ten minutes of the home's: later, data would be told to be old
_SMOOTH, _LONGEST_CADENCE = 60.0, 600.0
#: metrics that are printed once
_METRICS = (
    "enphase_up",
    "enphase_grid_connected",
    "enphase_production_watts",
    "enphase_consumption_watts",
    "enphase_net_consumption_watts",
    "enphase_storage_watts",
    "enphase_storage_soc_ratio",
    "enphase_storage_available_joules",
    "enphase_encharge_soc_ratio",
    "enphase_gateway_cloud_connected",
    "enphase_gateway_cloud_last_report_timestamp_seconds",
    "enphase_tariff_import_price",
)


def command(
    *,
    name: ScenarioName = "sunny-day",
    speed: Annotated[
        str,
        typer.Option("--speed", metavar="X", help="How many times as fast as the wall, at most."),
    ] = "60",
    seed: Seed = None,
    listen_address: Annotated[
        str,
        typer.Option(
            "--web.listen-address", metavar="[HOST]:PORT", help="Where to serve the metrics."
        ),
    ] = "127.0.0.1:10055",
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run a simulated home with a scenario, and the exporter, in one process.

    The exporter's clock runs as fast as the home's. Use a speed of 1 when Prometheus scrapes it.

    \b
    Examples:
      enphase-exporter demo
      enphase-exporter demo --scenario=grid-outage
      enphase-exporter demo --scenario=owners-story --speed=3600
      enphase-exporter demo --speed=1 --web.listen-address=:10055
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    scenario = parse_scenario(name)
    run_async(_run(scenario, parse_seed(seed), parse_speed(speed), parse(listen_address)))


async def _run(  # noqa: PLR0915 - the parts of the demo, one after the other
    scenario: "Scenario", seed: int | None, speed: float, where: Address
) -> None:
    import asyncio
    import errno
    import tempfile
    import time
    from pathlib import Path

    from rich.console import Console

    from exporter.cli.simulation.demo_display import DemoDisplay
    from exporter.clock import FastClock
    from exporter.config import Config
    from exporter.manager import PollerManager
    from exporter.serve import listening
    from exporter.signals import stop_event
    from exporter.simulator.paced_clock import PacedClock, ShiftedClock
    from exporter.simulator.panel_labels import panel_labels
    from exporter.simulator.recorder import SimulatedTokenFile, cadences_of_at_least
    from exporter.simulator.scenario import ScenarioMessage, ScenarioRunner
    from exporter.simulator.scenario.time_shift import TimeShiftedGateway
    from exporter.simulator.server import serve
    from exporter.web.config import WebConfig

    stop, output_closed = stop_event(), False
    now = time.time()
    # nobody else has the time of a home that is faster than the wall: it waits for the exporter
    clock = PacedClock(now, speed) if speed > 1.0 else FastClock(now, speed)
    wait = clock.watch if isinstance(clock, PacedClock) else clock.sleep
    # the scenario has a date of its own, the exporter runs at the present, both at the same speed
    scenario_clock = ShiftedClock(clock, scenario.begins - now)
    runner = ScenarioRunner(scenario, scenario_clock, seed=seed)
    gateway = TimeShiftedGateway(runner.gateway, scenario_clock.time, clock.time)
    with tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder:
        manager = PollerManager(Path(folder), clock)
        console = Console(highlight=False, soft_wrap=True)
        display = DemoDisplay(
            console, manager.exposition, lambda: manager.status_store.status("demo")
        )
        async with (
            serve(gateway, now=clock.time) as running,
            listening(manager, WebConfig.load(None), where) as (_, port),
        ):
            runner.attach(running)
            token_file = SimulatedTokenFile(running, Path(folder) / "token", scenario.account)
            token_file.write(scenario.token)
            least = min(speed, _LONGEST_CADENCE) if speed > _SMOOTH else 0.0
            home = {
                "host": running.host,
                "name": "demo",
                "token_file": token_file.path,
                "inverters": panel_labels(scenario),
                "cadences": cadences_of_at_least(least),
            }
            await manager.apply_config(
                Config.model_validate({"gateways": [home], "state_dir": folder})
            )
            base = f"http://{where.host or 'localhost'}:{port}"
            addresses = {"Scenario": scenario.title, "Gateway": running.url}
            addresses |= {"Metrics": f"{base}/metrics", "Status page": f"{base}/"}

            def on_message(message: ScenarioMessage) -> None:
                token_file.write()
                local = scenario.local(message.at)
                display.show_message(f"{local:%Y-%m-%d %H:%M}  {message.text}")

            async def show() -> None:
                await manager.wait_ready()
                await display.wait_for(_METRICS)
                display.show_start(addresses, _METRICS)
                await display.run(lambda: scenario.local(scenario_clock.time()))

            try:
                async with asyncio.TaskGroup() as group:
                    works = show(), runner.follow(on_message, wait)
                    tasks = [group.create_task(work) for work in works]
                    await stop.wait()
                    for task in tasks:
                        task.cancel()
            except* BrokenPipeError:
                # out of the group: `demo | head` is no error
                output_closed = True
            finally:
                await manager.close()
    if output_closed:
        raise BrokenPipeError(errno.EPIPE, "the output is closed")
