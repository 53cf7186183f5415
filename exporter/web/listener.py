"""The listening socket: how many connections there may be at once, and how long each may take.

Anyone who can reach the port can open connections and send nothing, or one byte a minute. None of
that may keep Prometheus out or exhaust the process. So every connection has a deadline. When the
limit is reached, a new connection takes the place of the one that has been silent for longest, in
the larger of two groups: those that have sent a request, and those that have not.
"""

import asyncio
import logging
import resource
import socket
import ssl
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from exporter.address import Address

log = logging.getLogger(__name__)

#: value of the `Server` header; versions are nobody's business
SERVER = "enphase-exporter"
#: connections at once, if the process may open twice as many files
MAX_CONNECTIONS = 1024
#: seconds from connecting, TLS included, to the end of the first request's headers
HEADER_TIMEOUT = 10.0
#: seconds from one request to the next, in which the response has to be read as well
IDLE_TIMEOUT = 120.0
#: requests that one connection may send ahead of their responses; no client of ours sends any
MAX_PIPELINED = 4
#: seconds for which an unwanted request body is read, so that its sender sees the response
_LINGERING_TIME = 1.0
_TLS_SHUTDOWN_TIMEOUT = 2.0
_EXPIRY_INTERVAL = 1.0
#: connections accepted in one go, few enough that each is read before many more arrive
_ACCEPT_BATCH = 16
_BACKLOG = 1024
#: seconds to wait when the machine has no file descriptor left for another connection
_ACCEPT_PAUSE = 1.0
#: seconds between two log lines about that
_LOG_INTERVAL = 600.0
#: what a body that is not HTTP raises
_CLIENT_ERRORS = (HttpProcessingError, web.RequestPayloadError)


class Connection(web.RequestHandler):
    """One client connection."""

    __slots__ = ("_listener", "_raw_transport", "deadline", "handshake")

    def __init__(self, listener: "Listener", server: web.Server) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
            keepalive_timeout=IDLE_TIMEOUT,
            lingering_time=_LINGERING_TIME,
            # No page wants a compressed body, and a bad one would be an error for each request.
            auto_decompress=False,
        )
        self._listener = listener
        #: kept to the end; aiohttp drops its own while a response may still wait to be read
        self._raw_transport: asyncio.BaseTransport | None = None
        #: when the connection is aborted, in seconds of the event loop's clock
        self.deadline = loop.time() + HEADER_TIMEOUT
        #: accepts the connection, TLS included; None afterwards
        self.handshake: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the connection."""
        self._raw_transport = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Free the place of the connection."""
        self._listener.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what has come; end a connection that sends many requests ahead.

        Few such connections would otherwise keep the process busy for everybody else.
        """
        super().data_received(data)
        if len(self._messages) > MAX_PIPELINED:
            log.debug("too many pipelined requests", extra={"requests": len(self._messages)})
            self.abort()

    def request_started(self) -> None:
        """Note that the headers of a request are complete."""
        if self.transport is not None:  # the client may have gone since
            self.deadline = asyncio.get_running_loop().time() + IDLE_TIMEOUT
            self._listener.mark_active(self)

    def abort(self) -> None:
        """End the connection, whatever it is doing."""
        if self.handshake is not None:
            self.handshake.cancel()
        elif isinstance(self._raw_transport, asyncio.Transport):
            self._raw_transport.abort()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log an error; what a client caused is no error of ours, and must not fill the log."""
        by_client = isinstance(kw.get("exc_info"), _CLIENT_ERRORS)
        log.log(logging.DEBUG if by_client else logging.ERROR, *args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP; aiohttp would reveal its version, and fill the log."""
        error = HTTPStatus(status)
        if isinstance(exc, ConnectionError):
            raise exc
        if error >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request failed", exc_info=exc)
        else:
            # The text of the exception holds what was sent, passwords included.
            problem = type(exc).__name__
            log.debug("invalid request", extra={"remote": request.remote, "error": problem})
        if request.writer.output_size > 0:
            raise ConnectionError("the response has already started")
        headers = {hdrs.SERVER: SERVER, "X-Content-Type-Options": "nosniff"}
        text = f"{error.value}: {error.phrase}\n"
        response = web.Response(status=error, text=text, headers=headers)
        response.force_close()
        return response


class Listener:
    """Accepts connections for a server, within limits."""

    def __init__(self, server: web.Server, context: ssl.SSLContext | None) -> None:
        """Prepare to listen; with TLS if there is a context."""
        #: where it listens
        self.address = Address(None, 0)
        self._server = server
        self._context = context
        self._sockets: list[socket.socket] = []
        #: connections without and with a request so far, the longest silent first
        self._idle: dict[Connection, None] = {}
        self._active: dict[Connection, None] = {}
        self._expiry: asyncio.TimerHandle | None = None
        self._log_after = float("-inf")
        self._limit = min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

    async def listen(self, address: Address) -> None:
        """Listen; raises OSError and UnicodeError when the address cannot be listened on."""
        loop = asyncio.get_running_loop()
        # asyncio resolves and binds all addresses of a name. Connections are then accepted here,
        # because asyncio does not report those that never finish their TLS handshake.
        bound = await loop.create_server(
            asyncio.Protocol, address.host, address.port, start_serving=False
        )
        self._sockets = [each.dup() for each in bound.sockets]
        bound.close()
        for each in self._sockets:
            each.setblocking(False)
            each.listen(_BACKLOG)
            loop.add_reader(each, self._accept, each)
        self.address = Address(*self._sockets[0].getsockname()[:2])
        self._close_expired()

    def stop_accepting(self) -> None:
        """Accept no more connections; those that exist stay."""
        if self._expiry is not None:
            self._expiry.cancel()
        for each in self._sockets:
            asyncio.get_running_loop().remove_reader(each)
            each.close()
        self._sockets.clear()
        for connection in self._connections():
            if connection.handshake is not None:
                connection.abort()

    async def abort_all(self) -> None:
        """End all connections."""
        for connection in self._connections():
            connection.abort()
        await asyncio.sleep(0)

    def mark_active(self, connection: Connection) -> None:
        """Note that a connection has sent a request, and is the last to be evicted."""
        self.remove(connection)
        self._active[connection] = None

    def remove(self, connection: Connection) -> None:
        """Note that a connection is gone."""
        self._idle.pop(connection, None)
        self._active.pop(connection, None)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPT_BATCH):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause_accept(listening, error)
                return
            accepted.setblocking(False)
            if len(self._idle) + len(self._active) >= self._limit:
                self._evict()
            connection = Connection(self, self._server)
            self._idle[connection] = None
            connection.handshake = asyncio.create_task(self._handshake(connection, accepted))

    def _connections(self) -> list[Connection]:
        return [*self._idle, *self._active]

    def _evict(self) -> None:
        """End the connection that has been silent for longest, in the larger group."""
        group = self._idle if len(self._idle) >= len(self._active) else self._active
        connection = next(iter(group))
        self.remove(connection)
        connection.abort()

    async def _handshake(self, connection: Connection, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=HEADER_TIMEOUT if self._context else None,
                ssl_shutdown_timeout=_TLS_SHUTDOWN_TIMEOUT if self._context else None,
            )
        except (OSError, asyncio.CancelledError) as error:
            self.remove(connection)
            log.debug("TLS handshake or accept failed", extra={"error": repr(error)})
        finally:
            connection.handshake = None

    def _pause_accept(self, listening: socket.socket, error: OSError) -> None:
        """Wait until the machine has room again, and free some."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._log_after:
            self._log_after = loop.time() + _LOG_INTERVAL
            log.error("accept() failed: %s; check the open-file limit (ulimit -n)", error.strerror)
        loop.remove_reader(listening)
        for _ in range(len(self._connections()) // 2):
            self._evict()

        def resume() -> None:
            if listening in self._sockets:
                loop.add_reader(listening, self._accept, listening)

        loop.call_later(_ACCEPT_PAUSE, resume)

    def _close_expired(self) -> None:
        """Abort connections beyond their deadline."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in self._connections():
            if connection.deadline <= now:
                connection.abort()
        self._expiry = loop.call_later(_EXPIRY_INTERVAL, self._close_expired)


@web.middleware
async def track_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the listener that a request has come; must be the first middleware."""
    connection = request.protocol
    if isinstance(connection, Connection):
        connection.request_started()
    return await handler(request)


async def hide_server_header(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Hide aiohttp's version in responses that it makes by itself; a signal of the application."""
    response.headers[hdrs.SERVER] = SERVER
