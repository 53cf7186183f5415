"""`enphase-exporter demo`: a simulated home and the exporter beside it, to see what it is about."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from typing import TYPE_CHECKING, Annotated

import typer

from exporter.address import Address, parse
from exporter.cli import playing
from exporter.cli.options import LogFormat, LogLevel
from exporter.cli.playing import ScenarioName, Seed

if TYPE_CHECKING:
    from exporter.simulator.scenario import Scenario

#: printed once, of the hundreds there are
_DOZEN = (
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
        typer.Option("--speed", metavar="X", help="How many times as fast as the wall clock."),
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
    """Run a simulated home, let a scenario happen there, and the exporter beside it.

    The exporter's clock runs as fast as the home's. Beside a Prometheus, whose clock does not, a
    speed of 1 is right.

    \b
    Examples:
      enphase-exporter demo
      enphase-exporter demo --scenario=grid-outage
      enphase-exporter demo --scenario=owners-story --speed=3600
      enphase-exporter demo --speed=1 --web.listen-address=:10055
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import asyncio

    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    found = playing.scenario(name)
    number, fast = playing.seed(seed), playing.speed(speed)
    asyncio.run(_run(found, number, fast, parse(listen_address)))


async def _run(scenario: "Scenario", seed: int | None, speed: float, where: Address) -> None:
    import asyncio
    import tempfile
    import time
    from pathlib import Path

    from rich.console import Console

    from exporter.cli.screen import Screen
    from exporter.clock import FastClock
    from exporter.config import Config
    from exporter.manager import PollerManager
    from exporter.serve import listening
    from exporter.signals import stop_event
    from exporter.simulator.layout import labels
    from exporter.simulator.recorder import Keys
    from exporter.simulator.scenario import Said, Stage
    from exporter.simulator.scenario.present import Present
    from exporter.simulator.server import serve
    from exporter.web.config import WebConfig

    stop = stop_event()
    # Two clocks at one pace: the scenario has a date of its own, the exporter lives today.
    then, now = FastClock(scenario.begins, speed), FastClock(time.time(), speed)
    stage = Stage(scenario, then, seed=seed)
    gateway = Present(stage.gateway, then.time, now.time)
    with tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder:
        manager = PollerManager(Path(folder), now)
        console = Console(highlight=False, soft_wrap=True)
        screen = Screen(console, manager.exposition, lambda: manager.status_store.status("demo"))
        async with (
            serve(gateway, now=now.time) as running,
            listening(manager, WebConfig.load(None), where) as (_, port),
        ):
            stage.drive(running)
            keys = Keys(running, Path(folder) / "token")
            keys.write(scenario.token)
            home = {
                "host": running.host,
                "name": "demo",
                "token_file": keys.path,
                "inverters": labels(scenario),
            }
            await manager.apply_config(
                Config.model_validate({"gateways": [home], "state_dir": folder})
            )
            base = f"http://{where.host or 'localhost'}:{port}"
            places = {
                "Scenario": scenario.title,
                "Gateway": running.url,
                "Metrics": f"{base}/metrics",
                "Status page": f"{base}/",
            }

            def tell(said: Said) -> None:
                keys.write()
                screen.say(f"{scenario.local(said.at):%Y-%m-%d %H:%M}  {said.text}")

            async def show() -> None:
                await manager.wait_ready()
                screen.welcome(places, _DOZEN)
                await screen.live(lambda: scenario.local(then.time()))

            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(work) for work in (show(), stage.follow(tell))]
                    await stop.wait()
                    for task in tasks:
                        task.cancel()
            finally:
                await manager.close()
