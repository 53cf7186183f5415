"""Carries out one command: configuration, plan, question, and what came of it."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer

from exporter.cli.control.options import Flags, Given
from exporter.cli.control.render import Show
from exporter.clock import Clock, SystemClock
from exporter.config import Config, Gateway, load
from exporter.errors import ControlError
from exporter.gateway.control import CONTROLS, Operator, Order, Outcome, Plan
from exporter.logging import setup_logging

_NOBODY = (
    "there is no terminal to ask on: give --yes to send it unasked, or --dry-run to see what would"
    " be sent"
)


def carry_out(
    row: str,
    given: Given,
    flags: Flags,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Do it; raise ControlError with one line for everything but success.

    `row` names a row of the table, `given` are its arguments. Wrong use exits with 2.
    """
    setup_logging(flags.log_level or "warn", flags.log_format or "logfmt")
    config = load(flags.config_file, os.environ if environ is None else environ)
    gateway = _chosen(config, flags.gateway)
    asks = not (flags.yes or flags.dry_run)
    if asks and not sys.stdin.isatty():
        typer.echo(f"enphase-exporter: error: {_NOBODY}", err=True)
        raise typer.Exit(2)
    # ends as Ctrl-C does: what was sent is recorded
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    show = Show(gateway.name, as_json=flags.as_json)
    operator = Operator(gateway, config.state_dir, clock or SystemClock())
    with asyncio.Runner() as runner, _connected(runner, operator):
        plan = runner.run(operator.plan(Order(CONTROLS[row], given)))
        if asks or flags.dry_run or not flags.as_json:
            show.plan(plan, whole=flags.dry_run)
        if flags.dry_run:
            show.planned(plan)
            return
        if asks and not plan.already and not _agreed(plan):
            raise ControlError(f"{gateway.name}: nothing was sent: you did not agree")
        outcome = _performed(runner, operator, plan, flags, show)
    show.outcome(plan, outcome)
    if not outcome.good:
        raise ControlError(outcome.line)


def _chosen(config: Config, name: str | None) -> Gateway:
    """Return the gateway that is meant; a usage error when that is not clear."""
    names = ", ".join(gateway.name for gateway in config.gateways)
    if name is None:
        if len(config.gateways) > 1:
            raise typer.BadParameter(
                f"there are several gateways, name one of: {names}", None, None, "--gateway"
            )
        return config.gateways[0]
    for gateway in config.gateways:
        if gateway.name == name:
            return gateway
    raise typer.BadParameter(f"there is no gateway '{name}', but: {names}", None, None, "--gateway")


@contextmanager
def _connected(runner: asyncio.Runner, operator: Operator) -> Iterator[None]:
    runner.run(operator.__aenter__())
    try:
        yield
    finally:
        runner.run(operator.__aexit__(None, None, None))


def _performed(
    runner: asyncio.Runner, operator: Operator, plan: Plan, flags: Flags, show: Show
) -> Outcome:
    try:
        with show.life() as tell:
            return runner.run(
                operator.perform(
                    plan,
                    patience=flags.patience,
                    watch=flags.watch,
                    stale=not flags.yes,
                    tell=tell,
                )
            )
    except KeyboardInterrupt:
        said = (
            "it may have been sent; --dry-run shows the state"
            if operator.sent
            else "nothing was sent"
        )
        typer.echo(f"enphase-exporter: interrupted: {said}", err=True)
        raise


def _agreed(plan: Plan) -> bool:
    """Ask on the terminal."""
    phrase = plan.order.control.phrase
    wanted = {phrase} if phrase else {"y", "yes"}
    question = f'Type "{phrase}" to send it: ' if phrase else "Send it? [y/N] "
    typer.echo(question, nl=False, err=True)
    return sys.stdin.readline().strip().lower() in wanted
