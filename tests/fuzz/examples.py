"""One example of the fuzz: a house, what is remembered of it, and rounds of spoiled answers."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.fuzz.exposition_checks import check_exposition, fell
from tests.fuzz.gateways import ROUND, START, FuzzedExporter, FuzzedHome, Kept, clients
from tests.fuzz.mutations import Mutation, mutations

#: seconds of the processor that an example may take; a hundredth is usual
_LONGEST = 10.0


@dataclass(frozen=True)
class Example:
    """`resumed`: the exporter has watched before; `restart`: it restarts before the last round."""

    house: int
    resumed: bool
    restart: bool
    rounds: list[list[Mutation]]


examples = st.builds(
    Example,
    house=st.integers(0, 63),
    resumed=st.booleans(),
    restart=st.booleans(),
    rounds=st.lists(st.lists(mutations, max_size=3), min_size=2, max_size=2),
)


@dataclass
class Covered:
    """What the examples came to, counted."""

    examples: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    endpoints: Counter[str] = field(default_factory=Counter)
    houses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    anomalies: int = 0

    def add(self, other: "Covered") -> None:
        """Count in what others covered."""
        self.examples += other.examples
        self.anomalies += other.anomalies
        for mine, theirs in (
            (self.kinds, other.kinds),
            (self.endpoints, other.endpoints),
            (self.houses, other.houses),
            (self.reasons, other.reasons),
        ):
            mine.update(theirs)


async def run(example: Example, houses: list[FuzzedHome], covered: Covered) -> None:
    """Let the exporter live through an example; fail on whatever may never be."""
    with _bounded():
        await _run(example, houses, covered)


@contextmanager
def _bounded() -> Iterator[None]:
    """Fail where the processor works on and on: no deadline of a loop ends that."""

    def late(*_: object) -> None:
        raise AssertionError(f"an example took more than {_LONGEST:g} s of the processor")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, _LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


async def _run(example: Example, houses: list[FuzzedHome], covered: Covered) -> None:
    house = houses[example.house % len(houses)]
    state = Kept(house.remembered) if example.resumed else Kept()
    with clients(house) as client:
        first = 1
        client.begin(first, example.rounds[0])
        exporter = FuzzedExporter(house, client, state, START + first * ROUND)
        before: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        # The last round is healthy: what was spoiled must not leave a trace that hurts.
        rounds = [*example.rounds, []]
        for number, spoiling in enumerate(rounds, first):
            client.begin(number, spoiling)
            if example.restart and number == first + 1:
                await exporter.poller.close()
                exporter = FuzzedExporter(house, client, state, START + number * ROUND)
                before = {key: v for key, v in before.items() if "joules" in key[0]}
            await exporter.live(START + (number + 1) * ROUND)
            counters = check_exposition(exporter.exposition, both=number == first + 1)
            assert not fell(before, counters), fell(before, counters)
            before |= counters
        await exporter.poller.close()
    _count(covered, house, example, before)


def _count(
    covered: Covered,
    house: FuzzedHome,
    example: Example,
    counters: dict[tuple[str, frozenset[tuple[str, str]]], float],
) -> None:
    covered.examples += 1
    covered.houses[house.name] += 1
    for spoiling in example.rounds:
        for mutation in spoiling:
            covered.kinds[mutation.kind] += 1
            covered.endpoints[house.targets[mutation.endpoint % len(house.targets)]] += 1
    for (name, labels), value in counters.items():
        if name == "enphase_collector_failures_total":
            covered.reasons[dict(labels)["reason"]] += round(value)
        if name == "enphase_rejected_readings_total":
            covered.anomalies += round(value)
