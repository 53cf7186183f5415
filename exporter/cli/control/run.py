"""Runs one command: configuration, plan, confirmation, result."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import typer

from exporter.cli.control.options import Arguments, ControlOptions
from exporter.cli.control.render import Renderer
from exporter.cli.interrupts import raise_on_interrupt
from exporter.cli.options import choose_gateway
from exporter.clock import Clock, SystemClock
from exporter.config import load
from exporter.errors import ControlError
from exporter.gateway.control import (
    COMMANDS,
    CommandCall,
    CommandPlan,
    CommandResult,
    CommandRunner,
)
from exporter.logging import setup_logging

_NO_TERMINAL = (
    "there is no terminal for the confirmation: give --yes to send it without, or --dry-run to see"
    " what would be sent"
)


def execute(
    command_name: str,
    arguments: Arguments,
    options: ControlOptions,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Run the command of this name; raise ControlError with one line for everything but success.

    Wrong usage exits with 2.
    """
    setup_logging(options.log_level or "warn", options.log_format or "logfmt")
    config = load(options.config_file, os.environ if environ is None else environ)
    gateway = choose_gateway(config, options.gateway)
    asks = not (options.yes or options.dry_run)
    if asks and not sys.stdin.isatty():
        typer.echo(f"enphase-exporter: error: {_NO_TERMINAL}", err=True)
        raise typer.Exit(2)
    # both end like Ctrl-C, so that the result is recorded
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    renderer = Renderer(gateway.name, as_json=options.as_json)
    command_runner = CommandRunner(
        gateway, config.state_dir, clock or SystemClock(), dry_run=options.dry_run
    )
    raise_on_interrupt()
    with asyncio.Runner() as runner, _connected(runner, command_runner):
        plan = runner.run(command_runner.plan(CommandCall(COMMANDS[command_name], arguments)))
        if asks or options.dry_run or not options.as_json:
            renderer.plan(plan, full=options.dry_run)
        if options.dry_run:
            renderer.planned(plan)
            return
        if asks and not plan.is_noop and not _confirmed(plan):
            raise ControlError(f"{gateway.name}: nothing was sent: not confirmed")
        result = _performed(runner, command_runner, plan, options, renderer)
    renderer.result(plan, result)
    if not result.ok:
        raise ControlError(result.line)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C does: asyncio cancels the task, wherever that is at the moment."""
    signal.raise_signal(signal.SIGINT)


@contextmanager
def _connected(runner: asyncio.Runner, command_runner: CommandRunner) -> Iterator[None]:
    runner.run(command_runner.__aenter__())
    try:
        yield
    finally:
        runner.run(command_runner.__aexit__(None, None, None))


def _performed(
    runner: asyncio.Runner,
    command_runner: CommandRunner,
    plan: CommandPlan,
    options: ControlOptions,
    renderer: Renderer,
) -> CommandResult:
    try:
        with renderer.progress() as progress:
            return runner.run(
                command_runner.perform(
                    plan,
                    wait=options.timeout,
                    watch=options.watch,
                    recheck=not options.yes,
                    progress=progress,
                )
            )
    except KeyboardInterrupt:
        message = (
            "it may have been sent; --dry-run shows the state"
            if command_runner.sent
            else "nothing was sent"
        )
        typer.echo(f"enphase-exporter: interrupted: {message}", err=True)
        raise


def _confirmed(plan: CommandPlan) -> bool:
    """Ask for confirmation on the terminal."""
    phrase = plan.call.command.phrase
    accepted = {phrase} if phrase else {"y", "yes"}
    question = f'Type "{phrase}" to send it: ' if phrase else "Send it? [y/N] "
    typer.echo(question, nl=False, err=True)
    return sys.stdin.readline().strip().lower() in accepted
