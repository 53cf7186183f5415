"""What is logged as an error, which nothing that happens outside the exporter ever is."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.getMessage()} {record.exc_info}")


@contextmanager
def logged_errors(*others: str) -> Iterator[list[str]]:
    """Collect the errors of the exporter, of asyncio, and of these other loggers."""
    handler = _Errors()
    loggers = [logging.getLogger(name) for name in ("exporter", "asyncio", *others)]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield handler.messages
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def text_of(record: logging.LogRecord) -> str:
    """Return the error that a log line is about, or its message where there is none."""
    return str(getattr(record, "error", None) or record.getMessage())
