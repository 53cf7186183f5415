"""Moves a simulated gateway into the present, for exporters that run there.

A scenario runs at its own date and speed, but must look current from outside: every time stamp in
an answer is as old as it is in the scenario.
"""

from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime

from exporter.simulator.gateway import HttpResponse, SimulatedGateway, WrappedGateway
from exporter.simulator.timeshift import TimestampedBody


class TimeShiftedGateway(WrappedGateway):
    """Another gateway, with its time stamps moved to the present."""

    def __init__(
        self, gateway: SimulatedGateway, theirs: Callable[[], float], ours: Callable[[], float]
    ) -> None:
        """Show `gateway`; the two clocks return epoch seconds."""
        super().__init__(gateway)
        self._theirs = theirs
        self._ours = ours

    def answer(self, target: str) -> HttpResponse | None:
        """See `SimulatedGateway.answer`."""
        answer = self._inner.answer(target)
        return None if answer is None else self._moved(answer, target)

    def command(self, method: str, target: str, body: bytes) -> HttpResponse | None:
        """See `SimulatedGateway.command`."""
        answer = self._inner.command(method, target, body)
        return None if answer is None else self._moved(answer, target)

    def _moved(self, answer: HttpResponse, target: str) -> HttpResponse:
        shift = round(self._ours() - self._theirs())
        headers = dict(answer.headers)
        if "Date" in headers:
            date = parsedate_to_datetime(headers["Date"]).timestamp()
            headers["Date"] = formatdate(date + shift, usegmt=True)
        body = TimestampedBody(answer.body, target).shifted(shift)
        return replace(answer, body=body, headers=headers)
