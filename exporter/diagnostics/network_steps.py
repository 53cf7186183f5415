"""The steps below HTTP: name, address, TCP, TLS."""

import errno
import ipaddress
import os
import socket
import ssl

from exporter.diagnostics import network
from exporter.diagnostics.context import DiagnosisContext
from exporter.diagnostics.result import Passed, StepFailedError, StepSkippedError, clean

#: seconds; a gateway on the local network answers within one
CONNECT = 6.0
HANDSHAKE = 8.0
_HTTPS, _HTTP = 443, 80

_DISCOVER = "`enphase-exporter discover` lists the gateways on this network"


async def name(context: DiagnosisContext) -> Passed:
    """Look up the addresses of the configured host."""
    try:
        context.addresses = await network.resolve(context.host, context.port)
    except (OSError, UnicodeError) as error:
        raise _unknown_name(context.host, error) from None
    if network.parse_address(context.host):
        return Passed(f"{context.host} is an IP address")
    return Passed(f"{context.host} resolves to {', '.join(context.addresses)}")


async def address(context: DiagnosisContext) -> Passed:
    """Check that there is a route to the address, and that it is a local one."""
    local = {each: local_address(each) for each in context.addresses}
    context.addresses = [each for each in context.addresses if local[each]] or context.addresses
    first = context.addresses[0]
    ours = local[first]
    if ours is None:
        raise StepFailedError(
            f"this machine has no route to {first}",
            "connect it to the gateway's network, or configure the gateway's address in this"
            " network",
        )
    parsed = network.parse_address(first)
    if parsed and parsed.is_global and not network.parse_address(context.host):
        return Passed(
            f"{first} is a public internet address, not one of your network",
            "some providers answer for names that do not exist: configure the gateway's IP address;"
            f" {_DISCOVER}",
        )
    if parsed and parsed.is_loopback:
        return Passed(f"{first} (this machine)")
    if in_other_network(ours, first):
        return Passed(f"{first}, in another network than this machine ({ours})")
    return Passed(f"{first}, from {ours}")


async def tcp(context: DiagnosisContext) -> Passed:
    """Connect to the configured port, or to that of HTTPS, then HTTP."""
    ports = (context.given_port,) if context.given_port else (_HTTPS, _HTTP)
    failure: OSError | None = None
    for port in ports:
        try:
            context.address = await network.connect(context.addresses, port, CONNECT / len(ports))
        except OSError as error:
            failure = failure or error
            continue
        context.port = port
        return Passed(f"port {port} is open")
    raise unreachable(context, failure or TimeoutError())


async def tls(context: DiagnosisContext) -> Passed:
    """Do the TLS handshake; firmware before 7 uses plain HTTP, which `/info` then shows."""
    if context.port == _HTTP:
        raise StepSkippedError("port 80 is plain HTTP, as before firmware 7")
    try:
        connection = await network.tls_handshake(context.address, context.port, HANDSHAKE)
    except TimeoutError:
        raise StepFailedError(
            f"port {context.port} is open, but nothing answers",
            "wait some minutes, the gateway may be starting; if it stays like this, power-cycle it;"
            " if"
            " this is not the gateway, correct `host`",
        ) from None
    except ssl.SSLError as error:
        if error.reason in _NO_TLS:
            raise StepSkippedError(f"no TLS on port {context.port}: trying plain HTTP") from None
        raise StepFailedError(
            f"TLS failed ({clean(error.reason or str(error))})",
            f"this is probably not an Enphase gateway: check `host`; {_DISCOVER}",
        ) from None
    except OSError:
        raise StepSkippedError(
            f"port {context.port} closes TLS at once: trying plain HTTP"
        ) from None
    context.subject, context.encrypted = clean(connection.subject), True
    return Passed(f"{connection.version}, certificate for {context.subject or 'no name'}")


_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_EOF_WHILE_READING"})

local_address = network.local_address


def in_other_network(ours: str, theirs: str) -> bool:
    """Return whether two addresses are probably in different networks."""
    one, other = network.parse_address(ours), network.parse_address(theirs)
    if one is None or other is None or one.version != other.version or other.is_link_local:
        return False
    # The netmask is not known here; home networks are almost always this size.
    length = 24 if one.version == 4 else 64
    return other not in ipaddress.ip_network(f"{one}/{length}", strict=False)


def unreachable(context: DiagnosisContext, error: OSError) -> StepFailedError:
    """Return what a failed connection means."""
    theirs, port = context.addresses[0], context.port
    away = in_other_network(local_address(theirs) or theirs, theirs)
    if isinstance(error, ConnectionRefusedError):
        if port == _HTTP:
            return StepFailedError(
                "port 80 is closed",
                "newer firmware answers on HTTPS only: remove `:80` from `host`",
            )
        return StepFailedError(
            f"{theirs} refuses connections on port {port}",
            "a device answers, but no gateway that is ready: wait if the gateway is starting,"
            " otherwise"
            f" check `host`; {_DISCOVER}",
        )
    if away:
        return StepFailedError(
            f"no answer from {theirs}, which is in another network than this machine",
            "allow TCP port 443 between the two networks on the router (VLANs, guest Wi-Fi), or run"
            " the exporter in the gateway's network",
        )
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN):
        return StepFailedError(
            f"no device has the address {theirs} ({os.strerror(error.errno)})",
            "the gateway is off, or its address has changed: look in the router's list of devices,"
            f" and reserve a fixed address there; {_DISCOVER}",
        )
    return StepFailedError(
        f"no answer from {theirs} on port {port}",
        "is the gateway on, and is this its address? Wi-Fi access points with client isolation"
        " (guest networks, `AP isolation`) block devices from each other: turn it off, or use a"
        " cable;"
        f" {_DISCOVER}",
    )


def _unknown_name(host: str, error: OSError | UnicodeError) -> StepFailedError:
    if isinstance(error, UnicodeError):
        return StepFailedError(f"{clean(host)} is not a valid host name", "correct `host`")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        message = f"{host} cannot be resolved: no DNS server answers"
    else:
        message = f"{host} cannot be resolved"
    remedy = f"use the gateway's IP address instead; {_DISCOVER}"
    if host.rstrip(".").endswith(".local"):
        remedy = (
            "names in .local need mDNS (on Debian: libnss-mdns), which does not work in containers"
            f" or across networks: {remedy}"
        )
    return StepFailedError(message, remedy)
