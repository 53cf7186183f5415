"""Resolves overlapping events that set the same value: the newest applies until it ends.

Events may overlap in any way. When one ends, the newest that still lasts applies, and after the
last one the original value.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class OverrideStack(Generic[V]):
    """Values by key, some of which end."""

    def __init__(self, before: Callable[[str], V]) -> None:
        """Use `before` for the value of a key that is not overridden."""
        self._before = before
        #: owner (None: permanent) and value, newest last
        self._stacks: dict[str, list[tuple[Hashable | None, V]]] = {}

    def put(self, key: str, value: V, owner: Hashable | None) -> V:
        """Set a value, until `end` is called for its owner; None stays. Returns what holds now."""
        if owner is not None and key not in self._stacks:
            self._stacks[key] = [(None, self._before(key))]
        if key in self._stacks:
            self._stacks[key].append((owner, value))
        return value

    def end(self, key: str, owner: Hashable) -> V:
        """Take back what an owner has put; returns what holds now."""
        stack = [layer for layer in self._stacks.pop(key) if layer[0] != owner]
        if any(who is not None for who, _ in stack):
            self._stacks[key] = stack
        return stack[-1][1]
