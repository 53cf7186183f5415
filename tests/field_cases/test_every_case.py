"""Every situation of real gateways that is known to us has a test."""

import importlib
from collections.abc import Iterator
from pathlib import Path

#: numbers of the situations, as marks of tests have them
CASES = frozenset(
    {*range(1, 7), *range(8, 16), 17, 18, 19, 21, 23, 24, 25, 27, 28, 31, 33, 38}
    | {40, 41, 44, 46, 49, 53}
)
MARK = "field_case"


def covered() -> Iterator[int]:
    """Yield the numbers that the tests of this folder name."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.field_cases.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_"):
                for mark in getattr(test, "pytestmark", ()):
                    if mark.name == MARK:
                        yield from mark.args


def test_every_case_has_a_test() -> None:
    """No situation is left out, and no test names one that is not known."""
    assert set(covered()) == CASES
