"""Which fields the objects of an answer have, compared with those that they had before.

A key that is missing where it was there says as little as a value that cannot be read, and is
counted like one. Objects are not told apart for that: of each place in an answer it is kept how
many objects had which fields, which costs next to nothing while nothing changes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

#: answers without a field that was there, until it is not missed any more: another firmware or
#: set-up may do without it for good
_PATIENCE = 500


class Keyed(Protocol):
    """A model of objects, by whose fields they are compared."""

    def key_of(self, name: str) -> str | None:
        """Return the gateway's key of a field, None for one that is not compared."""


#: a model, and the place of its objects in the answer
Place = tuple[Keyed, str]
#: how many objects had exactly these fields
Shapes = Counter[frozenset[str]]
#: is given the place and the key of a field, and how many objects lack it
Report = Callable[[str, str, int], None]


@dataclass(frozen=True, slots=True)
class FieldsSeen:
    """The fields that the objects of one place had: how many objects there were, and with what.

    `patience` has the number of answers until a field that is missing now is given up; under the
    empty name that of all objects, when none is there.
    """

    shapes: Shapes
    total: int
    counts: Counter[str]
    patience: Mapping[str, int] = field(default_factory=dict)


#: what the answers to one endpoint had so far
Seen = Mapping[Place, FieldsSeen]


def compare(
    shapes: Mapping[Place, Shapes], before: Seen, listed: Collection[str], report: Report
) -> Seen:
    """Report the fields that fewer objects have than before; return what is seen by now.

    Objects of `listed` places that are gone with all their fields are missed by the inventory.
    """
    seen = dict(before)
    for place, now in shapes.items():
        known = before.get(place)
        if known is None:
            seen[place] = FieldsSeen(now, now.total(), _counts(now))
        elif known.shapes != now or known.patience:
            seen[place] = _compare(place, known, now, report)
    for place in before.keys() - shapes.keys():
        if place[1].partition(".")[0] in listed:
            continue
        known = before[place]
        left = known.patience.get("", _PATIENCE) - 1
        if left > 0:
            report(place[1], "", 1)
            seen[place] = replace(known, patience={**known.patience, "": left})
        else:
            del seen[place]
    return seen


def _counts(shapes: Shapes) -> Counter[str]:
    counts: Counter[str] = Counter()
    for names, number in shapes.items():
        for name in names:
            counts[name] += number
    return counts


def _compare(place: Place, known: FieldsSeen, shapes: Shapes, report: Report) -> FieldsSeen:
    model, prefix = place
    total, counts = shapes.total(), _counts(shapes)
    gone = max(0, known.total - total)
    patience: dict[str, int] = {}
    for name, usual in known.counts.items():
        short = usual - counts[name] - gone
        left = known.patience.get(name, _PATIENCE) - 1
        key = model.key_of(name)
        if short > 0 and left > 0 and key is not None:
            report(prefix, key, short)
            counts[name], patience[name] = usual, left
    if patience:
        # Without shapes: compared each time, until all are back or given up.
        return FieldsSeen(Counter(), max(total, known.total), counts, patience)
    return FieldsSeen(shapes, total, counts)


def add(shapes: dict[Place, Shapes], place: Place, names: Iterable[str]) -> None:
    """Note which fields an object has."""
    counted = shapes.get(place)
    if counted is None:
        counted = shapes[place] = Counter()
    counted[frozenset(names)] += 1
