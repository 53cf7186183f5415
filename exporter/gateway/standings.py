"""How the collectors of one gateway stand: when each is due, and how its runs went."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exporter.clock import Clock
from exporter.errors import GatewayError
from exporter.gateway.models import CollectorReport

log = logging.getLogger(__name__)


@dataclass
class Standing:
    """Where one collector stands; `due` in monotonic seconds, `last_success` in epoch seconds."""

    cadence: float
    due: float
    up: bool = False
    #: whether the last run brought data, be it not all that it should
    alive: bool = False
    duration: float | None = None
    last_success: float | None = None
    failures: Counter[str] = field(default_factory=Counter)
    #: reason of the failure that goes on
    reason: str = ""
    #: the failure that the log has told already
    told: str = ""


class Standings:
    """The standings by collector. A failure that goes on is told once, and its end once."""

    def __init__(
        self, gateway: str, cadences: Mapping[str, float], clock: Clock, wait: float = 0.0
    ) -> None:
        """Begin with all of them due after `wait` seconds."""
        self._gateway = gateway
        self._clock = clock
        due = clock.monotonic() + wait
        self._all = {name: Standing(cadence, due) for name, cadence in cadences.items()}

    def __getitem__(self, name: str) -> Standing:
        return self._all[name]

    def began(self, name: str) -> None:
        """Set the next run one cadence on, in the same rhythm unless a whole beat was missed."""
        standing, now = self._all[name], self._clock.monotonic()
        if standing.due <= now:
            standing.due = max(standing.due + standing.cadence, now + standing.cadence / 2)

    def succeeded(self, name: str) -> None:
        """Note a run that brought data."""
        standing = self._all[name]
        if standing.told:
            log.info("recovered", extra={"gateway": self._gateway, "collector": name})
        standing.up, standing.reason, standing.told = True, "", ""
        standing.last_success = self._clock.time()

    def failed(self, name: str, error: GatewayError) -> None:
        """Note a run that failed."""
        standing = self._all[name]
        standing.up = False
        standing.failures[error.reason] += 1
        standing.reason = error.reason
        told = str(error)
        level = logging.DEBUG if told == standing.told else logging.WARNING
        standing.told = told
        where = {"gateway": self._gateway, "collector": name, "reason": error.reason}
        log.log(level, told, extra=where)

    def wait_for_gateway(self, names: Iterable[str], error: GatewayError, until: float) -> None:
        """Let these fail with the gateway, and be due again at `until`."""
        for name in names:
            standing = self._all[name]
            standing.due, standing.alive = until, False
            if standing.up:
                standing.up = False
                standing.failures[error.reason] += 1
                standing.reason = error.reason

    def expired(self, name: str) -> None:
        """Note that what the last run brought is too old by now, whatever became of the next."""
        self._all[name].up = self._all[name].alive = False

    def all_due(self, names: Iterable[str]) -> None:
        """Make all of these due at once."""
        now = self._clock.monotonic()
        for name in names:
            self._all[name].due = min(self._all[name].due, now)

    def report(self, names: Iterable[str]) -> dict[str, CollectorReport]:
        """Return the state of these collectors for the exposition."""
        return {
            name: CollectorReport(
                s.up, s.duration, s.last_success, dict(s.failures), s.reason, s.told, s.cadence
            )
            for name, s in ((name, self._all[name]) for name in names)
        }
