"""The path to a gateway below HTTP: name, addresses, port, TLS.

Only diagnostics need this: it shows which layer a connection fails at.
"""

import asyncio
import errno
import ipaddress
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from exporter.gateway.transport import UNVERIFIED_TLS

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """The result of a TLS handshake."""

    #: such as `TLSv1.3`
    version: str
    #: the common name of the certificate; empty if it has none
    subject: str


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host name or address; raise OSError or UnicodeError.

    Cancelling it is safe at any time: the system's resolver may take minutes and cannot be stopped,
    so it runs in a thread that is not waited for.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[str]] = loop.create_future()

    def finish(addresses: list[str], error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(addresses)
        else:
            future.set_exception(error)

    def look_up() -> None:
        addresses: list[str] = []
        failure: Exception | None = None
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except (OSError, UnicodeError) as error:
            failure = error
        with suppress(RuntimeError):  # cancelled meanwhile, and the loop is closed
            loop.call_soon_threadsafe(finish, addresses, failure)

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    return await future


async def connect(addresses: Sequence[str], port: int, seconds: float) -> str:
    """Return the first of these addresses that accepts a connection; raise OSError.

    Of several failures, the most specific one is raised; no answer is a TimeoutError.
    """
    failures = []
    attempts = {asyncio.create_task(_connect(address, port, seconds)) for address in addresses}
    try:
        for done in asyncio.as_completed(attempts):
            try:
                return await done
            except OSError as error:
                failures.append(error)
    finally:
        for task in attempts:
            task.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
    raise max(failures, key=_severity)


async def tls_handshake(address: str, port: int, seconds: float) -> TlsInfo:
    """Do a TLS handshake; raise ssl.SSLError, OSError or TimeoutError."""
    async with asyncio.timeout(seconds):
        _, writer = await asyncio.open_connection(address, port, ssl=UNVERIFIED_TLS)
    try:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return TlsInfo(tls.version() or "TLS", _subject(tls.getpeercert(binary_form=True)))
    finally:
        # a graceful close would wait for an answer that may never come
        writer.transport.abort()


def local_address(address: str) -> str | None:
    """Return our own address on the route to `address`, None without a route."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # connecting a datagram socket sends nothing
            probe.connect((address, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def parse_address(address: str) -> IPAddress | None:
    """Return an address without its scope, None for a name."""
    try:
        return ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None


async def _connect(address: str, port: int, seconds: float) -> str:
    async with asyncio.timeout(seconds):
        _, writer = await asyncio.open_connection(address, port)
    writer.transport.abort()
    return address


def _severity(error: OSError) -> int:
    """Return how specific a failure is: refused, unreachable, or no answer."""
    if isinstance(error, ConnectionError):
        return 2
    return int(error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH))


def _subject(certificate: bytes | None) -> str:
    """Return the common name of a certificate, empty for any that cannot be parsed."""
    try:
        subject = x509.load_der_x509_certificate(certificate or b"").subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return str(names[0].value) if names else ""
