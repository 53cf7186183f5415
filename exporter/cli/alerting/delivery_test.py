"""Runs `alerting test`: prints the links, asks whether the message arrived, records the result."""

import json
import sys
import time
from pathlib import Path

import typer

from exporter.alerting import delivery
from exporter.alerting.delivery import AlertPath
from exporter.alerting.record import read_receiver, write_receiver
from exporter.cli.alerting.place import find_place
from exporter.cli.check_output import console, follow
from exporter.cli.interrupts import run_async
from exporter.cli.prompts import Prompter
from exporter.diagnostics import StepResult, StepStatus


def check_alerting(
    prometheus_url: str,
    alertmanager_url: str,
    patience: float,
    *,
    ask: bool,
    as_json: bool,
    config_file: Path | None,
) -> bool:
    """Return whether the test alert was sent and, if somebody was asked, has arrived."""
    place = find_place(config_file)
    path = AlertPath(
        prometheus_url,
        alertmanager_url,
        patience,
        place.gateway,
        place.exporter_url,
        place.state_dir,
    )
    results = run_async(_run(path, as_json=as_json))
    failed = [each for each in results if each.status is StepStatus.FAILED]
    arrived = not failed
    if arrived and ask and sys.stdin.isatty():
        arrived = Prompter({}).confirm("Has the message arrived?", default=True)
    if arrived:
        receiver = read_receiver(place.state_dir) or ", ".join(path.receivers)
        write_receiver(place.state_dir, receiver, time.time())
    if as_json:
        document = {"ok": arrived, "steps": [each.json() for each in results]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif failed:
        typer.echo(f"The broken link: {failed[0].title}")
    elif arrived:
        typer.echo(f"The test alert was sent to {', '.join(path.receivers)}.")
    else:
        typer.echo(
            "Alertmanager sent the message and the service accepted it: check the app on the phone"
            " (the topic or user, its notification settings)."
        )
    return arrived


async def _run(path: AlertPath, *, as_json: bool) -> list[StepResult]:
    if as_json:
        return [result async for result in delivery.run(path)]
    return await follow(console(), delivery.run(path))
