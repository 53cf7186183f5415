"""`enphase-exporter demo`: a sample home and the exporter beside it, to see what it is about."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from typing import Annotated

import typer

from exporter.cli.options import LogFormat, LogLevel

#: what is shown of the home; all the rest is on /metrics
SHOWN = (
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
    "enphase_tariff_import_price",
    "enphase_token_expiry_timestamp_seconds",
)


def command(
    *,
    listen_address: Annotated[
        str,
        typer.Option(
            "--web.listen-address", metavar="[HOST]:PORT", help="Where to serve the metrics."
        ),
    ] = "127.0.0.1:10055",
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run a home with 24 inverters and 6 batteries, and the exporter beside it.

    \b
    Examples:
      enphase-exporter demo
      enphase-exporter demo --web.listen-address=:10055
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.cli.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import asyncio

    from exporter import logs
    from exporter.address import parse

    logs.setup(log_level or "warn", log_format or "logfmt")
    asyncio.run(_run(*parse(listen_address)))


async def _run(host: str | None, port: int) -> None:
    import asyncio
    import tempfile
    import time
    from pathlib import Path

    from rich.console import Console

    from exporter.address import Address
    from exporter.cli.signals import stop_event
    from exporter.clock import SystemClock
    from exporter.config import Config
    from exporter.serve import listening
    from exporter.simulator.homes import home
    from exporter.simulator.server import serve
    from exporter.watch import Watch
    from exporter.web.config import WebConfig

    console = Console(highlight=False, soft_wrap=True)
    stop = stop_event()
    with tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder:
        state = Path(folder)
        watch = Watch(state, SystemClock())
        async with (
            serve(home("battery-home", time.time)) as gateway,
            listening(watch, WebConfig.load(None), Address(host, port)) as (_, taken),
        ):
            login = {"host": gateway.host, "name": "demo", "token": gateway.token}
            await watch.adopt(Config.model_validate({"gateways": [login], "state_dir": state}))
            while not watch.ready and not stop.is_set():  # noqa: ASYNC110 - a start, once
                await asyncio.sleep(0.05)
            base = f"http://{host or 'localhost'}:{taken}"
            console.print(f"Gateway of a sample home  https://{gateway.host}")
            console.print(f"Metrics                   {base}/metrics")
            console.print(f"Landing page              {base}/\n")
            for name in SHOWN:
                for line in watch.exposition.serve("", "", [name])[0].decode().splitlines():
                    if not line.startswith("#"):
                        console.print(line)
            console.print("\nCtrl-C ends it.")
            await stop.wait()
            await watch.close()
