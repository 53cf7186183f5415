"""Memory that is free, but not given back to the system.

A connection with TLS takes some hundred kilobytes for the second that it lasts, and between those
of a thousand gateways lies what is kept of them: so the C library's heap stays as large as it ever
was, most of its pages empty. glibc gives them back when asked; other libraries are not asked.
"""

from contextlib import suppress


def give_back() -> None:
    """Give free pages back to the system; does nothing where that cannot be asked for."""
    import ctypes  # noqa: PLC0415 - a megabyte that a house can do without

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
