"""`enphase-exporter record`: the metrics of a scenario, as a file for Prometheus."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import LogFormat, LogLevel, parse_duration_flag
from exporter.cli.simulation.scenario_options import ScenarioName, Seed, parse_scenario, parse_seed

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
    """Run a scenario in virtual time, and write what Prometheus would have scraped.

    The file is OpenMetrics with time stamps. Import it with promtool:

    \b
      promtool tsdb create-blocks-from openmetrics FILE DIRECTORY

    where DIRECTORY is the data directory of Prometheus. Its retention must be long enough, as
    scenarios have dates of their own (--storage.tsdb.retention.time).

    \b
    Examples:
      enphase-exporter record --scenario=owners-story --output=story.om --interval=5m
      enphase-exporter record --scenario=grid-outage --output=outage.om --duration=1h
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    scenario = parse_scenario(name)
    number = parse_seed(seed)
    pause = parse_duration_flag("--interval", interval, minimum=1)
    seconds = scenario.duration
    if duration is not None:
        seconds = parse_duration_flag("--duration", duration, minimum=pause)
    run_async(_record(scenario, number, output, pause, seconds))


async def _record(
    scenario: "Scenario", seed: int | None, output: Path, interval: float, seconds: float
) -> None:
    import tempfile

    from rich.console import Console
    from rich.progress import Progress

    from exporter.clock import VirtualClock
    from exporter.errors import ExporterError
    from exporter.simulator.recorder import record_scrapes
    from exporter.simulator.scenario import ScenarioRunner

    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock, seed=seed)
    part = output.with_name(f"{output.name}.part")
    try:
        with (
            part.open("wb") as file,
            tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder,
            Progress(console=Console(stderr=True)) as bar,
        ):
            task = bar.add_task(scenario.title, total=seconds)
            async for scrape in record_scrapes(
                runner.gateway,
                clock,
                name="home",
                seconds=seconds,
                interval=interval,
                state_dir=Path(folder),
                runner=runner,
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
