"""The steps of the way to a gateway: name, address, TCP, TLS."""

import errno
import ipaddress
import os
import socket
import ssl

from exporter.diagnostics import network
from exporter.diagnostics.context import Case
from exporter.diagnostics.result import Failure, NotApplicable, Told, clean

#: seconds; a gateway on the local network answers within one
CONNECT = 6.0
HANDSHAKE = 8.0
_HTTPS, _HTTP = 443, 80

_DISCOVER = "`enphase-exporter discover` lists the gateways that can be heard from here"


async def name(case: Case) -> Told:
    """Find the addresses of the configured name."""
    try:
        case.addresses = await network.resolve(case.host, case.port)
    except (OSError, UnicodeError) as error:
        raise _unknown_name(case.host, error) from None
    if network.parsed(case.host):
        return Told(f"{case.host} is an address")
    return Told(f"{case.host} is {', '.join(case.addresses)}")


async def address(case: Case) -> Told:
    """Judge the addresses: whether there is a way, and whether it stays in the house."""
    ways = {each: source(each) for each in case.addresses}
    case.addresses = [each for each in case.addresses if ways[each]] or case.addresses
    first = case.addresses[0]
    ours = ways[first]
    if ours is None:
        raise Failure(
            f"this machine has no route to {first}",
            "connect it to the network of the gateway, or give the gateway's address there",
        )
    parsed = network.parsed(first)
    if parsed and parsed.is_global and not network.parsed(case.host):
        return Told(
            f"{first} is on the internet, not in the house",
            "some providers answer for names that do not exist: give the gateway's own address;"
            f" {_DISCOVER}",
        )
    if parsed and parsed.is_loopback:
        return Told(f"{first}, this machine itself")
    if elsewhere(ours, first):
        return Told(f"{first}, beyond a router: this machine is {ours}")
    return Told(f"{first}, from {ours}")


async def tcp(case: Case) -> Told:
    """Connect to the port; without one in the configuration, to that of HTTPS, else of HTTP."""
    ports = (case.given_port,) if case.given_port else (_HTTPS, _HTTP)
    failure: OSError | None = None
    for port in ports:
        try:
            case.address = await network.connect(case.addresses, port, CONNECT / len(ports))
        except OSError as error:
            failure = failure or error
            continue
        case.port = port
        return Told(f"port {port} is open")
    raise unreachable(case, failure or TimeoutError())


async def tls(case: Case) -> Told:
    """Shake hands; firmware before 7 speaks plain HTTP, which `/info` then shows."""
    if case.port == _HTTP:
        raise NotApplicable("port 80 is for plain HTTP, as before firmware 7")
    try:
        found = await network.encrypt(case.address, case.port, HANDSHAKE)
    except TimeoutError:
        raise Failure(
            f"port {case.port} is open, but nobody answers there",
            "a gateway that hangs or starts needs some minutes; if it stays so, switch it off and"
            " on; if this is no gateway, correct `host`",
        ) from None
    except ssl.SSLError as error:
        if error.reason in _NO_TLS:
            raise NotApplicable(f"port {case.port} speaks no TLS: trying plain HTTP") from None
        raise Failure(
            f"TLS fails ({clean(error.reason or str(error))})",
            f"this is hardly a gateway: check `host`; {_DISCOVER}",
        ) from None
    except OSError:
        raise NotApplicable(f"port {case.port} ends TLS at once: trying plain HTTP") from None
    case.subject, case.encrypted = clean(found.subject), True
    return Told(f"{found.version}, certificate of {case.subject or 'nobody'}")


_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_EOF_WHILE_READING"})

source = network.source


def elsewhere(ours: str, theirs: str) -> bool:
    """Return whether two addresses are, by all signs, in different networks."""
    one, other = network.parsed(ours), network.parsed(theirs)
    if one is None or other is None or one.version != other.version or other.is_link_local:
        return False
    # The mask is known to the system alone; a home's network is hardly ever smaller or larger.
    length = 24 if one.version == 4 else 64
    return other not in ipaddress.ip_network(f"{one}/{length}", strict=False)


def unreachable(case: Case, error: OSError) -> Failure:
    """Return what a connection that failed means."""
    theirs, port = case.addresses[0], case.port
    away = elsewhere(source(theirs) or theirs, theirs)
    if isinstance(error, ConnectionRefusedError):
        if port == _HTTP:
            return Failure(
                "port 80 is closed",
                "newer firmware answers on HTTPS only: leave `:80` out of `host`",
            )
        return Failure(
            f"{theirs} refuses connections on port {port}",
            "there is a device, but no gateway that is ready: wait if the gateway starts, else"
            f" check `host`; {_DISCOVER}",
        )
    if away:
        return Failure(
            f"no answer from {theirs}, which is in another network than this machine",
            "let the router pass TCP port 443 between the two networks (VLANs, guest Wi-Fi), or run"
            " the exporter in the gateway's network",
        )
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN):
        return Failure(
            f"nobody has the address {theirs} ({os.strerror(error.errno)})",
            "the gateway is off, or its address has changed: look in the router's list of devices,"
            f" and give it a fixed one there; {_DISCOVER}",
        )
    return Failure(
        f"no answer from {theirs} on port {port}",
        "is the gateway on, and is this its address? On Wi-Fi, access points that isolate clients"
        " (guest networks, `AP isolation`) keep devices apart: switch that off, or use a cable;"
        f" {_DISCOVER}",
    )


def _unknown_name(host: str, error: OSError | UnicodeError) -> Failure:
    if isinstance(error, UnicodeError):
        return Failure(f"there can be no such name as {clean(host)}", "correct `host`")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        said = f"the name {host} cannot be looked up now: no name server answers"
    else:
        said = f"the name {host} is not known here"
    remedy = f"give the gateway's address instead; {_DISCOVER}"
    if host.rstrip(".").endswith(".local"):
        remedy = (
            "names in .local need mDNS (on Debian: libnss-mdns), which containers and other"
            f" networks have not: {remedy}"
        )
    return Failure(said, remedy)
