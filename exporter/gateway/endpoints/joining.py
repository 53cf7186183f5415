"""What all who join several answers need: a part of an answer, the newest of several, a unit."""

from collections.abc import Iterable, Mapping
from typing import Any

from exporter.gateway.endpoints.base import Parsed


def member(parsed: Mapping[str, Parsed], path: str, name: str) -> Any:
    """Return what the answer of a path has by a name; nothing of one that is not there."""
    answer = parsed.get(path)
    return {} if answer is None else answer.data.get(name, {})


def most(values: Iterable[Any]) -> Any:
    """Return the largest of the values that are known, None without any."""
    return max((value for value in values if value is not None), default=None)


def milli(value: float | None) -> float | None:
    """Return thousandths of a unit in that unit."""
    return None if value is None else value / 1000
