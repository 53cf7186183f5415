"""The way to a gateway below HTTP: its name, its addresses, the port, TLS.

The exporter itself needs none of this. It is for telling where the way ends when it ends.
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
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Encryption:
    """What a TLS handshake told."""

    #: such as `TLSv1.3`
    version: str
    #: whom the certificate names; empty where it names nobody
    subject: str


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, an address being its own; raise OSError or UnicodeError.

    Cancelling it is safe at any time: the system's resolver may take minutes and cannot be stopped,
    so it works in a thread that nobody waits for.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def tell(addresses: list[str], error: Exception | None) -> None:
        if found.done():
            return
        if error is None:
            found.set_result(addresses)
        else:
            found.set_exception(error)

    def ask() -> None:
        addresses: list[str] = []
        failure: Exception | None = None
        try:
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(each[4][0]) for each in told))
        except (OSError, UnicodeError) as error:
            failure = error
        with suppress(RuntimeError):  # nobody waits any more, and the loop is closed
            loop.call_soon_threadsafe(tell, addresses, failure)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return await found


async def connect(addresses: Sequence[str], port: int, seconds: float) -> str:
    """Return the first of these addresses that accepts a connection; raise OSError.

    What is raised is the most telling of the failures; silence is a TimeoutError.
    """
    failures = []
    trying = {asyncio.create_task(_connect(address, port, seconds)) for address in addresses}
    try:
        for done in asyncio.as_completed(trying):
            try:
                return await done
            except OSError as error:
                failures.append(error)
    finally:
        for task in trying:
            task.cancel()
        await asyncio.gather(*trying, return_exceptions=True)
    raise max(failures, key=_telling)


async def encrypt(address: str, port: int, seconds: float) -> Encryption:
    """Return what a TLS handshake tells; raise ssl.SSLError, OSError or TimeoutError."""
    async with asyncio.timeout(seconds):
        _, writer = await asyncio.open_connection(address, port, ssl=NO_VERIFY_SSL_CONTEXT)
    try:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return Encryption(tls.version() or "TLS", _subject(tls.getpeercert(binary_form=True)))
    finally:
        # politely, it would wait for an answer that may never come
        writer.transport.abort()


def source(address: str) -> str | None:
    """Return our own address on the way to that one, None where no route leads there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # of a datagram socket, this sends nothing
            probe.connect((address, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def parsed(address: str) -> IPAddress | None:
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


def _telling(error: OSError) -> int:
    """Return how much a failure says: that somebody refuses, that nobody is there, nothing."""
    if isinstance(error, ConnectionError):
        return 2
    return int(error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH))


def _subject(certificate: bytes | None) -> str:
    """Return whom a certificate names, however odd it is."""
    try:
        subject = x509.load_der_x509_certificate(certificate or b"").subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return str(names[0].value) if names else ""
