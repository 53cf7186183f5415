"""The steps of a page, with their times."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Journey:
    """What a newcomer does, step by step."""

    def __init__(self, began: float) -> None:
        """Begin at this time, in epoch seconds."""
        self._began = began

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time a step, and print it when it is done."""
        began = time.time()
        yield
        now = time.time()
        print(f"{now - self._began:7.1f} s  {now - began:6.1f} s  {what}", flush=True)  # noqa: T201
