"""The way in: how many connections there may be at once, and how long each may take.

Whoever can reach the port may open connections and say nothing, or a byte a minute. None of that
may keep Prometheus out or use the process up, so every connection has a deadline, and when all
places are taken, whoever comes next gets one from those that never asked anything, or from those
that did, whichever are more: the one that has been silent for the longest.
"""

import asyncio
import logging
import resource
import socket
import ssl
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from exporter.address import Address

log = logging.getLogger(__name__)

#: what the exporter calls itself; versions are nobody's business
SERVER = "enphase-exporter"
#: connections at once, if the process may open twice as many files
MOST = 1024
#: seconds from connecting, TLS included, to the end of the first request's headers
GREETING = 10.0
#: seconds from one request to the next, in which the answer has to be taken as well
IDLE = 120.0
#: seconds a body that nobody wants is read for, so that its sender sees the answer
_LINGER = 1.0
_FAREWELL = 2.0
_SWEEP = 1.0
#: connections accepted in one go, so few that each is heard before many more are there; and those
#: that wait
_AT_ONCE, _BACKLOG = 16, 1024
#: seconds to wait when the machine has no room for another connection
_PAUSE = 1.0
_COMPLAINTS = 600.0


class Visitor(web.RequestHandler):
    """One connection."""

    __slots__ = ("_door", "_way", "arriving", "deadline")

    def __init__(self, door: "Door", server: web.Server) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
            keepalive_timeout=IDLE,
            lingering_time=_LINGER,
        )
        self._door = door
        #: kept to the end; aiohttp lets go of it while an answer may still wait to be taken
        self._way: asyncio.BaseTransport | None = None
        #: when it has to go, in seconds of the event loop's clock
        self.deadline = loop.time() + GREETING
        #: lets it in; None afterwards
        self.arriving: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._way = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Free the place."""
        self._door.left(self)
        super().connection_lost(exc)

    def asks(self) -> None:
        """Note that a whole request has come."""
        if self.transport is not None:  # or it has gone since
            self.deadline = asyncio.get_running_loop().time() + IDLE
            self._door.asked(self)

    def dismiss(self) -> None:
        """End the connection, whatever it is doing."""
        if self.arriving is not None:
            self.arriving.cancel()
        elif isinstance(self._way, asyncio.Transport):
            self._way.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP; aiohttp would tell its version, and fill the log."""
        told = HTTPStatus(status)
        if told >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("a request failed", exc_info=exc)
        else:
            # What it says of the problem holds what was sent, passwords among it.
            problem = type(exc).__name__
            log.debug("no HTTP request", extra={"remote": request.remote, "problem": problem})
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        headers = {hdrs.SERVER: SERVER, "X-Content-Type-Options": "nosniff"}
        response = web.Response(status=told, text=f"{told.value}: {told.phrase}\n", headers=headers)
        response.force_close()
        return response


class Door:
    """Lets connections in to a server, and keeps them moving."""

    def __init__(self, server: web.Server, context: ssl.SSLContext | None) -> None:
        """Prepare; with a context, TLS is spoken."""
        #: where it was opened
        self.address = Address(None, 0)
        self._server = server
        self._context = context
        self._listening: list[socket.socket] = []
        #: who has not asked anything yet, and who has, the longest silent first
        self._mute: dict[Visitor, None] = {}
        self._known: dict[Visitor, None] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._complain_after = float("-inf")
        self._most = min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

    async def open(self, address: Address) -> None:
        """Listen; raises OSError and UnicodeError when the address cannot be listened on."""
        loop = asyncio.get_running_loop()
        # asyncio knows how to bind to all that a name stands for; who comes is then taken by us,
        # because it tells nothing of those that never end their TLS handshake.
        bound = await loop.create_server(
            asyncio.Protocol, address.host, address.port, start_serving=False
        )
        self._listening = [each.dup() for each in bound.sockets]
        bound.close()
        for each in self._listening:
            each.setblocking(False)
            each.listen(_BACKLOG)
            loop.add_reader(each, self._accept, each)
        self.address = Address(*self._listening[0].getsockname()[:2])
        self._sweep()

    def close(self) -> None:
        """Let nobody in any more; those inside stay."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for each in self._listening:
            asyncio.get_running_loop().remove_reader(each)
            each.close()
        self._listening.clear()
        for visitor in self._inside():
            if visitor.arriving is not None:
                visitor.dismiss()

    async def clear(self) -> None:
        """Send everybody away who is still inside."""
        for visitor in self._inside():
            visitor.dismiss()
        await asyncio.sleep(0)

    def asked(self, visitor: Visitor) -> None:
        """Note that a visitor has something to ask, and is the last to be sent away."""
        self.left(visitor)
        self._known[visitor] = None

    def left(self, visitor: Visitor) -> None:
        """Note that a visitor is gone."""
        self._mute.pop(visitor, None)
        self._known.pop(visitor, None)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(listening, error)
                return
            connection.setblocking(False)
            if len(self._mute) + len(self._known) >= self._most:
                self._make_room()
            visitor = Visitor(self, self._server)
            self._mute[visitor] = None
            visitor.arriving = asyncio.create_task(self._admit(visitor, connection))

    def _inside(self) -> list[Visitor]:
        return [*self._mute, *self._known]

    def _make_room(self) -> None:
        """Send somebody away."""
        crowd = self._mute if len(self._mute) >= len(self._known) else self._known
        visitor = next(iter(crowd))
        self.left(visitor)
        visitor.dismiss()

    async def _admit(self, visitor: Visitor, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: visitor,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=GREETING if self._context else None,
                ssl_shutdown_timeout=_FAREWELL if self._context else None,
            )
        except (OSError, asyncio.CancelledError) as error:
            self.left(visitor)
            log.debug("a connection did not come about", extra={"problem": repr(error)})
        finally:
            visitor.arriving = None

    def _rest(self, listening: socket.socket, error: OSError) -> None:
        """Wait until there is room on the machine, and make some."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._complain_after:
            self._complain_after = loop.time() + _COMPLAINTS
            log.error(
                "no more connections can be accepted (%s); is the limit of open files too low?",
                error.strerror,
            )
        loop.remove_reader(listening)
        for _ in range(len(self._inside()) // 2):
            self._make_room()

        def again() -> None:
            if listening in self._listening:
                loop.add_reader(listening, self._accept, listening)

        loop.call_later(_PAUSE, again)

    def _sweep(self) -> None:
        """Dismiss who is beyond the deadline."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for visitor in self._inside():
            if visitor.deadline <= now:
                visitor.dismiss()
        self._sweeping = loop.call_later(_SWEEP, self._sweep)


@web.middleware
async def noting(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the door that a visitor asks; to stand before all other middlewares."""
    visitor = request.protocol
    if isinstance(visitor, Visitor):
        visitor.asks()
    return await handler(request)


async def nameless(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Hide aiohttp's version in answers that it makes by itself; a signal of the application."""
    response.headers[hdrs.SERVER] = SERVER
