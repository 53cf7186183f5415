"""Computes what takes long beside the event loop, so that one gateway's answer delays no other.

A single thread: more would not be faster, and each of them keeps the loop waiting for its turn. The
interpreter changes between it and the loop every few milliseconds.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

#: bytes of an answer that are worked on at once; an answer of a small site has no more
AT_ONCE = 32 * 2**10
#: bytes of an answer that are kept, to recognize one that repeats it
KEPT = 256 * 2**10

_thread = ThreadPoolExecutor(1, thread_name_prefix="worker-answers")


async def work_on(body: bytes, function: Callable[[], T]) -> T:
    """Return what a function makes of a body; it touches nothing that others change."""
    if len(body) <= AT_ONCE:
        return function()
    return await asyncio.get_running_loop().run_in_executor(_thread, function)
