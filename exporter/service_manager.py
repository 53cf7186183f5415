"""What the exporter reports to systemd: that it is ready, reloads or stops, and is alive.

systemd restarts a service whose event loop hangs (`WatchdogSec=`). Outside of systemd nothing is
sent. The protocol is that of sd_notify(3): datagrams to the socket that the environment names.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

log = logging.getLogger(__name__)

#: the watchdog is notified so many times in the period after which systemd restarts the service
_TIMES = 3.0


class ServiceManager:
    """The socket of systemd, if there is one. A message that cannot be sent is dropped."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Read from the environment where to send to, and how often the watchdog wants a sign."""
        address = environ.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is in the abstract namespace of Linux.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        #: seconds between two signs of life, None without a watchdog for this process
        self.interval = _interval(environ) if address else None
        self._socket: socket.socket | None = None
        if address:
            with suppress(OSError):
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.setblocking(False)

    def ready(self, status: str) -> None:
        """Report that the exporter serves, and in one line what."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Report that the configuration is read again; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Report that the exporter ends."""
        self._send("STOPPING=1")

    async def feed_watchdog(self) -> None:
        """Give the watchdog signs of life for as long as the event loop turns."""
        while self.interval is not None:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self.interval)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.debug("systemd not notified", extra={"error": error.strerror or str(error)})


def _interval(environ: Mapping[str, str]) -> float | None:
    """Return the seconds between two signs of life, from what systemd sets for one process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    period = environ.get("WATCHDOG_USEC", "")
    return int(period) / 1e6 / _TIMES if period.isascii() and period.isdigit() else None
