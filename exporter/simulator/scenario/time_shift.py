"""Moves a simulated gateway into the present, for exporters that run there.

A scenario runs at its own date and speed, but must look current from outside: every time stamp in
an answer is as old as it is in the scenario.
"""

from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime

from exporter.simulator.gateway import HttpResponse, SimulatedGateway
from exporter.simulator.timeshift import TimestampedBody


class TimeShiftedGateway(SimulatedGateway):
    """Another gateway, with its time stamps moved to the present."""

    def __init__(
        self, gateway: SimulatedGateway, theirs: Callable[[], float], ours: Callable[[], float]
    ) -> None:
        """Show `gateway`; the two clocks return epoch seconds."""
        self._gateway = gateway
        self._theirs = theirs
        self._ours = ours

    @property
    def serial(self) -> str:
        """See `SimulatedGateway.serial`."""
        return self._gateway.serial

    @property
    def firmware(self) -> str:
        """See `SimulatedGateway.firmware`."""
        return self._gateway.firmware

    @property
    def powered(self) -> bool:
        """See `SimulatedGateway.powered`."""
        return self._gateway.powered

    @property
    def clock_offset(self) -> float:
        """See `SimulatedGateway.clock_offset`."""
        return self._gateway.clock_offset

    def installer_only(self, target: str) -> bool:
        """See `SimulatedGateway.installer_only`."""
        return self._gateway.installer_only(target)

    def answer(self, target: str) -> HttpResponse | None:
        """See `SimulatedGateway.answer`."""
        answer = self._gateway.answer(target)
        return None if answer is None else self._moved(answer, target)

    def command(self, method: str, target: str, body: bytes) -> HttpResponse | None:
        """See `SimulatedGateway.command`."""
        answer = self._gateway.command(method, target, body)
        return None if answer is None else self._moved(answer, target)

    def _moved(self, answer: HttpResponse, target: str) -> HttpResponse:
        shift = round(self._ours() - self._theirs())
        headers = dict(answer.headers)
        if "Date" in headers:
            date = parsedate_to_datetime(headers["Date"]).timestamp()
            headers["Date"] = formatdate(date + shift, usegmt=True)
        body = TimestampedBody(answer.body, target).shifted(shift)
        return replace(answer, body=body, headers=headers)
