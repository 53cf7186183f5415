"""`enphase-exporter check`: a diagnosis, step by step, that says what to do about a failure."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exporter.cli.options import LogFormat, QuietLevel

if TYPE_CHECKING:
    from asyncio import Semaphore

    from exporter.clock import Clock
    from exporter.config import Config, Gateway
    from exporter.diagnostics import StepResult

#: gateways under diagnosis at the same time
_AT_ONCE = 50


def command(
    *,
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
        typer.Option("--gateway", metavar="NAME", help="Only this one of the gateways."),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            "--prometheus",
            metavar="URL",
            help="Also whether this Prometheus has the data, such as http://localhost:9090.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Find out, step by step, what does not work.

    From the name of the gateway to the first samples, it tries what the exporter has to do, and
    says of each failure what it means and what to do next. It asks a gateway as the exporter does,
    about twenty questions, and takes less than a minute whatever hangs. The exit status is 0 when
    all is well, be it with warnings, 1 when a step has failed, and 2 for flags that do not fit.

    \b
    Examples:
      enphase-exporter check --config.file=enphase-exporter.yml
      ENPHASE_HOST=envoy.local ENPHASE_TOKEN_FILE=token.txt enphase-exporter check
      enphase-exporter check --config.file=enphase-exporter.yml --gateway=home --json
      enphase-exporter check --config.file=enphase-exporter.yml --prometheus=http://localhost:9090
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import asyncio
    import os

    from exporter.config import load
    from exporter.logging import setup_logging

    # A diagnosis says in its own words what the log would say.
    setup_logging(log_level or "error", log_format or "logfmt")
    config = load(config_file, os.environ)
    known = [each.name for each in config.gateways]
    if gateway not in (None, *known):
        raise typer.BadParameter(
            f"no gateway is named '{gateway}': there is {', '.join(known)}",
            param_hint="'--gateway'",
        )
    chosen = [each for each in config.gateways if gateway in (None, each.name)]
    if not asyncio.run(_check(config, chosen, _url(prometheus), as_json)):
        raise typer.Exit(1)


def _url(text: str | None) -> str | None:
    if text is None:
        return None
    from yarl import URL

    try:
        url = URL(text)
        right = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        right = False
    if not right or url.user or url.password:
        raise typer.BadParameter(
            "write the address of Prometheus without user and password, such as"
            " http://localhost:9090",
            param_hint="'--prometheus'",
        )
    return text


async def _check(
    config: "Config", gateways: "list[Gateway]", prometheus: str | None, as_json: bool
) -> bool:
    """Check everything at once and show it in order; return whether nothing has failed."""
    import asyncio

    from exporter.address import parse
    from exporter.cli.check_output import console, follow, summary
    from exporter.clock import SystemClock
    from exporter.diagnostics import StepStatus
    from exporter.diagnostics.prometheus import check as check_prometheus

    screen = console()
    names = [each.name for each in gateways]
    # one for all: attempts at an account are counted by it
    clock = SystemClock()
    turn = asyncio.Semaphore(_AT_ONCE)
    sections: list[tuple[str, str, AsyncIterator[StepResult]]] = []
    async with asyncio.TaskGroup() as group:
        sections += [
            (each.name, each.host, _started(group, _steps(config, each, clock, turn)))
            for each in gateways
        ]
        if prometheus:
            port = parse(config.web.listen_address).port
            found = check_prometheus(prometheus, names, port)
            sections.append(("Prometheus", prometheus, _started(group, _all(found))))
        told: list[dict[str, Any]] = []
        well = True
        for name, where, results in sections:
            if as_json:
                steps = [result async for result in results]
            else:
                screen.print(f"{name} ({where})", markup=False, style="bold")
                steps = await follow(screen, results)
                screen.print(f"{summary(name, steps)}\n", markup=False)
            good = all(step.status is not StepStatus.FAILED for step in steps)
            well = well and good
            told.append(
                {"name": name, "host": where, "ok": good, "steps": [s.json() for s in steps]}
            )
    if as_json:
        _print_json({"ok": well, "checked": told})
    return well


def _print_json(told: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _started(group: Any, results: "AsyncIterator[StepResult]") -> "AsyncIterator[StepResult]":
    """Let the steps go on by themselves, and return them as they come."""
    import asyncio

    queue: asyncio.Queue[StepResult | None] = asyncio.Queue()

    async def work() -> None:
        try:
            async for result in results:
                queue.put_nowait(result)
        finally:
            queue.put_nowait(None)

    async def read() -> "AsyncIterator[StepResult]":
        while (result := await queue.get()) is not None:
            yield result

    group.create_task(work())
    return read()


async def _all(found: Any) -> "AsyncIterator[StepResult]":
    for result in await found:
        yield result


async def _steps(
    config: "Config", gateway: "Gateway", clock: "Clock", turn: "Semaphore"
) -> "AsyncIterator[StepResult]":
    from exporter.diagnostics import DiagnosisContext, run
    from exporter.diagnostics.saved_state import load_saved_state, save_token

    memory = load_saved_state(config.state_dir, gateway.name)
    before = memory.token
    context = DiagnosisContext(gateway, clock, memory)
    try:
        async with turn:
            async for result in run(context):
                if result.step == "login" and memory.token and memory.token != before:
                    # before anything can interrupt: the cloud gives no other soon
                    save_token(config.state_dir, gateway.name, memory.token)
                yield result
    finally:
        await context.close()
