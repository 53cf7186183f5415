"""The result of one step of a diagnosis."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from exporter.logging import mask
from exporter.text import printable


class StepStatus(StrEnum):
    """How a step ended; a warning is not a failure, but should be read."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step ended: what it found, and what to do about a problem."""

    step: str
    title: str
    status: StepStatus
    message: str
    remedy: str = ""
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Passed:
    """What a step returns that did not fail; `warning` is the remedy of a warning."""

    message: str
    warning: str = ""


class StepFailedError(Exception):
    """A step failed: what happened, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class StepSkippedError(Exception):
    """The step does not apply to this gateway; the message says why."""


def clean(text: str) -> str:
    """Return text for a terminal: one line, no secret, no control character."""
    return printable(mask(" ".join(text.split())))
