"""Every place of every answer of one capture, spoilt in every way."""

from collections import Counter
from dataclasses import dataclass, field

from tests.blast.blast import Target
from tests.blast.rules import place_name, values, violations
from tests.blast.spoiling import spoilt
from tests.conftest import CAPTURES


@dataclass
class BlastOutcome:
    """What the spoilings of one capture cost."""

    capture: str
    series: int
    costs: list[int] = field(default_factory=list)
    worst: tuple[int, str] = (0, "nothing")
    broken: Counter[str] = field(default_factory=Counter)


def blast(name: str) -> BlastOutcome:
    """Spoil every place of a capture."""
    target = Target(CAPTURES / name)
    outcome = BlastOutcome(name, sum(map(len, target.series.values())))
    for path, document in target.documents():
        for place, kind, changed in spoilt(document):
            damage = target.damage(path, place, kind, changed)
            outcome.broken.update(violations(damage))
            if not kind.startswith("entry"):
                cost = len(values(damage.lost))
                outcome.costs.append(cost)
                outcome.worst = max(outcome.worst, (cost, f"{path} {place_name(damage)}: {kind}"))
    return outcome
