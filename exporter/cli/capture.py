"""`enphase-exporter capture`: records the responses of a gateway, redacted."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import ConfigFile, GatewayName, LogFormat, QuietLevel, choose_gateway

if TYPE_CHECKING:
    from exporter.capture.recorder import RecordedResponse
    from exporter.config import Config, Gateway

#: seconds for the last TLS connection to close
_CLOSE_DELAY = 0.25


def command(
    *,
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder to write; it must not exist, or be empty."),
    ],
    config_file: ConfigFile = None,
    gateway: GatewayName = None,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Record a gateway's responses with personal data redacted.

    It requests everything that can be read, in a few minutes, and writes a folder that `replay`
    serves as a gateway: attach it to a bug report. Serial numbers, addresses, names and secrets are
    replaced by random ones of the same format. Look through the folder before you publish it.
    Missing and refused endpoints are recorded as well. The exit status is 0 when the folder was
    written and 1 when not; then nothing is left behind.

    \b
    Examples:
      enphase-exporter capture my-gateway --config.file=enphase-exporter.yml
      enphase-exporter capture my-gateway --config.file=enphase-exporter.yml --gateway=home
      ENPHASE_HOST=envoy.local ENPHASE_TOKEN_FILE=token.txt enphase-exporter capture my-gateway
    """  # noqa: D301 - \b keeps the lines after it as they are
    import os

    from exporter.capture import writer
    from exporter.config import load
    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    config = load(config_file, os.environ)
    chosen = choose_gateway(config, gateway)
    writer.check(directory)
    if not run_async(_capture_unless_stopped(config, chosen, directory)):
        typer.echo(f"Interrupted: {directory} was not written", err=True)
        # also for SIGTERM: nothing was written, which is not a success
        raise KeyboardInterrupt


async def _capture_unless_stopped(config: "Config", gateway: "Gateway", directory: Path) -> bool:
    """Make a capture; return False if it was interrupted."""
    import asyncio

    from exporter.signals import stop_event

    stopping = asyncio.create_task(stop_event().wait())
    making = asyncio.create_task(_capture(config, gateway, directory))
    await asyncio.wait((making, stopping), return_when=asyncio.FIRST_COMPLETED)
    if making.done():
        stopping.cancel()
        making.result()
        return True
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    # lets TLS close the connection of the running request
    await asyncio.sleep(_CLOSE_DELAY)
    return False


async def _capture(config: "Config", gateway: "Gateway", directory: Path) -> None:
    from exporter.capture import writer
    from exporter.capture.recorder import TARGETS, Recorder
    from exporter.clock import SystemClock
    from exporter.diagnostics.saved_state import load_saved_state
    from exporter.files import in_thread

    memory = await in_thread(partial(load_saved_state, config.state_dir, gateway.name))
    recorder = Recorder(gateway, memory, SystemClock(), config.state_dir)
    answers: list[RecordedResponse] = []
    try:
        identity = await recorder.open()
        with _progress(gateway.name, len(TARGETS)) as show:
            async for answer in recorder.answers():
                answers.append(answer)
                show(answer)
    finally:
        await recorder.close()
    redactor = writer.finish(directory, answers, recorder.identities(), identity)
    replaced = redactor.report()
    sorts = Counter(answer.sort for answer in answers).most_common()
    summary = ", ".join(f"{count} {sort}" for sort, count in sorts)
    typer.echo(f"{directory}: {len(answers)} requests, {summary}")
    typer.echo("Replaced:" if replaced else "Nothing had to be replaced.")
    for line in replaced:
        typer.echo(f"  {line}")
    typer.echo(f"Look through it before you publish it: {directory / writer.README} explains how.")


@contextmanager
def _progress(name: str, total: int) -> "Iterator[Callable[[RecordedResponse], None]]":
    """Yield a function for each response: a bar on a terminal, elsewhere a line for each."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        count = 0

        def say(answer: "RecordedResponse") -> None:
            nonlocal count
            count += 1
            typer.echo(f"{count}/{total} {answer.target}: {answer.outcome}", err=True)

        yield say
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"Reading {name}", total=total)

        def step(answer: "RecordedResponse") -> None:
            bar.update(task, advance=1, description=f"Read {answer.target}")

        yield step
