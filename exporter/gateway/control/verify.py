"""Verifies a write: reads until the change is visible, time is up, or the change is reverted.

Neither pyenphase's own state after a write nor the gateway's answer proves anything: a command is
done when a new read shows the change.
"""

from collections.abc import Callable

from exporter.clock import Clock
from exporter.errors import ControlError, GatewayError
from exporter.gateway.control.models import (
    CommandPlan,
    CommandResult,
    ResultKind,
    Values,
    format_values,
    matches,
)
from exporter.gateway.control.reader import Reader
from exporter.gateway.control.writer import CommandReply

#: seconds until the first read after a write; gateways need a moment
_FIRST_READ = 1.0
#: least seconds between two reads while watching
_WATCH_INTERVAL = 10.0

ProgressCallback = Callable[[str], None]


class Verifier:
    """Verifies one plan at one gateway after it was sent."""

    def __init__(
        self, plan: CommandPlan, reader: Reader, clock: Clock, progress: ProgressCallback
    ) -> None:
        self._plan = plan
        self._reader = reader
        self._clock = clock
        self._progress = progress

    async def verify(self, reply: CommandReply, wait: float, *, watch: bool) -> CommandResult:
        """Return the result after at most `wait` seconds; `watch` keeps reading after that."""
        if reply.unsent:
            return self._ended("unsent", f"nothing was sent: {reply.error}", self._plan.before)
        if reply.error is None and not reply.accepted:
            return await self._refused(reply)
        self._progress(f"sent; waiting up to {wait:g} s for the change")
        after, problem = await self._wait(wait)
        if after is None or problem is not None:
            return self._lost(after, problem)
        if not matches(self._plan.desired, after):
            return self._ended("ignored", self._not_done(reply, after, wait), after)
        line = f"done: {self._changed(after)}"
        if reply.error is not None:
            line += " (the answer to the command was lost, but it took effect)"
        if watch:
            return await self._watch(after, line)
        if self._plan.call.command.cloud:
            line += (
                " (the Enphase cloud may change it back within two minutes; --watch checks that)"
            )
        return self._ended("done", line, after)

    async def _refused(self, reply: CommandReply) -> CommandResult:
        """Return the gateway's refusal and the state after it."""
        line = f"the gateway refused it: status {reply.status}"
        if reply.body:
            line += f" ({reply.body})"
        if reply.status in (401, 403):
            line += "; this login is not permitted to do that, an installer's may be"
        try:
            after = await self._current()
        except GatewayError as error:
            line += f"; the state cannot be read ({error})"
            return self._ended("refused", line, None)
        return self._ended("refused", f"{line}; {_state_change(self._plan.before, after)}", after)

    def _lost(self, after: Values | None, problem: GatewayError | None) -> CommandResult:
        line = (
            f"it was sent, but the state cannot be read ({problem}): the change may have been made"
        )
        if after is not None:
            line += f"; when last read, {_state_change(self._plan.before, after)}"
        return self._ended("lost", f"{line}; check with --dry-run before you send it again", after)

    def _not_done(self, reply: CommandReply, after: Values, wait: float) -> str:
        state = _state_change(self._plan.before, after)
        if reply.error is not None:
            return f"the connection was lost while sending ({reply.error}); {state}"
        hint = self._plan.call.command.failure_hint(self._plan.desired, after)
        return f"the gateway accepted it, but did not apply it within {wait:g} s: {state}; {hint}"

    async def _wait(self, wait: float) -> tuple[Values | None, GatewayError | None]:
        """Return the state once it is as desired, else the last one and the error after it."""
        deadline = self._clock.monotonic() + wait
        after: Values | None = None
        problem: GatewayError | None = None
        pause = min(_FIRST_READ, wait)
        while pause > 0:
            await self._clock.sleep(pause)
            try:
                after, problem = await self._current(), None
            except GatewayError as error:
                problem = error
            else:
                if matches(self._plan.desired, after):
                    break
            pause = min(self._plan.call.command.poll_interval, deadline - self._clock.monotonic())
        return after, problem

    async def _watch(self, after: Values, line: str) -> CommandResult:
        """Keep reading, and report whether the change lasts."""
        command = self._plan.call.command
        duration = command.watch_seconds
        interval = max(_WATCH_INTERVAL, command.poll_interval)
        self._progress(f"{line}; watching for {duration:g} s")
        began = self._clock.monotonic()
        problem: GatewayError | None = None
        while (passed := self._clock.monotonic() - began) < duration:
            await self._clock.sleep(min(interval, duration - passed))
            try:
                after, problem = await self._current(), None
            except GatewayError as error:
                problem = error
                continue
            if not matches(self._plan.desired, after):
                later = self._clock.monotonic() - began
                return self._ended("overwritten", self._reverted(after, later), after)
        if problem is not None:
            doubt = f"it could not be watched to the end ({problem})"
            return self._ended("done", f"{line}; {doubt}", after)
        return self._ended("done", f"{line}, unchanged after {duration:g} s", after)

    def _reverted(self, after: Values, later: float) -> str:
        line = f"it was done, but {later:.0f} s later it was {self._changed(after)}"
        if self._plan.call.command.cloud:
            line += ": the Enphase cloud restored its own value; set it in the Enphase app as well"
        return line

    def _changed(self, values: Values) -> str:
        return format_values({name: values.get(name) for name in self._plan.desired})

    async def _current(self) -> Values:
        """Read the current state; raise GatewayError."""
        command, args = self._plan.call.command, self._plan.call.args
        data = await self._reader.read(command.reads)
        try:
            return command.state(data, args)
        except ControlError as error:
            # The device was there a moment ago.
            raise GatewayError(str(error)) from None

    def _ended(self, kind: ResultKind, line: str, after: Values | None) -> CommandResult:
        requests = () if kind == "unsent" else self._plan.requests
        return CommandResult(kind, line, self._plan.before, after, requests)


def _state_change(before: Values, after: Values) -> str:
    """Return whether the system is unchanged, or what is different."""
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    if not changed:
        return "the system is unchanged"
    return f"the system has CHANGED: now {format_values(changed)}"
