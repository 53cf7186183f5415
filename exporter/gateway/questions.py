"""What a probe left open, and when each endpoint of that is asked again.

An endpoint that failed proves nothing and is asked as often as if it worked, so that it is missed
no longer than its fault lasts.
"""

from collections.abc import Mapping

from exporter.clock import Clock
from exporter.errors import LoginRefusedError
from exporter.gateway.client import GatewayClient
from exporter.gateway.policy import ENDPOINTS, observed
from exporter.gateway.probe import Discovery, proves

#: how often an endpoint that refuses our login is asked whether it still does
_REFUSED_CADENCE = 300.0


class Questions:
    """The open questions of one gateway by endpoint."""

    def __init__(self, cadences: Mapping[str, float], clock: Clock) -> None:
        self._cadences = cadences
        self._clock = clock
        #: when each is due, in monotonic seconds, and the pause after that
        self._open: dict[str, tuple[float, float]] = {}

    def note(self, found: Discovery) -> None:
        """Take up what a probe is in doubt of."""
        now = self._clock.monotonic()
        self._open = {}
        for endpoint, doubt in found.doubts.items():
            if endpoint in ENDPOINTS:
                pause = self._cadences[observed(endpoint).collector]
                if isinstance(doubt, LoginRefusedError):
                    pause = max(pause, _REFUSED_CADENCE)
                self._open[endpoint] = now + pause, pause

    def next_time(self) -> float:
        """Return when the next question is due in monotonic seconds, or infinity."""
        return min((due for due, _ in self._open.values()), default=float("inf"))

    def due(self) -> str | None:
        """Return the endpoint to be asked now, if any."""
        endpoint = min(self._open, key=lambda name: self._open[name], default=None)
        now = self._clock.monotonic()
        return endpoint if endpoint is not None and now >= self._open[endpoint][0] else None

    async def ask(self, endpoint: str, session: GatewayClient) -> bool:
        """Ask it; return whether its answer proves something. Raises GatewayError for the login."""
        _, pause = self._open[endpoint]
        self._open[endpoint] = self._clock.monotonic() + pause, pause
        if not await proves(session, endpoint):
            return False
        self._open.pop(endpoint, None)
        return True
