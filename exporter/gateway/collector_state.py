"""How the collectors of one gateway fare: success, failures by reason, what is missing.

A collector groups endpoints. It is up while each of them that this gateway should have answers, and
complete while the answers list everything that they listed before.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.clock import Clock
from exporter.errors import GatewayError
from exporter.gateway.models import CollectorReport

log = logging.getLogger(__name__)

#: seconds for which an answer is recent at least, and for how much of its collector's cadence while
#: no more than a few endpoints have failed since: then the others were simply not due
_RECENT, _RECENT_CADENCES, _FEW = 120.0, 1.5, 2
#: what is missing is named in a log line up to this number
_MOST_NAMED = 10


@dataclass(slots=True)
class CollectorState:
    """The state of one collector; `last_success` in epoch seconds, cadence in seconds."""

    cadence: float
    #: whether the last attempt brought data
    has_data: bool = False
    last_success: float | None = None
    #: the same in monotonic seconds
    answered: float = float("-inf")
    failures: Counter[str] = field(default_factory=Counter)
    #: seconds that the last request of each endpoint took
    durations: dict[str, float] = field(default_factory=dict)
    #: errors that go on, by endpoint, and since when (epoch seconds)
    errors: dict[str, GatewayError] = field(default_factory=dict)
    failing_since: dict[str, float] = field(default_factory=dict)
    #: whether a failure was reported that is more than the lack of an endpoint: what was reported
    #: once does not vanish when it is over
    reported: bool = False
    #: the error that keeps the whole gateway from being asked
    gateway_error: GatewayError | None = None
    #: names of what is missing
    missing: Sequence[str] = ()
    #: message of the error that is in the log already
    logged: str = ""
    logged_missing: frozenset[str] = frozenset()

    @property
    def error(self) -> GatewayError | None:
        """The error to report, if any."""
        return self.gateway_error or next(iter(self.errors.values()), None)

    @property
    def up(self) -> bool | None:
        """Whether the collector works; None before its first attempt, as nothing is known then."""
        if self.last_success is None and self.error is None and not self.failures:
            return None
        return self.last_success is not None and self.has_data and self.error is None

    @property
    def complete(self) -> bool:
        """Whether the answers list all that they listed before."""
        return not self.missing

    def recovered(self, endpoint: str) -> None:
        """End the error of an endpoint."""
        self.errors.pop(endpoint, None)
        self.failing_since.pop(endpoint, None)


class CollectorStates:
    """The states by collector. A failure that goes on is logged once, and its end once."""

    def __init__(self, gateway: str, cadences: Mapping[str, float], clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._all = {name: CollectorState(cadence) for name, cadence in cadences.items()}
        #: endpoints that have failed since any of them answered
        self._failed_since: set[str] = set()
        #: monotonic time of the last connection
        self._connected_at = float("-inf")

    def __getitem__(self, name: str) -> CollectorState:
        return self._all[name]

    def succeeded(self, name: str, endpoint: str, duration: float) -> None:
        """Note an answer that could be used."""
        state = self._all[name]
        state.durations[endpoint] = duration
        state.recovered(endpoint)
        state.gateway_error = None
        state.has_data = True
        state.last_success = self._clock.time()
        state.answered = self._clock.monotonic()
        if name != "gateway":
            # Who it is says a gateway that has nothing else to say, too.
            self._failed_since.clear()
        if state.logged and state.error is None:
            log.info("collector recovered", extra={"gateway": self._gateway, "collector": name})
            state.logged = ""

    def failed(
        self, name: str, endpoint: str, error: GatewayError, duration: float | None = None
    ) -> None:
        """Note a failure of one endpoint."""
        state = self._all[name]
        if duration is not None:
            state.durations[endpoint] = duration
        state.errors[endpoint] = error.to_keep()
        state.failing_since.setdefault(endpoint, self._clock.time())
        state.has_data, state.reported = False, True
        self._failed_since.add(endpoint)
        state.failures[error.reason] += 1
        self._log(name, error)

    def clear(self, name: str, endpoint: str) -> None:
        """Forget the failure of an endpoint that the collector can do without."""
        state = self._all[name]
        state.recovered(endpoint)
        state.reported = state.reported and (state.has_data or bool(state.errors))

    def gateway_failed(self, error: GatewayError) -> None:
        """Let all relevant collectors fail with the gateway."""
        for name, state in self._all.items():
            if name == "gateway":
                continue
            if state.gateway_error is None and state.last_success is not None:
                state.failures[error.reason] += 1
            state.gateway_error = error.to_keep()
            state.has_data = False

    def gateway_answers(self) -> None:
        """End the failure of the gateway as a whole: it is connected from now on."""
        self._connected_at = self._clock.monotonic()
        for state in self._all.values():
            state.gateway_error = None

    def connected_for(self) -> float:
        """Return the seconds since the last connection, infinity before the first."""
        return self._clock.monotonic() - self._connected_at

    def note_missing(self, name: str, missing: Sequence[str]) -> None:
        """Note what is not listed any more; its names are logged once."""
        state = self._all[name]
        state.missing = missing
        now = frozenset(missing)
        new = sorted(now - state.logged_missing)
        extra = {"gateway": self._gateway, "collector": name}
        if new:
            names = ", ".join(new[:_MOST_NAMED]) + (", …" if len(new) > _MOST_NAMED else "")
            log.warning("response incomplete", extra={**extra, "missing": names})
        elif state.logged_missing and not now:
            log.info("response complete again", extra=extra)
        state.logged_missing = now

    def answer(self, names: Iterable[str]) -> bool:
        """Return whether one of these brought data recently and did not fail since."""
        now = self._clock.monotonic()
        cadences = _RECENT_CADENCES if len(self._failed_since) <= _FEW else 0.0
        return any(
            state.has_data and now - state.answered <= max(_RECENT, cadences * state.cadence)
            for state in map(self._all.__getitem__, names)
        )

    def silent_for(self) -> float:
        """Return the seconds since any collector had an answer, infinity before the first."""
        return self._clock.monotonic() - max(state.answered for state in self._all.values())

    def report(self, names: Iterable[str]) -> dict[str, CollectorReport]:
        """Return the state of these collectors for the exposition."""
        return {name: self._report(self._all[name]) for name in names}

    def _report(self, state: CollectorState) -> CollectorReport:
        error = state.error
        return CollectorReport(
            up=state.up,
            duration=sum(state.durations.values()) if state.durations else None,
            last_success=state.last_success,
            failures=dict(state.failures),
            reason=error.reason if error else "",
            trouble="" if state.gateway_error else str(error or ""),
            cadence=state.cadence,
            complete=state.complete,
            missing=tuple(state.missing),
            failing_since=min(state.failing_since.values(), default=None),
        )

    def _log(self, name: str, error: GatewayError) -> None:
        state, message = self._all[name], str(error)
        level = logging.DEBUG if message == state.logged else logging.WARNING
        state.logged = message
        extra = {"gateway": self._gateway, "collector": name, "reason": error.reason}
        log.log(level, "collector failed", extra={**extra, "error": message})
