"""What the steps of one diagnosis share: the gateway, the connection, the results so far."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.address import split
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import GatewayError
from exporter.gateway.client import GatewayClient
from exporter.gateway.endpoints.base import Parsed
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
        """Split the configured host and set up the exporter's own client."""
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
        self.session = GatewayClient(self.config, self.memory, self.clock, self.directory)
        #: what the endpoints answered, and which of them failed, by path
        self.parsed: dict[str, Parsed] = {}
        self.failures: dict[str, GatewayError] = {}
        #: endpoints that were not asked, as the limit on requests was reached
        self.left_out: list[str] = []
        #: the data of each collector that has some
        self.data: dict[str, dict[str, Any]] = {}
        self.readings: dict[str, Reading] = {}
        #: the endpoint that is read now
        self.collecting = ""

    @property
    def gateway_time(self) -> float:
        """The gateway's clock in epoch seconds."""
        return self.clock.time() + (self.session.clock_skew or 0.0)

    async def close(self) -> None:
        """Close the connection."""
        await self.session.close()
