"""What the steps of one diagnosis share: the gateway, the way to it, what was found so far."""

from dataclasses import dataclass, field

from exporter.address import split
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.gateway.client import GatewayClient
from exporter.gateway.collectors import CADENCES
from exporter.gateway.counters import CounterGuard
from exporter.gateway.probe import Discovery
from exporter.gateway.site import Site
from exporter.gateway.state_model import GatewayState
from exporter.gateway.transport import Transport
from exporter.snapshot import Reading


@dataclass
class Case:
    """One gateway under diagnosis; `memory` is what the exporter remembers of it, if it does."""

    config: Gateway
    clock: Clock
    memory: GatewayState = field(default_factory=GatewayState)

    def __post_init__(self) -> None:
        """Take the configured host apart and prepare the exporter's own machinery."""
        self.host, self.given_port = split(self.config.host)
        #: where a connection was accepted
        self.port = self.given_port or 443
        self.addresses: list[str] = []
        #: the address that accepted it
        self.address = ""
        #: whom the certificate names
        self.subject = ""
        self.encrypted = False
        cadences = {**CADENCES, **self.config.cadences}
        self.transport = Transport(self.clock, cadences)
        self.session = GatewayClient(self.config, self.memory, self.transport, self.clock)
        guard = CounterGuard(self.memory, self.clock, cadences["battery_power"])
        self.site = Site(
            self.config, self.session, self.transport, self.memory, guard, self.clock, Discovery()
        )
        self.readings: dict[str, Reading] = {}
        self.samples = 0
        #: the collector under way
        self.collecting = ""

    async def close(self) -> None:
        """Let go of the gateway."""
        await self.session.close()
