"""A diagnosis of a simulated gateway, step by step."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from exporter.clock import SystemClock
from exporter.config import Gateway
from exporter.diagnostics import Case, Outcome, Status, run
from exporter.gateway.state_model import GatewayState
from exporter.simulator.homes import SITES, home
from exporter.simulator.server import RunningGateway, serve

SERIAL = SITES["battery-home"].serial
FAILED, WARNING, SKIPPED, OK = Status.FAILED, Status.WARNING, Status.SKIPPED, Status.OK


async def checked(
    host: str, memory: GatewayState | None = None, **config: Any
) -> dict[str, Outcome]:
    """Return the outcomes by step."""
    gateway = Gateway.model_validate({"host": host, "name": "home", **config})
    case = Case(gateway, SystemClock(), memory or GatewayState())
    try:
        return {outcome.step: outcome async for outcome in run(case)}
    finally:
        await case.close()


def with_status(outcomes: dict[str, Outcome], wanted: Status) -> set[str]:
    """Return the steps that ended like this."""
    return {step for step, outcome in outcomes.items() if outcome.status is wanted}


@asynccontextmanager
async def battery_home(ahead: float = 0.0) -> AsyncIterator[RunningGateway]:
    """Serve a gateway whose clock is this many seconds ahead."""

    def now() -> float:
        return time.time() + ahead

    async with serve(home("battery-home", now), now=now) as running:
        yield running
