"""`enphase-exporter capture`: what a gateway answers, as a folder that can be given away."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.options import LogFormat, QuietLevel

if TYPE_CHECKING:
    from exporter.capture.recorder import Taken
    from exporter.config import Config, Gateway

#: seconds for the last connection to end decently
_FAREWELL = 0.25


def command(
    *,
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder to write; it must not be there, or be empty."),
    ],
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config.file",
            "--config",
            "-c",
            metavar="FILE",
            help="Configuration in YAML; without it, one gateway from the environment.",
        ),
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option(
            "--gateway", metavar="NAME", help="Which of the gateways, where there are several."
        ),
    ] = None,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Record what a gateway answers, without saying whose it is.

    It asks for everything that can be read, about thirty questions within a minute or two, and
    writes a folder that `replay` serves as a gateway: what a bug report needs. Serial numbers,
    addresses, names and secrets are replaced by stand-ins of the same shape; look the folder
    through before you give it away. What the gateway does not have or refuses is recorded as well.
    The exit status is 0 when the folder was written and 1 when not; then nothing is left behind.

    \b
    Examples:
      enphase-exporter capture my-gateway --config.file=enphase-exporter.yml
      enphase-exporter capture my-gateway --config.file=enphase-exporter.yml --gateway=home
      ENPHASE_HOST=envoy.local ENPHASE_TOKEN_FILE=token.txt enphase-exporter capture my-gateway
    """  # noqa: D301 - \b keeps the lines after it as they are
    import asyncio
    import os

    from exporter.capture import writer
    from exporter.config import load
    from exporter.logging import setup_logging

    setup_logging(log_level or "error", log_format or "logfmt")
    config = load(config_file, os.environ)
    chosen = _chosen(config, gateway)
    writer.check(directory)
    if not asyncio.run(_capture_unless_stopped(config, chosen, directory)):
        typer.echo(f"Interrupted: {directory} was not written", err=True)
        # also for SIGTERM: ended, it has done nothing, which is no success
        raise KeyboardInterrupt


def _chosen(config: "Config", name: str | None) -> "Gateway":
    """Return the gateway of this name; without a name, the only one."""
    known = {each.name: each for each in config.gateways}
    if name is None and len(known) == 1:
        return config.gateways[0]
    if name in known:
        return known[name]
    told = "say which gateway" if name is None else f"no gateway is named '{name}'"
    raise typer.BadParameter(f"{told}: there is {', '.join(known)}", param_hint="'--gateway'")


async def _capture_unless_stopped(config: "Config", gateway: "Gateway", directory: Path) -> bool:
    """Make a capture; return whether it was made, as nobody stopped it before."""
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
    # TLS takes its leave of the question that was under way
    await asyncio.sleep(_FAREWELL)
    return False


async def _capture(config: "Config", gateway: "Gateway", directory: Path) -> None:
    from exporter.capture import readme, writer
    from exporter.capture.finishing import finish
    from exporter.capture.recorder import Recorder
    from exporter.capture.targets import TARGETS
    from exporter.clock import SystemClock
    from exporter.diagnostics.saved_state import load_saved_state, save_token

    memory = load_saved_state(config.state_dir, gateway.name)
    before = memory.token
    recorder = Recorder(gateway, memory, SystemClock())
    answers: list[Taken] = []
    try:
        identity = await recorder.open()
        if memory.token and memory.token != before:
            # the cloud gives no other soon
            save_token(config.state_dir, gateway.name, memory.token)
        with _progress(gateway.name, len(TARGETS)) as show:
            async for answer in recorder.answers():
                answers.append(answer)
                show(answer)
    finally:
        await recorder.close()
    redactor = finish(directory, answers, recorder.known(), identity)
    replaced = redactor.report()
    typer.echo(f"{directory}: {len(answers)} questions, {readme.summary(answers)}")
    typer.echo("Replaced by stand-ins:" if replaced else "Nothing was found to be replaced.")
    for line in readme.report(replaced):
        typer.echo(f"  {line}")
    typer.echo(f"Look it through before you give it away: {directory / writer.README} says how.")


@contextmanager
def _progress(name: str, total: int) -> "Iterator[Callable[[Taken], None]]":
    """Yield what to call with each answer: a bar on a terminal, elsewhere a line for each."""
    from rich.console import Console
    from rich.progress import Progress

    from exporter.capture import readme

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        count = 0

        def say(answer: "Taken") -> None:
            nonlocal count
            count += 1
            typer.echo(f"{count}/{total} {answer.target}: {readme.outcome(answer)}", err=True)

        yield say
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"Asking {name}", total=total)

        def step(answer: "Taken") -> None:
            bar.update(task, advance=1, description=f"Asked {answer.target}")

        yield step
