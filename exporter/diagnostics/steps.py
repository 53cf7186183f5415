"""The steps of a diagnosis in their order: what each depends on, and how long it may take."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.diagnostics import gateway_steps, network_steps, reading_steps
from exporter.diagnostics.context import DiagnosisContext
from exporter.diagnostics.result import Passed


@dataclass(frozen=True, slots=True)
class Step:
    """One step; it runs when every step it needs has passed, for at most `deadline` seconds."""

    key: str
    title: str
    run: Callable[[DiagnosisContext], Awaitable[Passed]]
    needs: tuple[str, ...]
    deadline: float


STEPS: tuple[Step, ...] = (
    Step("name", "Name", network_steps.name, (), 6),
    Step("address", "Address", network_steps.address, ("name",), 2),
    Step("tcp", "TCP", network_steps.tcp, ("address",), 8),
    Step("tls", "TLS", network_steps.tls, ("tcp",), 10),
    Step("info", "/info", gateway_steps.info, ("tls",), 12),
    Step("firmware", "Firmware", gateway_steps.firmware, ("info",), 2),
    Step("login", "Login", gateway_steps.login, ("info",), 36),
    Step("features", "Features", reading_steps.features, ("login",), 30),
    Step("poll", "First samples", reading_steps.poll, ("features",), 30),
    Step("cloud", "Cloud reporting", gateway_steps.cloud, ("features",), 2),
    Step("clock", "Clock", gateway_steps.clock, ("info",), 2),
    Step("token", "Token", gateway_steps.token, ("login",), 2),
)
TITLES = {step.key: step.title for step in STEPS}


def up_to(key: str) -> tuple[Step, ...]:
    """Return the steps up to and with this one."""
    return STEPS[: [step.key for step in STEPS].index(key) + 1]
