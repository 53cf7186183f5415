"""What a gateway answers, apart from how it is served.

The seam between the HTTP server and everything that knows about a home: a folder of recorded
answers, a table of hardware, or a simulation that computes its answers when asked.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP answer, ready to send."""

    status: int = 200
    body: bytes = b""
    #: header fields; the server adds what is missing for HTTP to work (length, date)
    headers: Mapping[str, str] = field(default_factory=dict)


class SimulatedGateway(ABC):
    """A gateway as its clients see it: its identity, its answers and its commands."""

    @property
    @abstractmethod
    def serial(self) -> str:
        """Serial number as in `/info`, usually twelve digits."""

    @property
    @abstractmethod
    def firmware(self) -> str:
        """Firmware version as in `/info`, without the leading letter, such as `8.3.5169`."""

    @property
    def uses_tls(self) -> bool:
        """Whether it speaks HTTPS with tokens; firmware before 7 speaks HTTP with digest."""
        return int(self.firmware.partition(".")[0]) >= 7

    @property
    def powered(self) -> bool:
        """Whether it has mains power; without it, nothing answers."""
        return True

    @property
    def clock_offset(self) -> float:
        """How many seconds its clock is ahead."""
        return 0.0

    def installer_only(self, target: str) -> bool:
        """Whether a path with its query needs the token of an installer."""
        return False

    @abstractmethod
    def answer(self, target: str) -> HttpResponse | None:
        """Answer a GET of a path with its query, such as `/production.json?details=1`.

        Returns None for what this gateway does not have (404). Called once per request on the
        event loop: it must not block.
        """

    def command(self, method: str, target: str, body: bytes) -> HttpResponse | None:
        """Carry out a request other than GET and answer it; an invalid body gets 400.

        Returns None for a command this gateway does not have; nothing has changed then. Called
        like `answer`.
        """
        return None


class WrappedGateway(SimulatedGateway):
    """Another gateway, as it is: for those that change some of what it answers."""

    def __init__(self, inner: SimulatedGateway) -> None:
        self._inner = inner

    @property
    def serial(self) -> str:
        """See `SimulatedGateway.serial`."""
        return self._inner.serial

    @property
    def firmware(self) -> str:
        """See `SimulatedGateway.firmware`."""
        return self._inner.firmware

    @property
    def powered(self) -> bool:
        """See `SimulatedGateway.powered`."""
        return self._inner.powered

    @property
    def clock_offset(self) -> float:
        """See `SimulatedGateway.clock_offset`."""
        return self._inner.clock_offset

    def installer_only(self, target: str) -> bool:
        """See `SimulatedGateway.installer_only`."""
        return self._inner.installer_only(target)

    def answer(self, target: str) -> HttpResponse | None:
        """See `SimulatedGateway.answer`."""
        return self._inner.answer(target)

    def command(self, method: str, target: str, body: bytes) -> HttpResponse | None:
        """See `SimulatedGateway.command`."""
        return self._inner.command(method, target, body)
