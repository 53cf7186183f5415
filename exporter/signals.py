"""Ending on request: the signals by which systemd, containers and terminals stop a server."""

import asyncio
import signal
import sys
from types import FrameType


def end_quietly_on_sigterm() -> None:
    """Make SIGTERM an exit with 0 from now on, before an event loop takes care of it."""
    signal.signal(signal.SIGTERM, _end)


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM or Ctrl-C sets; to be called on the event loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
