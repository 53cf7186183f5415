"""Commands run within the process of the tests, which they take for their own."""

import logging
import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """Leave signals and log as they are, which commands set for a process of their own."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    loggers = [logging.getLogger(name) for name in ("", "exporter", "pyenphase", "zeroconf")]
    before = [(logger, logger.level, [*logger.handlers]) for logger in loggers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)
    logging.captureWarnings(False)
    for logger, level, kept in before:
        logger.setLevel(level)
        logger.handlers[:] = kept
