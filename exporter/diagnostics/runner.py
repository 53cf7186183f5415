"""Goes through the steps: what needs a failed one is left out, and all of it ends in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from exporter.diagnostics.context import Case
from exporter.diagnostics.hints import failure
from exporter.diagnostics.result import Failure, NotApplicable, Outcome, Status, Told, clean
from exporter.diagnostics.steps import STEPS, TITLES, Step
from exporter.errors import RequestTimeoutError

__all__ = ["Case", "run"]

#: seconds for all steps together, whatever hangs
LONGEST = 50.0


async def run(
    case: Case, steps: Sequence[Step] = STEPS, before: Sequence[Outcome] = ()
) -> AsyncIterator[Outcome]:
    """Yield the outcome of each step as it comes; `before` is what was tried already."""
    #: also what does not apply here stands in nobody's way
    through = {outcome.step for outcome in before if outcome.status is not Status.FAILED}
    began = case.clock.monotonic()
    for step in steps:
        left = began + LONGEST - case.clock.monotonic()
        missing = next((key for key in step.needs if key not in through), None)
        if missing:
            said = f"not tried, as it needs: {TITLES[missing]}"
            outcome = Outcome(step.key, step.title, Status.SKIPPED, said)
        else:
            outcome = await _try(step, case, left)
            if outcome.status is not Status.FAILED:
                through.add(step.key)
        yield outcome


async def _try(step: Step, case: Case, left: float) -> Outcome:
    began = case.clock.monotonic()
    status, said, remedy = Status.FAILED, "", ""
    try:
        async with asyncio.timeout(min(step.deadline, left)):
            told: Told = await step.run(case)
    except NotApplicable as reason:
        status, said = Status.SKIPPED, str(reason)
    except Failure as error:
        said, remedy = error.said, error.remedy
    except TimeoutError:
        what = f"{step.title} ({case.collecting})" if case.collecting else step.title
        late = failure(step.key, RequestTimeoutError(f"{what}: no end in time"), case)
        said, remedy = late.said, late.remedy
    else:
        status = Status.WARNING if told.warning else Status.OK
        said, remedy = told.said, told.warning
    seconds = case.clock.monotonic() - began
    return Outcome(step.key, step.title, status, clean(said), clean(remedy), seconds)
