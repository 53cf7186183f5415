"""GET requests over the connections of an aiohttp session, without what a session does per request.

A gateway is asked the same few paths for years, by one method, without a body, redirects or
proxies. Connections, TLS, cookies and the parser are aiohttp's, and so are the errors; what is left
out made up half of the CPU of a request.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDictProxy
from yarl import URL

from exporter.gateway.transport_errors import CONNECT, read_bounded

_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=CONNECT)
_FORBIDDEN = ("\r", "\n", "\0")
_CONTINUE = range(100, 200)
_SWITCHING = 101


@dataclass(frozen=True, slots=True)
class Get:
    """A request: where to, with which headers, and how large the response may be in bytes.

    `note_date` is given the `Date` of the response before its body is read.
    """

    url: str
    headers: dict[str, str]
    max_body: int
    note_date: Callable[[str | None], object]


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A complete response as it came."""

    status: int
    headers: CIMultiDictProxy[str]
    raw_headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    #: values of the cookies that it sets
    cookies: tuple[str, ...]
    #: the TLS of the connection
    tls: ssl.SSLObject | None


class LeanGet:
    """Sends GET requests over the connections of one session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self._targets: dict[str, tuple[URL, str]] = {}
        #: what the connector takes its target from, by scheme and host
        self._requests: dict[str, ClientRequest] = {}
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in session.headers.items())

    async def send(self, get: Get) -> RawResponse:
        """Return the response; raises aiohttp's errors, and BodyTooLargeError."""
        target, head = self._target(get.url)
        request = self._request(target)
        connector = self.session.connector
        if connector is None or self.session.closed:
            raise aiohttp.ClientConnectionError("the session is closed")
        try:
            connection = await connector.connect(request, [], _TIMEOUT)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"no connection to {target.host}") from error
        try:
            response = await self._exchange(connection, head, target, get)
        except BaseException:
            connection.close()
            raise
        connection.release()
        return response

    async def _exchange(
        self, connection: Connection, head: str, target: URL, get: Get
    ) -> RawResponse:
        protocol = connection.protocol
        if protocol is None or protocol.transport is None or protocol.transport.is_closing():
            raise aiohttp.ServerDisconnectedError
        tls = protocol.transport.get_extra_info("ssl_object")
        protocol.set_response_params(read_until_eof=True)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._all(target, get.headers))
        protocol.transport.write(f"{head}{self._lines}{lines}\r\n".encode())
        try:
            message, payload = await protocol.read()
            while message.code in _CONTINUE and message.code != _SWITCHING:
                message, payload = await protocol.read()
        except HttpProcessingError as error:
            request = self._request(target)
            raise aiohttp.ClientResponseError(
                request.request_info, (), status=error.code, message=error.message
            ) from error
        get.note_date(message.headers.get("Date"))
        body = await read_bounded(payload, message.headers.get("Content-Length"), get.max_body)
        set_cookies = message.headers.getall("Set-Cookie", ())
        if set_cookies:
            self.session.cookie_jar.update_cookies_from_headers(set_cookies, target)
        return RawResponse(
            message.code,
            message.headers,
            message.raw_headers,
            body,
            tuple(each.partition("=")[2].partition(";")[0].strip(' "') for each in set_cookies),
            tls,
        )

    def _all(self, target: URL, headers: dict[str, str]) -> list[tuple[str, str]]:
        """Return the headers and the cookies; raise ValueError for what would be two headers."""
        lines = list(headers.items())
        cookies = self.session.cookie_jar.filter_cookies(target)
        if cookies:
            lines.append(("Cookie", "; ".join(f"{n}={c.coded_value}" for n, c in cookies.items())))
        for _, value in lines:
            if any(each in value for each in _FORBIDDEN):
                raise ValueError("a header has a line break in it")
        return lines

    def _target(self, url: str) -> tuple[URL, str]:
        """Return a URL as parsed, and the first lines of requests to it."""
        known = self._targets.get(url)
        if known is None:
            try:
                parsed = URL(url)
            except ValueError as error:
                raise aiohttp.InvalidURL(url) from error
            host = self._request(parsed).headers["Host"]
            known = parsed, f"GET {parsed.raw_path_qs} HTTP/1.1\r\nHost: {host}\r\n"
            self._targets[url] = known
        return known

    def _request(self, target: URL) -> ClientRequest:
        key = f"{target.scheme}://{target.raw_authority}"
        request = self._requests.get(key)
        if request is None:
            request = self._requests[key] = ClientRequest(
                "GET", target.origin(), loop=asyncio.get_running_loop(), session=self.session
            )
        return request
