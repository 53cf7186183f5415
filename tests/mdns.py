"""Gateways that announce themselves by mDNS, on loopback and nowhere else."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from exporter.discovery import SERVICE

LOOPBACK = "127.0.0.1"


def announcement(
    name: str,
    port: int,
    *,
    serial: str = "",
    firmware: str = "",
    addresses: Sequence[str] = (LOOPBACK,),
) -> ServiceInfo:
    """Return what a gateway with this name in mDNS announces."""
    record = {"serialnum": serial, "protovers": firmware}
    return ServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=port,
        addresses=[ip_address(each).packed for each in addresses],
        properties={key: value for key, value in record.items() if value},
        server=f"{name}.local.",
    )


@asynccontextmanager
async def announce(*gateways: ServiceInfo) -> AsyncIterator[None]:
    """Announce gateways as long as the context lasts."""
    network = AsyncZeroconf(interfaces=[LOOPBACK])
    try:
        for each in gateways:
            # without asking first whether the name is free, which takes a second
            await network.async_register_service(each, cooperating_responders=True)
        yield
    finally:
        await network.async_close()


def has_ipv6() -> bool:
    """Return whether this machine has IPv6 on loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
