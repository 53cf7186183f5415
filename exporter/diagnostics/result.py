"""What a step of a diagnosis ends with."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from exporter.logging import mask
from exporter.text import printable


class Status(StrEnum):
    """How a step went; a warning is no failure, but should be seen."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step went: what was found, and what to do where that is not well."""

    step: str
    title: str
    status: Status
    said: str
    remedy: str = ""
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Told:
    """What a step says that is through; with a `warning`, that is the remedy."""

    said: str
    warning: str = ""


class Failure(Exception):
    """A step failed: what happened, and what to do."""

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(said)
        self.said = said
        self.remedy = remedy


class NotApplicable(Exception):
    """There is nothing to be tried here; the message says why."""


def clean(text: str) -> str:
    """Return text for a terminal: one line, no secret, nothing that a terminal would obey."""
    return printable(mask(" ".join(text.split())))
