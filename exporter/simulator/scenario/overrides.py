"""What holds when several events set the same thing: the newest, until it ends.

Events may overlap in any way. Whoever ends gives way to what was set before and still lasts, and
in the end to what was there before all of them.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class OverrideStack(Generic[V]):
    """Values by key, some of which end."""

    def __init__(self, before: Callable[[str], V]) -> None:
        """Take from `before` what a key is while nothing here says otherwise."""
        self._before = before
        #: who put it (None: it stays) and what, newest last
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
