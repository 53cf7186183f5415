"""`enphase-exporter record`: what the exporter would have said of a scenario, as a file."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli import playing
from exporter.cli.options import LogFormat, LogLevel
from exporter.cli.playing import ScenarioName, Seed

if TYPE_CHECKING:
    from exporter.simulator.scenario import Scenario


def command(
    *,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="Where to write the samples.")
    ],
    name: ScenarioName = "sunny-day",
    interval: Annotated[
        str, typer.Option("--interval", metavar="TIME", help="Time between two scrapes.")
    ] = "60s",
    duration: Annotated[
        str | None,
        typer.Option("--duration", metavar="TIME", help="How long; by default the whole scenario."),
    ] = None,
    seed: Seed = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Play a scenario as fast as possible, and write what the exporter says of it.

    The file is OpenMetrics with time stamps. Prometheus takes it over with promtool:

    \b
      promtool tsdb create-blocks-from openmetrics FILE DIRECTORY

    where DIRECTORY is that of the data, which Prometheus must be told to keep for long enough
    (--storage.tsdb.retention.time): scenarios have dates of their own.

    \b
    Examples:
      enphase-exporter record --scenario=owners-story --output=story.om --interval=5m
      enphase-exporter record --scenario=grid-outage --output=outage.om --duration=1h
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import asyncio

    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    found = playing.scenario(name)
    number = playing.seed(seed)
    pause = playing.duration("--interval", interval, 1)
    lasting = found.duration
    if duration is not None:
        lasting = playing.duration("--duration", duration, pause)
    asyncio.run(_record(found, number, output, pause, lasting))


async def _record(
    scenario: "Scenario", seed: int | None, output: Path, interval: float, seconds: float
) -> None:
    import tempfile

    from rich.console import Console
    from rich.progress import Progress

    from exporter.clock import VirtualClock
    from exporter.errors import ExporterError
    from exporter.simulator.recorder import scrapes
    from exporter.simulator.scenario import Stage

    clock = VirtualClock(scenario.begins)
    stage = Stage(scenario, clock, seed=seed)
    part = output.with_name(f"{output.name}.part")
    try:
        with (
            part.open("wb") as file,
            tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder,
            Progress(console=Console(stderr=True)) as bar,
        ):
            task = bar.add_task(scenario.title, total=seconds)
            async for scrape in scrapes(
                stage.gateway,
                clock,
                name="home",
                seconds=seconds,
                interval=interval,
                state_dir=Path(folder),
                stage=stage,
            ):
                file.write(scrape.lines)
                bar.update(task, completed=scrape.at - scenario.begins)
            file.write(b"# EOF\n")
            bar.update(task, completed=seconds)
        part.replace(output)
    except OSError as error:
        raise ExporterError(
            f"{output}: cannot be written ({error.strerror or error}): choose another --output"
        ) from error
    finally:
        part.unlink(missing_ok=True)
