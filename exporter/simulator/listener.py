"""A TCP port that can be closed and opened again while everything behind it goes on.

While closed, the address stays reserved: connections are refused, and no other process can take it.
`ListenerState` has other ways to fail.
"""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from enum import Enum
from typing import Any

from aiohttp import web

from exporter.errors import ListenError

_BACKLOG = 128
#: seconds that connections get to end by themselves when the server stops
_FAREWELL = 0.2
#: address to connect to a server that listens on all interfaces
_NEAREST = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # only compared


class ListenerState(Enum):
    """How a port treats new connections."""

    OPEN = "served"
    CLOSED = "refused"
    #: the kernel accepts connections, and nothing is ever sent
    DEAF = "accepted, then silent"
    #: with TLS, that is in the middle of the handshake
    SLAMMED = "reset at the client's first bytes"


class _ResetOnData(asyncio.Protocol):
    """Resets a connection as soon as the client sends data."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        reset_connection(self._transport)


class GatewayListener:
    """Serves `protocols` on one port of all addresses that a host name stands for."""

    def __init__(self, protocols: web.Server, context: ssl.SSLContext | None) -> None:
        """Prepare; with a context, the port speaks TLS."""
        #: where to find it, such as `127.0.0.1:8443`
        self.host = ""
        self._protocols = protocols
        self._context = context
        self._state = ListenerState.OPEN
        self._servers: list[asyncio.Server] = []
        #: held while nothing is served: bound, and listening only in state `DEAF`
        self._held: list[socket.socket] = []
        #: listening, and not served yet
        self._waiting: list[socket.socket] = []
        self._opening: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether connections are served; otherwise they are refused or fail in another way."""
        return self._state is ListenerState.OPEN

    @up.setter
    def up(self, enabled: bool) -> None:
        if enabled != self.up:
            self.state = ListenerState.OPEN if enabled else ListenerState.CLOSED

    @property
    def state(self) -> ListenerState:
        """How it treats new connections; a change resets existing ones."""
        return self._state

    @state.setter
    def state(self, state: ListenerState) -> None:
        if state is self._state:
            return
        self._hold()
        self._state = state
        if state in (ListenerState.OPEN, ListenerState.SLAMMED):
            self._listen()
        elif state is ListenerState.DEAF:
            for each in self._held:
                each.listen(_BACKLOG)

    def show(self, context: ssl.SSLContext) -> None:
        """Use another certificate from now on; existing connections end."""
        self._context = context
        state = self._state
        self.state = ListenerState.CLOSED
        self.state = state

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises `ListenError` if that cannot be done."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                self._protocols, host or None, port, ssl=self._context, backlog=_BACKLOG
            )
        except OSError as error:
            raise ListenError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; "
                "stop what uses the address, or choose another"
            ) from error
        self._servers = [server]
        named = _NEAREST.get(host, host)
        family = socket.AF_INET6 if ":" in named else socket.AF_INET
        # a free port is another one for each family
        chosen = min(server.sockets, key=lambda each: each.family != family).getsockname()[1]
        self.host = f"[{named}]:{chosen}" if ":" in named else f"{named}:{chosen}"

    async def stop(self) -> None:
        """Release the port and disconnect all clients."""
        servers = self._servers
        self._close()
        transports = self._transports()
        await self._protocols.shutdown(_FAREWELL)
        for transport in transports:
            # closing TLS politely waits for the client, which may never answer
            transport.abort()
        for server in servers:
            await server.wait_closed()
        for held in self._held:
            held.close()

    def _hold(self) -> None:
        """Refuse connections from now on, and reset existing ones."""
        addresses = self._close()
        addresses += [(each.family, each.getsockname()) for each in self._held]
        for each in self._held:
            each.close()
        self._held = [_bound(family, address) for family, address in addresses]
        for transport in self._transports():
            reset_connection(transport)

    def _close(self) -> list[tuple[int, Any]]:
        """Stop listening; returns families and addresses of what was listened on."""
        if self._opening is not None:
            self._opening.cancel()
        listening = [each for server in self._servers for each in server.sockets]
        addresses: list[tuple[int, Any]] = [
            (each.family, each.getsockname()) for each in (*listening, *self._waiting)
        ]
        for server in self._servers:
            server.close()
        for each in self._waiting:
            each.close()
        self._servers, self._waiting = [], []
        return addresses

    def _listen(self) -> None:
        """Take connections from now on."""
        self._waiting, self._held = self._held, []
        for each in self._waiting:
            # already now, so that an immediate connection waits instead of being refused
            each.listen(_BACKLOG)
        self._opening = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        slammed = self._state is ListenerState.SLAMMED
        for each in tuple(self._waiting):
            server = await loop.create_server(
                _ResetOnData if slammed else self._protocols,
                sock=each,
                ssl=None if slammed else self._context,
                start_serving=False,
            )
            self._waiting.remove(each)
            self._servers.append(server)
            await server.start_serving()

    def _transports(self) -> list[asyncio.Transport]:
        transports = [protocol.transport for protocol in self._protocols.connections]
        return [transport for transport in transports if transport is not None]


def reset_connection(transport: asyncio.BaseTransport | None) -> None:
    """Reset a connection, without a TCP or TLS shutdown."""
    if not isinstance(transport, asyncio.Transport):
        return
    peer: socket.socket | None = transport.get_extra_info("socket")
    if peer is not None:
        # lingering for zero seconds makes closing a reset
        with suppress(OSError):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _bound(family: int, address: Any) -> socket.socket:
    """Return a socket that reserves an address."""
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    held.bind(address)
    held.setblocking(False)
    return held
