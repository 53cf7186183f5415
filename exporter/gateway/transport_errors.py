"""Transport errors: from aiohttp's exceptions into words for the owner.

Also the limits of a response: how long a connection may take, how large a body may be.
"""

import errno
import os
import ssl
from typing import Self

import aiohttp
from aiohttp.connector import Connection

from exporter.errors import (
    ConnectionLostError,
    GatewayError,
    InvalidResponseError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TlsError,
    UnreachableError,
)

#: bytes; nine hundred inverters in detail, of which no gateway has so many
MAX_BODY = 4 * 2**20
#: the same for an endpoint whose responses are small
MAX_SMALL_BODY = 64 * 2**10
#: values in the largest body, and in proportion in others: more take too long to read
MAX_VALUES = 100_000
#: seconds that a connection may take
CONNECT = 6.0
#: digits of an announced length that matter
_DIGITS = 20


class TransportError(aiohttp.ClientError):
    """A request without a complete response; `error` says why."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(str(error))
        self.error = error


class CertificateChangedError(ssl.SSLError):
    """The gateway's certificate is not the one that is pinned."""


class BoundedResponse(aiohttp.ClientResponse):
    """A response whose body is never read past the limit, however it is sent or compressed."""

    #: bytes
    max_body = MAX_BODY
    #: the TLS of its connection, which a short response does not keep
    tls: ssl.SSLObject | None = None

    async def start(self, connection: Connection) -> Self:
        """Read the headers."""
        if connection.transport is not None:
            self.tls = connection.transport.get_extra_info("ssl_object")
        await super().start(connection)
        return self

    async def read(self) -> bytes:
        """Return the body; raise BodyTooLargeError when it is larger than the limit."""
        if self._body is None:
            length = self.headers.get("Content-Length")
            try:
                self._body = await read_bounded(self.content, length, self.max_body)
            except BodyTooLargeError:
                self.close()
                raise
            self.release()
        return self._body


async def read_bounded(payload: aiohttp.StreamReader, length: str | None, limit: int) -> bytes:
    """Return a body of which `length` is announced; raise BodyTooLargeError beyond the limit."""
    if length is not None and length.isdecimal() and int(length[:_DIGITS]) > limit:
        raise BodyTooLargeError(limit)
    body = b""
    async for chunk in payload.iter_any():
        # most come in one piece
        body = body + chunk if body else chunk
        if len(body) > limit:
            raise BodyTooLargeError(limit)
    most = MAX_VALUES * limit // MAX_BODY
    if body.count(b",") + body.count(b"[") + body.count(b"{") > most:
        raise BodyTooLargeError(limit)
    return body


class BodyTooLargeError(aiohttp.ClientPayloadError):
    """A body larger than the limit, or with more values."""

    def __init__(self, limit: int) -> None:
        values = MAX_VALUES * limit // MAX_BODY
        super().__init__(f"the response has more than {limit // 1024} KiB or {values} values")


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
    ((TimeoutError,), RequestTimeoutError, "no complete response in time"),
    ((BodyTooLargeError,), ResponseTooLargeError, "the response is too large"),
    (
        (CertificateChangedError,),
        TlsError,
        "the certificate is not the one in `tls_fingerprint`; is this your gateway?",
    ),
    (
        (aiohttp.ClientSSLError, ssl.SSLError),
        TlsError,
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
        "the response was cut off or cannot be decoded",
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
    if isinstance(error, aiohttp.ClientConnectorSSLError) and isinstance(
        error.__cause__, CertificateChangedError
    ):
        error = error.__cause__
    for kinds, ours, words in _EXPLANATIONS:
        if isinstance(error, kinds):
            return ours(f"{endpoint}: {words}{_detail(error)}")
    return InvalidResponseError(
        f"{endpoint}: not an HTTP response that can be read ({type(error).__name__})"
    )


def _detail(error: BaseException) -> str:
    """Return the system's own word for a connection that failed, such as `Connection refused`."""
    # Its subclasses have numbers of their own, of TLS and of DNS.
    number = error.errno if type(error) is aiohttp.ClientConnectorError else None
    return f" ({os.strerror(number)})" if number and number in errno.errorcode else ""
