"""One spoilt place of one answer costs what is made of it, and nothing else."""

import random
from pathlib import Path

import pytest

from tests.blast.blast import Target
from tests.blast.rules import violations
from tests.blast.spoiling import MISSING, at, doubled, leaves, replaced, spoilt

#: places that are spoilt of one capture; `make blast` spoils all of them
_SAMPLE = 150
UNSUPPORTED = "3.7.0"


def test_a_spoilt_place_costs_only_what_is_made_of_it(capture: Path) -> None:
    """A value that is null, missing, of another type or absurd costs no other value."""
    if capture.name == UNSUPPORTED:
        pytest.skip("nothing of it is read")
    target = Target(capture)
    places = [
        (path, place, kind, document)
        for path, whole in target.documents()
        for place, kind, document in spoilt(whole)
    ]
    # The same places each time: a sample needs no secrecy.
    chosen = random.Random(capture.name).sample(places, min(_SAMPLE, len(places)))  # noqa: S311
    broken = [
        violation
        for path, place, kind, document in chosen
        for violation in violations(target.damage(path, place, kind, document))
    ]
    assert broken == []


DOCUMENT = {"a": [{"b": 1}, {"b": 2}], "c": None}


def test_every_leaf_is_a_place() -> None:
    """Objects and lists are none."""
    assert sorted(map(str, leaves(DOCUMENT))) == ["('a', 0, 'b')", "('a', 1, 'b')", "('c',)"]


def test_a_place_is_replaced_in_a_copy() -> None:
    """The document that was there stays as it was."""
    assert replaced(DOCUMENT, ("a", 1, "b"), 7) == {"a": [{"b": 1}, {"b": 7}], "c": None}
    assert replaced(DOCUMENT, ("c",), MISSING) == {"a": [{"b": 1}, {"b": 2}]}
    assert doubled(DOCUMENT, ("a", 0))["a"] == [{"b": 1}, {"b": 1}, {"b": 2}]
    assert at(DOCUMENT, ("a", 1, "b")) == 2
