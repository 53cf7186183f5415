"""Carries out commands at one gateway: plan, record, send once, follow until it is done."""

import logging
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pyenphase.models.envoy import EnvoyData

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import ControlError, GatewayError, StateError
from exporter.gateway.client import GatewayClient
from exporter.gateway.collectors import CADENCES
from exporter.gateway.control.audit_log import Journal
from exporter.gateway.control.models import Order, Outcome, Plan, Values, told
from exporter.gateway.control.reader import Reader
from exporter.gateway.control.verify import Follower, Tell
from exporter.gateway.control.writer import Sender, Write
from exporter.gateway.state_model import GatewayState
from exporter.gateway.transport import Transport
from exporter.state import State

log = logging.getLogger(__name__)


class Operator:
    """Gives commands to one gateway, as long as the context lasts."""

    def __init__(self, config: Gateway, directory: Path, clock: Clock) -> None:
        #: whether a command may have gone out
        self.sent = False
        self._config = config
        self._clock = clock
        self._state = State(directory, config.name)
        self._memory = GatewayState.load(self._state.load())
        self._journal = Journal(directory)
        transport = Transport(clock, {**CADENCES, **config.cadences})
        self._session = GatewayClient(config, self._memory, transport, clock)
        self._reader = Reader(self._session, transport, self._memory)
        self._sender = Sender(self._session, transport, config.host)

    async def __aenter__(self) -> Self:
        """Connect and log in; raise ControlError."""
        token = self._memory.token
        try:
            identity = await self._session.connect()
            self._recognise(identity.serial)
        except BaseException as error:
            await self._session.close()
            if isinstance(error, GatewayError):
                raise self._unsent(error) from None
            raise
        finally:
            if self._memory.token != token:
                # Nothing else: a running exporter keeps its counters in the same file.
                self._state.save({**self._state.load(), "token": self._memory.token})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def plan(self, order: Order) -> Plan:
        """Return what would be done; raise ControlError for what cannot or must not be."""
        control = order.control
        try:
            await self._reader.check(control.needs)
            data = await self._reader.read(control.reads, afresh=False)
            before = control.state(data, order.args)
            control.check(order.args, before)
            wanted = control.wanted(order.args, before)
            for endpoint in control.looks:
                await self._look(data, endpoint)
            notes = control.notes(order.args, before, data)
            features = control.needs.features
            requests = await self._sender.preview(_write(order, wanted), features, data)
        except GatewayError as error:
            raise self._unsent(error) from None
        except ControlError as error:
            raise ControlError(f"{self._config.name}: nothing was sent: {error}") from None
        return Plan(order, before, wanted, requests, tuple(notes))

    async def perform(
        self,
        plan: Plan,
        *,
        patience: float | None = None,
        watch: bool = False,
        stale: bool = False,
        tell: Tell = lambda text: None,
    ) -> Outcome:
        """Send what was planned and return how it ended.

        `patience` is how many seconds may pass until the change is seen; `watch` stays three
        minutes more, in case something turns it back. `stale` says that time has passed since the
        plan was made. Raises ControlError when the state has changed since, StateError when the
        command cannot be recorded; then nothing was sent.
        """
        name, control = self._config.name, plan.order.control
        if plan.already:
            now = {key: plan.before[key] for key in plan.wanted}
            line = f"{name}: nothing to do, the gateway shows {told(now)} already"
            return Outcome("already", line, plan.before, plan.before)
        # Also what pyenphase sends along with the change must not be from long ago.
        data = await self._read_again(plan, stale)
        event = {
            "id": uuid.uuid4().hex,
            "gateway": name,
            "command": control.name,
            "arguments": {key: arg for key, arg in plan.order.args.items() if arg is not None},
        }
        self._record_start(event, plan)
        outcome: Outcome | None = None
        try:
            self.sent = True
            follower = Follower(plan, self._reader, self._clock, tell)
            write = _write(plan.order, plan.wanted)
            try:
                reply = await self._sender.send(write, control.needs.features, data)
            except (GatewayError, ControlError) as error:
                self.sent = False
                outcome = Outcome("unsent", f"nothing was sent: {error}", plan.before, plan.before)
            else:
                outcome = await follower.follow(reply, patience or control.timeout, watch=watch)
            outcome = replace(outcome, line=f"{name}: {outcome.line}")
        finally:
            self._record_end(event, outcome)
        return outcome

    async def _read_again(self, plan: Plan, stale: bool) -> EnvoyData:
        control = plan.order.control
        try:
            data = await self._reader.read(control.reads)
        except GatewayError as error:
            raise self._unsent(error) from None
        if stale and control.state(data, plan.order.args) != plan.before:
            raise ControlError(
                f"{self._config.name}: nothing was sent: the state has changed while you were"
                " asked; run it again to see"
            )
        return data

    def _record_start(self, event: dict[str, Any], plan: Plan) -> None:
        """Record what is about to be sent; raise StateError."""
        started = {
            "event": "sending",
            "before": plan.before,
            "wanted": plan.wanted,
            "requests": [asdict(request) for request in plan.requests],
        }
        self._journal.write(self._clock.time(), {**event, **started})

    def _record_end(self, event: dict[str, Any], outcome: Outcome | None) -> None:
        """Record how it ended; None is an interruption after sending."""
        ended: Values = {"event": "result", "result": "interrupted"}
        if outcome:
            ended |= {"result": outcome.kind, "line": outcome.line, "after": outcome.after}
        try:
            self._journal.write(self._clock.time(), {**event, **ended})
        except StateError as error:
            log.warning("how the command ended is not recorded: %s", error)

    async def _look(self, data: EnvoyData, endpoint: str) -> None:
        """Add to the data what may be known for the notes, or nothing."""
        try:
            more = await self._reader.read((endpoint,))
        except GatewayError as error:
            log.debug("not known for the notes: %s", error)
            return
        data.raw.update(more.raw)
        data.encharge_aggregate = more.encharge_aggregate or data.encharge_aggregate
        data.dry_contact_settings = more.dry_contact_settings or data.dry_contact_settings

    def _recognise(self, serial: str) -> None:
        """Refuse to command a gateway that is not the one known by this name."""
        if self._memory.serial not in (None, serial):
            raise ControlError(
                f"{self._config.name}: nothing was sent: gateway {serial} answers at"
                f" {self._config.host}, where {self._memory.serial} was known; check `host`, or let"
                " the exporter meet a replaced gateway first"
            )

    def _unsent(self, error: GatewayError) -> ControlError:
        return ControlError(f"{self._config.name}: nothing was sent: {error}")


def _write(order: Order, wanted: Values) -> Write:
    return lambda envoy: order.control.write(envoy, order.args, wanted)
