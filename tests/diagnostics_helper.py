"""A diagnosis of a simulated gateway, step by step."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from exporter.clock import SystemClock
from exporter.config import Gateway
from exporter.diagnostics import DiagnosisContext, StepResult, StepStatus, run
from exporter.gateway.state_model import GatewayState
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve

SERIAL = SAMPLE_HOMES["battery-home"].serial
FAILED, WARNING, SKIPPED, OK = (
    StepStatus.FAILED,
    StepStatus.WARNING,
    StepStatus.SKIPPED,
    StepStatus.OK,
)


async def checked(
    host: str, memory: GatewayState | None = None, **config: Any
) -> dict[str, StepResult]:
    """Return the results by step."""
    gateway = Gateway.model_validate({"host": host, "name": "home", **config})
    context = DiagnosisContext(gateway, SystemClock(), memory or GatewayState())
    try:
        return {result.step: result async for result in run(context)}
    finally:
        await context.close()


def with_status(results: dict[str, StepResult], status: StepStatus) -> set[str]:
    """Return the steps that ended like this."""
    return {step for step, result in results.items() if result.status is status}


@asynccontextmanager
async def battery_home(ahead: float = 0.0) -> AsyncIterator[RunningGateway]:
    """Serve a gateway whose clock is this many seconds ahead."""

    def now() -> float:
        return time.time() + ahead

    async with serve(sample_home("battery-home", now), now=now) as running:
        yield running
