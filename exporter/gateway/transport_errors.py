"""Transport errors: from aiohttp's exceptions into words for the owner.

Also what bounds an answer: how long a connection may take, how large a body may be.
"""

import errno
import os
import ssl

import aiohttp

from exporter.errors import (
    ConnectionLostError,
    GatewayError,
    InvalidResponseError,
    RequestTimeoutError,
    UnreachableError,
)

#: the largest honest answer seen, a hundred inverters in detail, has a twentieth of this
MAX_BODY = 8 * 2**20
#: seconds that a connection may take
CONNECT = 6.0


class TransportError(aiohttp.ClientError):
    """An answer that did not come; `error` is what is told of it."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(str(error))
        self.error = error


class BoundedResponse(aiohttp.ClientResponse):
    """A response whose body is never read past the limit, however it is sent or compressed."""

    async def read(self) -> bytes:
        """Return the body; raise ClientPayloadError when it is larger than the limit."""
        if self._body is None:
            body = bytearray()
            async for chunk in self.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    self.close()
                    raise BodyTooLargeError
            self._body = bytes(body)
            self.release()
        return self._body


class BodyTooLargeError(aiohttp.ClientPayloadError):
    """A body larger than the limit."""


#: the most specific first: aiohttp's exceptions, ours, and the message
_EXPLANATIONS: tuple[tuple[tuple[type[BaseException], ...], type[GatewayError], str], ...] = (
    (
        (aiohttp.ClientConnectorDNSError,),
        UnreachableError,
        "the name cannot be resolved; check `host`, or give an address",
    ),
    (
        # a UnicodeError is what a name with a label longer than DNS allows ends in
        (aiohttp.InvalidURL, UnicodeError),
        UnreachableError,
        "there can be no such name; check `host`",
    ),
    (
        (aiohttp.ConnectionTimeoutError,),
        UnreachableError,
        f"no connection within {CONNECT:g} s; is the gateway on this network?",
    ),
    ((TimeoutError,), RequestTimeoutError, "no complete answer in time"),
    (
        (BodyTooLargeError,),
        InvalidResponseError,
        f"the answer is larger than {MAX_BODY // 2**20} MiB",
    ),
    (
        (aiohttp.ClientSSLError, ssl.SSLError),
        UnreachableError,
        "TLS failed; does this port speak HTTPS?",
    ),
    (
        (aiohttp.ClientConnectorError,),
        UnreachableError,
        "cannot connect; is the gateway switched on?",
    ),
    (
        (aiohttp.ClientPayloadError,),
        InvalidResponseError,
        "the answer was cut off or cannot be decoded",
    ),
    (
        (aiohttp.ServerConnectionError, aiohttp.ClientOSError, ConnectionError),
        ConnectionLostError,
        "the gateway closed the connection",
    ),
)


def translate(error: BaseException, endpoint: str) -> GatewayError:
    """Return the error of ours for one of aiohttp's, in words for the owner."""
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, TransportError):
        return error.error
    for kinds, ours, words in _EXPLANATIONS:
        if isinstance(error, kinds):
            return ours(f"{endpoint}: {words}{_detail(error)}")
    return InvalidResponseError(
        f"{endpoint}: not an HTTP answer that can be read ({type(error).__name__})"
    )


def _detail(error: BaseException) -> str:
    """Return the system's own word for a connection that failed, such as `Connection refused`."""
    # Its subclasses have numbers of their own, of TLS and of DNS.
    number = error.errno if type(error) is aiohttp.ClientConnectorError else None
    return f" ({os.strerror(number)})" if number and number in errno.errorcode else ""
