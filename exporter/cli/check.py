"""`enphase-exporter check`: tests the connection step by step and explains failures."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exporter.cli.interrupts import run_async
from exporter.cli.options import ConfigFile, LogFormat, QuietLevel, choose_gateways, parse_url

if TYPE_CHECKING:
    from asyncio import Semaphore

    from exporter.clock import Clock
    from exporter.config import Config, Gateway
    from exporter.diagnostics import StepResult

#: gateways that are checked at the same time
_CONCURRENCY = 50


def command(
    *,
    config_file: ConfigFile = None,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="NAME", help="Check only this gateway."),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            "--prometheus",
            metavar="URL",
            help="Also check that this Prometheus has the data, such as http://localhost:9090.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    log_level: QuietLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Test the connection to a gateway, step by step.

    From the host name to the first samples, it does what the exporter does, and explains each
    failure and what to do about it. It sends about twenty requests to a gateway and takes less than
    a minute. The exit status is 0 when no step failed, even with warnings, 1 when a step failed,
    and 2 for invalid options.

    \b
    Examples:
      enphase-exporter check --config.file=enphase-exporter.yml
      ENPHASE_HOST=envoy.local ENPHASE_TOKEN_FILE=token.txt enphase-exporter check
      enphase-exporter check --config.file=enphase-exporter.yml --gateway=home --json
      enphase-exporter check --config.file=enphase-exporter.yml --prometheus=http://localhost:9090
    """  # noqa: D301 - \b keeps the lines after it as they are
    from exporter.signals import end_quietly_on_sigterm

    end_quietly_on_sigterm()

    import os

    from exporter.config import load
    from exporter.logging import setup_logging
    from exporter.metrics.dropping import families_to_drop

    # the steps report what the log would contain
    setup_logging(log_level or "error", log_format or "logfmt")
    config = load(config_file, os.environ)
    families_to_drop(config.metrics.drop)
    chosen = choose_gateways(config, gateway)
    url = prometheus and parse_url("--prometheus", prometheus, "http://localhost:9090")
    if not run_async(_check(config, chosen, url, as_json)):
        raise typer.Exit(1)


async def _check(
    config: "Config", gateways: "list[Gateway]", prometheus: str | None, as_json: bool
) -> bool:
    """Run all checks at once and print them in order; return whether nothing failed."""
    import asyncio

    from exporter.address import parse
    from exporter.cli.check_output import console, follow, summary
    from exporter.clock import SystemClock
    from exporter.diagnostics import StepStatus
    from exporter.diagnostics.prometheus import check as check_prometheus

    screen = console()
    names = [each.name for each in gateways]
    # one clock for all: it counts the attempts at an account
    clock = SystemClock()
    limit = asyncio.Semaphore(_CONCURRENCY)
    sections: list[tuple[str, str, AsyncIterator[StepResult]]] = []
    async with asyncio.TaskGroup() as group:
        sections += [
            (each.name, each.host, _started(group, _steps(config, each, clock, limit)))
            for each in gateways
        ]
        if prometheus:
            port = parse(config.web.listen_address).port
            checks = check_prometheus(prometheus, names, port)
            sections.append(("Prometheus", prometheus, _started(group, _all(checks))))
        checked: list[dict[str, Any]] = []
        ok = True
        for name, where, results in sections:
            if as_json:
                steps = [result async for result in results]
            else:
                screen.print(f"{name} ({where})", markup=False, style="bold")
                steps = await follow(screen, results)
                screen.print(f"{summary(name, steps)}\n", markup=False)
            passed = all(step.status is not StepStatus.FAILED for step in steps)
            ok = ok and passed
            checked.append(
                {"name": name, "host": where, "ok": passed, "steps": [s.json() for s in steps]}
            )
    if as_json:
        _print_json({"ok": ok, "checked": checked})
    return ok


def _print_json(document: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _started(group: Any, results: "AsyncIterator[StepResult]") -> "AsyncIterator[StepResult]":
    """Start the steps in a task, and return their results as they come."""
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


async def _all(results: Any) -> "AsyncIterator[StepResult]":
    for result in await results:
        yield result


async def _steps(
    config: "Config", gateway: "Gateway", clock: "Clock", limit: "Semaphore"
) -> "AsyncIterator[StepResult]":
    from functools import partial

    from exporter.diagnostics import DiagnosisContext, run
    from exporter.diagnostics.saved_state import load_saved_state
    from exporter.files import in_thread

    memory = await in_thread(partial(load_saved_state, config.state_dir, gateway.name))
    context = DiagnosisContext(gateway, clock, memory, config.state_dir)
    try:
        async with limit:
            async for result in run(context):
                yield result
    finally:
        await context.close()
