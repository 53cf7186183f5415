"""Runs the steps: what depends on a failed step is skipped, and everything has a deadline."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from exporter.diagnostics.context import DiagnosisContext
from exporter.diagnostics.hints import explain
from exporter.diagnostics.result import (
    Passed,
    StepFailedError,
    StepResult,
    StepSkippedError,
    StepStatus,
)
from exporter.diagnostics.steps import STEPS, TITLES, Step
from exporter.errors import RequestTimeoutError
from exporter.text import printable

__all__ = ["DiagnosisContext", "run"]

#: seconds for all steps together
TOTAL_DEADLINE = 50.0


async def run(
    context: DiagnosisContext, steps: Sequence[Step] = STEPS, before: Sequence[StepResult] = ()
) -> AsyncIterator[StepResult]:
    """Yield the result of each step as it ends; `before` are results of an earlier run."""
    # a step that does not apply blocks no other
    passed = {result.step for result in before if result.status is not StepStatus.FAILED}
    began = context.clock.monotonic()
    for step in steps:
        left = began + TOTAL_DEADLINE - context.clock.monotonic()
        missing = next((key for key in step.needs if key not in passed), None)
        if missing:
            message = f"skipped, because this failed: {TITLES[missing]}"
            result = StepResult(step.key, step.title, StepStatus.SKIPPED, message)
        else:
            result = await _try(step, context, left)
            if result.status is not StepStatus.FAILED:
                passed.add(step.key)
        yield result


async def _try(step: Step, context: DiagnosisContext, left: float) -> StepResult:
    began = context.clock.monotonic()
    status, message, remedy = StepStatus.FAILED, "", ""
    try:
        async with asyncio.timeout(min(step.deadline, left)):
            output: Passed = await step.run(context)
    except StepSkippedError as reason:
        status, message = StepStatus.SKIPPED, str(reason)
    except StepFailedError as error:
        message, remedy = error.message, error.remedy
    except TimeoutError:
        what = f"{step.title} ({context.collecting})" if context.collecting else step.title
        late = explain(step.key, RequestTimeoutError(f"{what}: not finished in time"), context)
        message, remedy = late.message, late.remedy
    else:
        status = StepStatus.WARNING if output.warning else StepStatus.OK
        message, remedy = output.message, output.warning
    seconds = context.clock.monotonic() - began
    return StepResult(step.key, step.title, status, printable(message), printable(remedy), seconds)
