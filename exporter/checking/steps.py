"""The steps of a diagnosis in their order: what each needs, and how long it may take."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.checking import gateway, way
from exporter.checking.case import Case
from exporter.checking.outcome import Told


@dataclass(frozen=True, slots=True)
class Step:
    """One step; it is tried when all that it needs went well, within `deadline` seconds."""

    key: str
    title: str
    run: Callable[[Case], Awaitable[Told]]
    needs: tuple[str, ...]
    deadline: float


STEPS: tuple[Step, ...] = (
    Step("name", "Name", way.name, (), 6),
    Step("address", "Address", way.address, ("name",), 2),
    Step("tcp", "TCP", way.tcp, ("address",), 8),
    Step("tls", "TLS", way.tls, ("tcp",), 10),
    Step("info", "/info", gateway.info, ("tls",), 12),
    Step("firmware", "Firmware", gateway.firmware, ("info",), 2),
    Step("login", "Login", gateway.login, ("info",), 36),
    Step("features", "Features", gateway.features, ("login",), 30),
    Step("poll", "First samples", gateway.poll, ("features",), 30),
    Step("cloud", "Cloud reporting", gateway.cloud, ("features",), 2),
    Step("clock", "Clock", gateway.clock, ("info",), 2),
    Step("token", "Token", gateway.token, ("login",), 2),
)
TITLES = {step.key: step.title for step in STEPS}


def up_to(key: str) -> tuple[Step, ...]:
    """Return the steps up to and with this one."""
    return STEPS[: [step.key for step in STEPS].index(key) + 1]
