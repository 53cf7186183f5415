"""Ports of the parts of the stack: on the loopback, by default those of the shipped files."""

import errno
import os
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields

from tools.stack.errors import StackError

LOOPBACK = "127.0.0.1"
_LISTENING = range(20000, 32768)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The port of each part."""

    exporter: int = 10055
    prometheus: int = 9090
    alertmanager: int = 9093
    #: not 10056, where a simulated gateway listens
    phone: int = 10057

    def url(self, part: str, path: str = "/") -> str:
        """Return an address of a part, as the shipped files write it."""
        return f"http://localhost:{getattr(self, part)}{path}"

    def check(self) -> None:
        """Raise `StackError` for the first port that cannot be listened on."""
        with ExitStack() as held:
            for field in fields(self):
                port = getattr(self, field.name)
                try:
                    for taken in _listen(port):
                        held.enter_context(taken)
                except OSError as error:
                    why = os.strerror(error.errno or 0)
                    raise StackError(
                        f"cannot listen on port {port} for the {field.name}: {why};"
                        f" end what listens there, or choose another with --{field.name}-port"
                    ) from None


SHIPPED = Ports()


def free_port_numbers(count: int) -> list[int]:
    """Return ports that nothing listens on.

    They are none of those that systems give to outgoing connections (from 32768 on Linux, 49152
    elsewhere): one of those could be taken before a program that was told to listen there has
    started.
    """
    numbers: list[int] = []
    with ExitStack() as held:
        for port in random.sample(_LISTENING, len(_LISTENING)):
            if len(numbers) == count:
                break
            with suppress(OSError):
                held.enter_context(socket.create_server((LOOPBACK, port)))
                numbers.append(port)
    return numbers


def free_ports() -> Ports:
    """Return a free port for each part."""
    names = [field.name for field in fields(Ports)]
    return Ports(**dict(zip(names, free_port_numbers(len(names)), strict=True)))


def _listen(port: int) -> Iterator[socket.socket]:
    """Yield sockets that listen on a port of `localhost`, on each of its addresses.

    Another listener on either address would get our requests.
    """
    yield socket.create_server((LOOPBACK, port))
    try:
        yield socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:  # anything else means that there is no such address
            raise
