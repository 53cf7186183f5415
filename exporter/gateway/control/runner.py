"""Runs commands at one gateway: plan, record, send once, verify."""

import copy
import logging
import uuid
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pyenphase.models.envoy import EnvoyData

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import ControlError, GatewayError, InvalidDataError, StateError
from exporter.gateway.client import GatewayClient
from exporter.gateway.control.audit_log import AuditLog
from exporter.gateway.control.completeness import refuse_incomplete
from exporter.gateway.control.lock import control_lock
from exporter.gateway.control.models import (
    CommandCall,
    CommandPlan,
    CommandResult,
    Values,
    format_values,
)
from exporter.gateway.control.reader import Reader
from exporter.gateway.control.verify import ProgressCallback, Verifier
from exporter.gateway.control.writer import Write, Writer
from exporter.gateway.state_model import GatewayState
from exporter.state import State

log = logging.getLogger(__name__)

#: raised by values of an unexpected type, such as a text instead of a number
_UNEXPECTED = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class CommandRunner:
    """Runs commands at one gateway while the context is open."""

    def __init__(
        self, config: Gateway, directory: Path, clock: Clock, *, dry_run: bool = False
    ) -> None:
        """Prepare; with `dry_run`, nothing can be sent and other commands are not blocked."""
        #: whether a command may have been sent
        self.sent = False
        self._lock = nullcontext() if dry_run else control_lock(directory, config.name)
        self._config = config
        self._clock = clock
        self._memory = GatewayState.load(State(directory, config.name).read())
        self._audit_log = AuditLog(directory)
        self._session = GatewayClient(config, self._memory, clock, directory)
        self._reader = Reader(self._session, self._memory)
        self._writer = Writer(self._session)

    async def __aenter__(self) -> Self:
        """Connect and log in; raise ControlError."""
        self._lock.__enter__()
        try:
            identity = await self._session.connect()
            self._check_serial(identity.serial)
        except BaseException as error:
            await self._close()
            if isinstance(error, GatewayError):
                raise self._unsent(error) from None
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        try:
            await self._session.close()
        finally:
            self._lock.__exit__(None, None, None)

    async def plan(self, call: CommandCall) -> CommandPlan:
        """Return what would be sent; raise ControlError for what is impossible or refused."""
        command = call.command
        try:
            await self._reader.check(command.requirement)
            data = await self._reader.read(command.reads, fresh=False)
            before = command.state(data, call.args)
            command.check(call.args, before)
            desired = command.desired(call.args, before)
            for endpoint in command.extra_reads:
                await self._add_extra(data, endpoint)
            notes = command.notes(call.args, before, data)
            features = command.requirement.features
            original = copy.deepcopy(data.raw)
            requests = await self._writer.preview(_write(call, desired), features, data)
            for request in requests:
                refuse_incomplete(request, original.get(command.reads[0]))
        except _UNEXPECTED as error:
            unexpected = InvalidDataError(f"unexpected data ({type(error).__name__}: {error})")
            raise self._unsent(unexpected) from None
        except GatewayError as error:
            raise self._unsent(error) from None
        except ControlError as error:
            raise ControlError(f"{self._config.name}: nothing was sent: {error}") from None
        return CommandPlan(call, before, desired, requests, tuple(notes))

    async def perform(
        self,
        plan: CommandPlan,
        *,
        wait: float | None = None,
        watch: bool = False,
        recheck: bool = False,
        progress: ProgressCallback = lambda text: None,
    ) -> CommandResult:
        """Send what was planned and return the result.

        `wait` is how many seconds the change may take to be visible; `watch` keeps reading for some
        minutes after that, in case the change is reverted. `recheck` means that time has passed
        since the plan was made. Raises ControlError when the state has changed since, StateError
        when the command cannot be recorded; then nothing was sent.
        """
        name, command = self._config.name, plan.call.command
        if plan.is_noop:
            current = {key: plan.before[key] for key in plan.desired}
            line = f"{name}: nothing to do: already {format_values(current)}"
            return CommandResult("already", line, plan.before, plan.before)
        # A write also carries values that do not change: they must be recent too.
        data = await self._read_again(plan, recheck)
        event = {
            "id": uuid.uuid4().hex,
            "gateway": name,
            "command": command.name,
            "arguments": {key: arg for key, arg in plan.call.args.items() if arg is not None},
        }
        self._record_start(event, plan)
        result: CommandResult | None = None
        try:
            self.sent = True
            verifier = Verifier(plan, self._reader, self._clock, progress)
            write = _write(plan.call, plan.desired)
            try:
                reply = await self._writer.send(write, command.requirement.features, data)
            except (GatewayError, ControlError) as error:
                self.sent = False
                result = CommandResult(
                    "unsent", f"nothing was sent: {error}", plan.before, plan.before
                )
            else:
                result = await verifier.verify(reply, wait or command.timeout, watch=watch)
            result = replace(result, line=f"{name}: {result.line}")
        finally:
            self._record_end(event, result)
        return result

    async def _read_again(self, plan: CommandPlan, recheck: bool) -> EnvoyData:
        command = plan.call.command
        try:
            data = await self._reader.read(command.reads)
        except GatewayError as error:
            raise self._unsent(error) from None
        if recheck and command.state(data, plan.call.args) != plan.before:
            raise ControlError(
                f"{self._config.name}: nothing was sent: the state changed while you were"
                " asked; run the command again"
            )
        return data

    def _record_start(self, event: dict[str, Any], plan: CommandPlan) -> None:
        """Record what is about to be sent; raise StateError."""
        started = {
            "event": "sending",
            "before": plan.before,
            "desired": plan.desired,
            "requests": [asdict(request) for request in plan.requests],
        }
        self._audit_log.write(self._clock.time(), {**event, **started})

    def _record_end(self, event: dict[str, Any], result: CommandResult | None) -> None:
        """Record the result; None is an interruption after sending."""
        ended: Values = {"event": "result", "result": "interrupted"}
        if result:
            ended |= {"result": result.kind, "line": result.line, "after": result.after}
        try:
            self._audit_log.write(self._clock.time(), {**event, **ended})
        except StateError as error:
            log.warning("result of the command not recorded: %s", error)

    async def _add_extra(self, data: EnvoyData, endpoint: str) -> None:
        """Add the answer of an endpoint that only the notes use; a failure is ignored."""
        try:
            more = await self._reader.read((endpoint,))
        except GatewayError as error:
            log.debug("extra read failed: %s", error)
            return
        data.raw.update(more.raw)
        data.encharge_aggregate = more.encharge_aggregate or data.encharge_aggregate
        data.dry_contact_settings = more.dry_contact_settings or data.dry_contact_settings

    def _check_serial(self, serial: str) -> None:
        """Refuse to command another gateway than the one of this name so far."""
        if self._memory.serial not in (None, serial):
            raise ControlError(
                f"{self._config.name}: nothing was sent: gateway {serial} answers at"
                f" {self._config.host}, so far it was {self._memory.serial}; check `host`, or run"
                " the exporter first if the gateway was replaced"
            )

    def _unsent(self, error: GatewayError) -> ControlError:
        return ControlError(f"{self._config.name}: nothing was sent: {error}")


def _write(call: CommandCall, desired: Values) -> Write:
    return lambda envoy: call.command.write(envoy, call.args, desired)
