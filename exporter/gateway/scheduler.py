"""Which endpoint of a gateway is asked next, and when.

Freshness belongs to the endpoint. What answers is asked at its cadence, what fails sooner than
that, what the gateway does not have or does not permit less and less often. Of several that are
due, the one that is the latest by the measure of its own interval comes first: so the grid state
keeps its pace, and slow ones are not starved either. What is unknown comes soon.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from exporter.clock import Clock
from exporter.errors import (
    EndpointAbsentError,
    GatewayError,
    LoginRedirectError,
    LoginRefusedError,
    NotPermittedError,
)
from exporter.gateway.endpoints.base import Endpoint

#: seconds until a failing endpoint is asked again; twice as many after each further failure
_RETRY, _MOST_DOUBLINGS = 5.0, 15
#: pauses before an endpoint is asked again that the gateway does not have: something may be
#: commissioned, or the gateway has only just started
_ABSENT = (30.0, 60.0, 120.0, 300.0, 900.0)
#: the same for what shows first that hardware was added; both seconds
_ABSENT_SIGN = (30.0, 60.0)
#: the same for what most gateways lack
_ABSENT_OPTIONAL = (60.0, 300.0, 900.0, 3600.0)
#: the same for what our login may not read: a gateway that starts may refuse what it permits later
_DENIED = (60.0, 300.0, 900.0, 3600.0)
_DAY = 86400.0
#: the same for what only an installer may read, everywhere or with some firmware
_DENIED_INSTALLER = (_DAY,)
#: longest pause for what was permitted before and is refused now
_REFUSED = 300.0
#: how often to ask what says that there is nothing, and what shows first that there is something
_EMPTY, _EMPTY_SIGN = 300.0, 60.0
#: two requests to one endpoint for a hint are at least this far apart
_HINT_PAUSE = 5.0
#: failures in a row after which an alternative takes the place of an endpoint
_FAILURES_SEEN, _FAILURES_NEW = 4, 2
#: what is unknown counts as asked this often, until it is so many intervals late: after a restart,
#: an outage or a sleep, when the budget is small, what is asked seldom does not wait for minutes,
#: and a slow gateway does not lose data it gave for data it has not given yet
_FIRST, _FIRST_MOST = 60.0, 2.0
#: data lives for three intervals and at least this long
_LIFETIME_INTERVALS, _LEAST_LIFETIME = 3.0, 120.0
#: what is asked seldom lives no longer than this, or a little longer than its interval
_LONG_LIFETIME, _MARGIN = 900.0, 1.2


class EndpointState(Enum):
    """How an endpoint answered last."""

    NEW = auto()
    ANSWERING = auto()
    #: it answers, and there is nothing of what it is for
    EMPTY = auto()
    FAILING = auto()
    ABSENT = auto()
    DENIED = auto()


@dataclass(slots=True)
class EndpointSchedule:
    """When one endpoint is asked; times in monotonic seconds."""

    endpoint: Endpoint
    interval: float
    due: float
    #: whether it ever answered with something, in this process or before
    seen: bool = False
    condition: EndpointState = EndpointState.NEW
    #: whether the gateway said that it has nothing of it or does not let us in, and never gave it
    lacked: bool = False
    #: failures since the last answer, and the last of them
    failures: int = 0
    error: GatewayError | None = None
    #: when it was last asked, and last answered
    asked: float = float("-inf")
    answered: float = float("-inf")
    #: seconds between the last two answers: a slow gateway is asked less often than planned
    pace: float = 0.0
    enabled: bool = True
    #: whether another response shows that it has something new to say
    urgent: bool = False

    @property
    def refused(self) -> bool:
        """Whether it cannot be had now, so that an alternative is asked in its place."""
        if self.condition in (EndpointState.ABSENT, EndpointState.DENIED):
            return True
        return self.failures >= (_FAILURES_SEEN if self.seen else _FAILURES_NEW)

    def is_unknown(self, now: float) -> bool:
        """Return whether what it may have is not served: there is no answer, or an old one."""
        if self.condition in (EndpointState.ANSWERING, EndpointState.FAILING):
            return now - self.answered > self.lifetime
        return self.condition is EndpointState.NEW

    @property
    def lifetime(self) -> float:
        """For how many seconds an answer of this endpoint is served."""
        interval = max(self.interval, min(self.pace, 10 * self.interval))
        longest = max(_LONG_LIFETIME, _MARGIN * interval)
        return min(max(_LIFETIME_INTERVALS * interval, _LEAST_LIFETIME), longest)


class Scheduler:
    """The endpoints of one gateway, the most important ones first."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        intervals: Mapping[str, float],
        clock: Clock,
        *,
        wait: float = 0.0,
        signs: Iterable[str] = (),
        seen: Iterable[str] = (),
    ) -> None:
        """Begin with all of them due after `wait` seconds.

        `signs` are the paths that show first that hardware was added, `seen` those that answered
        with something before.
        """
        self._clock = clock
        due = clock.monotonic() + wait
        self._all = {e.path: EndpointSchedule(e, intervals[e.path], due) for e in endpoints}
        for path in self._all.keys() & set(seen):
            self._all[path].seen = True
        self._signs = frozenset(signs)

    def __getitem__(self, path: str) -> EndpointSchedule:
        return self._all[path]

    def __iter__(self) -> Iterator[EndpointSchedule]:
        return iter(self._all.values())

    def tried(self, collectors: Collection[str]) -> bool:
        """Return whether every endpoint of these collectors was asked at least once."""
        return all(
            schedule.condition is not EndpointState.NEW
            for schedule in self._all.values()
            if schedule.enabled and schedule.endpoint.collector in collectors
        )

    def next(self, delay: Callable[[EndpointSchedule], float]) -> EndpointSchedule | None:
        """Return what to ask now; `delay` is the time until the budget allows a request."""
        now = self._clock.monotonic()
        best: EndpointSchedule | None = None
        lateness = -1.0
        for schedule in self._all.values():
            if schedule.due > now or not schedule.enabled or delay(schedule) > 0:
                continue
            overdue = now - schedule.due
            late = overdue / schedule.interval + schedule.urgent
            if schedule.is_unknown(now):
                late = max(late, min(overdue / _FIRST, _FIRST_MOST))
            if late > lateness:
                best, lateness = schedule, late
        return best

    def next_time(self, delay: Callable[[EndpointSchedule], float]) -> float:
        """Return when there is something to ask, in monotonic seconds, or infinity."""
        now, first = self._clock.monotonic(), float("inf")
        for schedule in self._all.values():
            if schedule.enabled and schedule.due < first:
                first = min(first, max(schedule.due, now + delay(schedule)))
        return first

    def started(self, schedule: EndpointSchedule) -> None:
        """Note that an endpoint is asked now: next in the same rhythm, unless a beat was missed."""
        now = self._clock.monotonic()
        schedule.asked, schedule.urgent = now, False
        if schedule.due <= now:
            schedule.due = max(schedule.due + schedule.interval, now + schedule.interval / 2)

    def answered(self, schedule: EndpointSchedule, *, empty: bool) -> None:
        """Note an answer that could be read; an `empty` one lists nothing and never did."""
        now = self._clock.monotonic()
        if schedule.answered > 0 and not schedule.failures:
            schedule.pace = now - schedule.answered
        if schedule.condition is EndpointState.FAILING:
            # What kept this one from answering may have kept the others, too.
            self.resume()
        schedule.answered = now
        schedule.failures, schedule.error = 0, None
        schedule.condition = EndpointState.EMPTY if empty else EndpointState.ANSWERING
        if empty:
            schedule.lacked = not schedule.seen
            sign = schedule.endpoint.path in self._signs
            schedule.due = max(schedule.due, now + (_EMPTY_SIGN if sign else _EMPTY))
        else:
            schedule.seen, schedule.lacked = True, False

    def failed(self, schedule: EndpointSchedule, error: GatewayError) -> None:
        """Note that there was no answer, or one that cannot be used."""
        now = self._clock.monotonic()
        schedule.failures += 1
        schedule.error = error.to_keep()
        denied = isinstance(error, NotPermittedError) or (
            isinstance(error, LoginRefusedError) and not isinstance(error, LoginRedirectError)
        )
        installer = schedule.endpoint.installer or schedule.endpoint.sometimes_installer
        if denied and not schedule.seen:
            schedule.condition = EndpointState.DENIED
            pauses: tuple[float, ...] = _DENIED_INSTALLER if installer else _DENIED
        elif isinstance(error, EndpointAbsentError) and not schedule.seen:
            schedule.condition = EndpointState.ABSENT
            pauses = _ABSENT_OPTIONAL if schedule.endpoint.optional else _ABSENT
            if schedule.endpoint.path in self._signs:
                pauses = _ABSENT_SIGN
        else:
            schedule.condition = EndpointState.FAILING
            # The login of an installer may have been replaced by that of an owner.
            longest = (_DAY if installer else _REFUSED) if denied else 0.0
            pause = _RETRY * 2.0 ** min(schedule.failures - 1, _MOST_DOUBLINGS)
            schedule.due = now + min(max(schedule.interval, longest), pause)
            return
        schedule.lacked = True
        schedule.due = now + pauses[min(schedule.failures, len(pauses)) - 1]

    def hint(self, paths: Iterable[str]) -> None:
        """Ask these soon: another answer shows that they have something new to say."""
        now = self._clock.monotonic()
        for path in paths:
            schedule = self._all.get(path)
            if schedule is not None and schedule.condition is not EndpointState.DENIED:
                schedule.due = min(schedule.due, max(now, schedule.asked + _HINT_PAUSE))
                schedule.urgent = True

    def repeat(self, schedule: EndpointSchedule, seconds: float) -> None:
        """Ask an endpoint again after some seconds: its answer is to be confirmed."""
        schedule.due = self._clock.monotonic() + seconds
        schedule.urgent = True

    def postpone(self, until: float) -> None:
        """Ask nothing before `until` (monotonic seconds): the gateway is gone."""
        for schedule in self._all.values():
            schedule.due = max(schedule.due, until)

    def restart(self) -> None:
        """Begin again where everything is overdue by hours, so that the important come first."""
        now = self._clock.monotonic()
        for schedule in self._all.values():
            schedule.due = max(schedule.due, now)

    def resume(self) -> None:
        """Ask again at once what failed with the gateway; the rest keeps its rhythm."""
        now = self._clock.monotonic()
        for schedule in self._all.values():
            if schedule.condition is EndpointState.FAILING:
                schedule.due = min(schedule.due, now)

    def ask_absent_again(self) -> None:
        """Ask again what the gateway did not have or permit: it runs another firmware now."""
        now = self._clock.monotonic()
        for schedule in self._all.values():
            if schedule.condition in (EndpointState.ABSENT, EndpointState.DENIED):
                schedule.condition, schedule.failures, schedule.due = EndpointState.NEW, 0, now
                schedule.lacked = False
