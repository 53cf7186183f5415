"""What came of a write: read afresh until the change is there, time is up, or it is turned back.

What pyenphase believes after a write proves nothing, nor does the gateway's answer: a command is
done when the gateway shows it to a fresh question.
"""

from collections.abc import Callable

from exporter.clock import Clock
from exporter.errors import ControlError, GatewayError
from exporter.gateway.control.models import Kind, Outcome, Plan, Values, fits, told
from exporter.gateway.control.reader import Reader
from exporter.gateway.control.writer import Reply

#: seconds until the first look after a write; gateways take a moment
_FIRST_LOOK = 1.0
#: seconds between two looks at what has been done
_WATCH_PACE = 10.0

Tell = Callable[[str], None]


class Follower:
    """Follows one plan at one gateway after it was sent."""

    def __init__(self, plan: Plan, reader: Reader, clock: Clock, tell: Tell) -> None:
        self._plan = plan
        self._reader = reader
        self._clock = clock
        self._tell = tell

    async def follow(self, reply: Reply, patience: float, *, watch: bool) -> Outcome:
        """Return how it ended; `patience` in seconds, `watch` stays to see whether it stays."""
        if reply.unsent:
            return self._ended("unsent", f"nothing was sent: {reply.error}", self._plan.before)
        if reply.error is None and not reply.taken:
            return await self._refused(reply)
        self._tell(f"sent; waiting up to {patience:g} s until the gateway shows it")
        after, problem = await self._wait(patience)
        if after is None or problem is not None:
            return self._lost(after, problem)
        if not fits(self._plan.wanted, after):
            return self._ended("ignored", self._not_done(reply, after, patience), after)
        seen = f"done: the gateway shows {self._shown(after)}"
        if reply.error is not None:
            seen += "; its answer got lost on the way, the change did not"
        if watch:
            return await self._watch(after, seen)
        if self._plan.order.control.cloud:
            seen += " (the Enphase cloud may change it within two minutes: --watch stays to see)"
        return self._ended("done", seen, after)

    async def _refused(self, reply: Reply) -> Outcome:
        """Say what the gateway said, and how the system is now."""
        line = f"the gateway refuses it: status {reply.status}"
        if reply.body:
            line += f" ({reply.body})"
        if reply.status in (401, 403):
            line += "; this login may not do that, an installer's may"
        try:
            after = await self._current()
        except GatewayError as error:
            line += f"; how the system is now cannot be read ({error})"
            return self._ended("refused", line, None)
        return self._ended("refused", f"{line}; {_left(self._plan.before, after)}", after)

    def _lost(self, after: Values | None, problem: GatewayError | None) -> Outcome:
        line = f"it was sent, but the gateway cannot be asked what it did ({problem}): the change"
        line += " may have been made"
        if after is not None:
            line += f"; when last read, {_left(self._plan.before, after)}"
        return self._ended("lost", f"{line}; look with --dry-run before you send it again", after)

    def _not_done(self, reply: Reply, after: Values, patience: float) -> str:
        left = _left(self._plan.before, after)
        if reply.error is not None:
            return f"the connection broke while it was sent ({reply.error}); {left}"
        why = self._plan.order.control.why(self._plan.wanted, after)
        return f"the gateway took it, but did not do it within {patience:g} s: {left}; {why}"

    async def _wait(self, patience: float) -> tuple[Values | None, GatewayError | None]:
        """Return the state once it is as wanted, else the last one and what came after it."""
        deadline = self._clock.monotonic() + patience
        after: Values | None = None
        problem: GatewayError | None = None
        pause = min(_FIRST_LOOK, patience)
        while pause > 0:
            await self._clock.sleep(pause)
            try:
                after, problem = await self._current(), None
            except GatewayError as error:
                problem = error
            else:
                if fits(self._plan.wanted, after):
                    break
            pause = min(self._plan.order.control.pace, deadline - self._clock.monotonic())
        return after, problem

    async def _watch(self, after: Values, seen: str) -> Outcome:
        """Stay, and see whether the change does."""
        control = self._plan.order.control
        whole, pace = control.watched, max(_WATCH_PACE, control.pace)
        self._tell(f"{seen}; staying {whole:g} s to see whether it stays so")
        began = self._clock.monotonic()
        problem: GatewayError | None = None
        while (passed := self._clock.monotonic() - began) < whole:
            await self._clock.sleep(min(pace, whole - passed))
            try:
                after, problem = await self._current(), None
            except GatewayError as error:
                problem = error
                continue
            if not fits(self._plan.wanted, after):
                later = self._clock.monotonic() - began
                return self._ended("overwritten", self._turned_back(after, later), after)
        if problem is not None:
            doubt = f"whether it stays could not be seen to the end ({problem})"
            return self._ended("done", f"{seen}; {doubt}", after)
        return self._ended("done", f"{seen}, and still so {whole:g} s later", after)

    def _turned_back(self, after: Values, later: float) -> str:
        line = f"it was done, but {later:.0f} s later the gateway shows {self._shown(after)}"
        if self._plan.order.control.cloud:
            line += ": the Enphase cloud puts its own value back; set it in the Enphase app as well"
        return line

    def _shown(self, values: Values) -> str:
        return told({name: values.get(name) for name in self._plan.wanted})

    async def _current(self) -> Values:
        """Read the state afresh; raise GatewayError."""
        control, args = self._plan.order.control, self._plan.order.args
        data = await self._reader.read(control.reads)
        try:
            return control.state(data, args)
        except ControlError as error:
            # What was there a moment ago has gone.
            raise GatewayError(str(error)) from None

    def _ended(self, kind: Kind, line: str, after: Values | None) -> Outcome:
        requests = () if kind == "unsent" else self._plan.requests
        return Outcome(kind, line, self._plan.before, after, requests)


def _left(before: Values, after: Values) -> str:
    """Say how the system was left: as it was, or what of it is different."""
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    if not changed:
        return "the system is as it was"
    return f"the system is NOT as it was: {told(changed)} now"
