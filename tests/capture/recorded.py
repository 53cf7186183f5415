"""Captures of gateways that the tests serve."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.capture.recorder import RecordedResponse, Recorder
from exporter.capture.redactor import Redactor
from exporter.capture.writer import finish
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.gateway.state_model import GatewayState
from exporter.simulator.server import RunningGateway


@dataclass(frozen=True)
class Captured:
    """A capture: its folder, the original responses, and the redactor."""

    folder: Path
    answers: list[RecordedResponse]
    redactor: Redactor

    def bytes(self) -> bytes:
        """Return everything that was written, file names included."""
        return b"\n".join(
            path.name.encode() + b"\n" + path.read_bytes() for path in self.folder.iterdir()
        )


async def capture(running: RunningGateway, folder: Path, clock: Clock, **config: Any) -> Captured:
    """Capture a served gateway."""
    if running.gateway.uses_tls and not config:
        config = {"token": running.token}
    gateway = Gateway.model_validate({"host": running.host, "name": "home", **config})
    recorder = Recorder(gateway, GatewayState(), clock)
    try:
        identity = await recorder.open()
        answers = [answer async for answer in recorder.answers()]
    finally:
        await recorder.close()
    return Captured(folder, answers, finish(folder, answers, recorder.identities(), identity))
