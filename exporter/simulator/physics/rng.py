"""Repeatable random values: the same seed, stream and time always give the same number.

Nothing is drawn in sequence, so neither the size of the steps nor the order of calls changes the
weather or when somebody boils water.
"""

from hashlib import blake2b

_SCALE = 2.0**64


def random_value(seed: int, stream: str, index: int = 0) -> float:
    """Return a number from 0 to 1 (exclusive) that belongs to this seed, stream and index."""
    digest = blake2b(f"{seed}/{stream}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / _SCALE


class SmoothNoise:
    """A value from 0 to 1 that wanders smoothly, with a new aim every `period` seconds."""

    __slots__ = ("_from", "_index", "_period", "_seed", "_stream", "_to")

    def __init__(self, seed: int, stream: str, period: float) -> None:
        self._seed = seed
        self._stream = stream
        self._period = period
        self._index: int | None = None
        self._from = self._to = 0.0

    def at(self, now: float) -> float:
        """Return the value at a time (epoch seconds)."""
        index, rest = divmod(now, self._period)
        if index != self._index:
            self._index = int(index)
            self._from = random_value(self._seed, self._stream, self._index)
            self._to = random_value(self._seed, self._stream, self._index + 1)
        return self._from + (self._to - self._from) * rest / self._period
