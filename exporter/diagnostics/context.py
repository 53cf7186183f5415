"""What the steps of one diagnosis share: the gateway, the connection, the results so far."""

from dataclasses import dataclass, field
from pathlib import Path

from exporter.address import split
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.gateway.client import GatewayClient
from exporter.gateway.collectors import CADENCES
from exporter.gateway.counters import CounterGuard
from exporter.gateway.probe import Discovery
from exporter.gateway.site import Site
from exporter.gateway.state_model import GatewayState
from exporter.snapshot import Reading


@dataclass
class DiagnosisContext:
    """One gateway under diagnosis; `memory` is the saved state of the exporter, if there is one."""

    config: Gateway
    clock: Clock
    memory: GatewayState = field(default_factory=GatewayState)
    #: the exporter's state directory
    directory: Path | None = None

    def __post_init__(self) -> None:
        """Split the configured host and set up the exporter's own session and collectors."""
        self.host, self.given_port = split(self.config.host)
        #: the port that accepted a connection
        self.port = self.given_port or 443
        self.addresses: list[str] = []
        #: the address that accepted the connection
        self.address = ""
        #: the common name of the certificate
        self.subject = ""
        self.encrypted = False
        #: whether the login step has passed
        self.logged_in = False
        cadences = {**CADENCES, **self.config.cadences}
        self.session = GatewayClient(self.config, self.memory, self.clock, self.directory)
        guard = CounterGuard(self.memory, self.clock, cadences["battery_power"])
        self.site = Site(self.config, self.session, self.memory, guard, self.clock, Discovery())
        self.readings: dict[str, Reading] = {}
        self.samples = 0
        #: the collector that runs now
        self.collecting = ""

    async def close(self) -> None:
        """Close the connection."""
        await self.session.close()
