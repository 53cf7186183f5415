"""Gateways that announce themselves on the local network, by mDNS.

The announcement has the serial number and the firmware; `/info`, which needs no login, is read once
to confirm both.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from zeroconf import DNSQuestionType, InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from exporter.clock import SystemClock
from exporter.config import Gateway
from exporter.errors import ExporterError, GatewayError
from exporter.gateway.client import GatewayClient
from exporter.gateway.state_model import GatewayState
from exporter.text import printable

log = logging.getLogger(__name__)

SERVICE = "_enphase-envoy._tcp.local."
#: seconds for the details of an announced gateway, and for its `/info`
_DETAILS, _INFO = 1.5, 4.0
#: seconds to look for one gateway, and the most addresses of it to try
_FIND = 3.0
_MOST_HOSTS = 4
#: multicast questions: a unicast answer may go to another mDNS program on this machine
_MULTICAST = DNSQuestionType.QM
#: ports that a configuration does not need
_DEFAULT_PORTS = (80, 443, 0, None)
#: characters of a serial number or version that are kept
_MAX_TEXT = 64


@dataclass(frozen=True, slots=True)
class Announced:
    """A gateway that announces itself; fields that it does not have are empty."""

    #: its name in mDNS, such as `envoy.local`
    name: str
    serial: str
    firmware: str
    #: as `host` of a configuration, with the port unless it is a default one
    hosts: tuple[str, ...]
    #: whether `/info` has answered at the first of the hosts
    answers: bool = False

    @property
    def host(self) -> str:
        """The value for `host`: the first address, or the name without one."""
        return self.hosts[0] if self.hosts else self.name


async def discover(seconds: float, interfaces: Sequence[str] = ()) -> list[Announced]:
    """Listen for `seconds` and return the gateways that announce themselves, by serial number.

    `interfaces` are addresses of ours to listen on, all by default. Raises ExporterError where
    mDNS cannot be used.
    """
    gateways = await _listen(seconds, interfaces)
    announced = await asyncio.gather(*(_confirmed(each) for each in gateways if each.hosts))
    # A gateway is found once per interface, and under each name that it ever had.
    by_serial = {
        each.serial or each.name: each for each in sorted(announced, key=lambda each: each.answers)
    }
    return sorted(by_serial.values(), key=lambda each: (each.serial, each.name))


async def find_hosts(
    serial: str, seconds: float = _FIND, interfaces: Sequence[str] = ()
) -> list[str]:
    """Return the addresses at which the gateway with this serial number announces itself.

    None of them has been tried. Where mDNS cannot be used there are none.
    """
    try:
        gateways = await _listen(seconds, interfaces)
    except ExporterError as error:
        log.debug("gateway cannot be looked for", extra={"serial": serial, "error": str(error)})
        return []
    hosts = [host for each in gateways if each.serial == serial for host in each.hosts]
    return list(dict.fromkeys(hosts))[:_MOST_HOSTS]


async def _listen(seconds: float, interfaces: Sequence[str]) -> list[Announced]:
    """Return what was announced within `seconds`; raise ExporterError."""
    try:
        for address in interfaces:
            # zeroconf finds out too late, and leaves sockets open
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as ours:
                ours.bind((address, 0))
        network = AsyncZeroconf(
            interfaces=list(interfaces) or InterfaceChoice.All,
            ip_version=None if interfaces else IPVersion.All,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ExporterError(
            f"mDNS cannot be used here ({getattr(error, 'strerror', None) or error}): name an"
            " address of this machine with --interface, or look in the router's list of devices"
        ) from error
    # It warns of every interface without multicast, such as loopback with IPv6.
    logging.getLogger("zeroconf").setLevel(logging.ERROR)
    names: set[str] = set()

    def on_change(
        zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is not ServiceStateChange.Removed:
            names.add(name)

    try:
        browser = AsyncServiceBrowser(
            network.zeroconf, SERVICE, handlers=[on_change], question_type=_MULTICAST
        )
        await asyncio.sleep(seconds)
        await browser.async_cancel()
        gateways = await asyncio.gather(*(_details(network, name) for name in sorted(names)))
    finally:
        await network.async_close()
    return gateways


async def _details(network: AsyncZeroconf, name: str) -> Announced:
    service = AsyncServiceInfo(SERVICE, name)
    await service.async_request(network.zeroconf, _DETAILS * 1000, question_type=_MULTICAST)
    addresses = sorted(service.parsed_scoped_addresses(), key=_preference)
    port = "" if service.port in _DEFAULT_PORTS else f":{service.port}"
    properties = service.decoded_properties
    return Announced(
        printable(service.server or name).rstrip("."),
        _text(properties.get("serialnum")),
        _text(properties.get("protovers")),
        tuple((f"[{each}]" if ":" in each else each) + port for each in addresses),
    )


async def _confirmed(announced: Announced) -> Announced:
    """Return it with the data of `/info`, from the first address that answers."""
    for host in announced.hosts:
        clock = SystemClock()
        config = Gateway(host=host)
        session = GatewayClient(config, GatewayState(), clock)
        try:
            async with asyncio.timeout(_INFO):
                identity = await session.identify()
        except (GatewayError, TimeoutError):
            continue
        finally:
            await session.close()
        others = tuple(each for each in announced.hosts if each != host)
        return replace(
            announced,
            serial=_text(identity.serial),
            firmware=_text(str(identity.firmware)),
            hosts=(host, *others),
            answers=True,
        )
    return announced


def _preference(address: str) -> tuple[bool, bool]:
    """Return a key that puts IPv4 first and link-local addresses, which need a scope, last."""
    parsed = ip_address(address.partition("%")[0])
    return parsed.is_link_local, parsed.version == 6


def _text(value: str | None) -> str:
    return printable(value or "")[:_MAX_TEXT]
