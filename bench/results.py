"""Results of a bench: our figures, a baseline, and the goal."""

import statistics
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

#: called while a bench runs, so that a long one does not look like a hang
Progress = Callable[[str], None]

TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, formatted with its significant digits."""

    value: float
    unit: str = ""

    def __str__(self) -> str:
        whole = isinstance(self.value, int) or self.value >= 100
        digits = 0 if whole else 2 if self.value >= 1 else 3
        return f"{self.value:,.{digits}f} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Goal:
    """The bound that a ratio, or else our own figure, has to keep."""

    limit: float
    at_least: bool = False
    of_ratio: bool = False

    def met(self, value: float) -> bool:
        """Return whether a value is on the right side of the limit."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.limit:g}{TIMES if self.of_ratio else ''}"


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One line of the table."""

    what: str
    ours: Quantity
    theirs: Quantity | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by theirs, where there is something to compare with."""
        return self.ours.value / self.theirs.value if self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        value = self.ratio if self.goal.of_ratio else self.ours.value
        return value is not None and self.goal.met(value)


@dataclass(frozen=True, slots=True)
class Findings:
    """All lines of one bench, and notes on them."""

    results: tuple[BenchRow, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench by its name on the command line."""

    name: str
    about: str
    run: Callable[[Progress], Awaitable[Findings]]
    #: takes so long that it runs only when it is named
    long: bool = False
    #: measures time or memory, which a busy machine spoils; counts and bytes it does not
    timed: bool = True


def median(values: Iterable[float]) -> float:
    """Return the median: one hiccup of the machine does not move it."""
    return statistics.median(values)


Measure = Callable[[], Awaitable[float]]


async def side_by_side(ours: Measure, theirs: Measure, repetitions: int) -> tuple[float, float]:
    """Return the medians of both, measured in turn so that disturbances affect both."""
    seconds: dict[Measure, list[float]] = {ours: [], theirs: []}
    for number in range(repetitions):
        for measure in (ours, theirs) if number % 2 else (theirs, ours):
            seconds[measure].append(await measure())
    return median(seconds[ours]), median(seconds[theirs])
