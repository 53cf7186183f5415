"""Whether a gateway is there, which one it is, and when to look again: login, identity, failure.

A gateway that is gone costs one attempt to connect every few seconds, and all its collectors fail
with it. Another gateway or another firmware at the same address is noticed here.
"""

import logging
from dataclasses import replace

from exporter.errors import (
    BadStatusError,
    CloudLoginError,
    ConnectionLostError,
    GatewayError,
    IdentityError,
    LoginRefusedError,
    RequestTimeoutError,
    UnreachableError,
)
from exporter.gateway.identity import Identity
from exporter.gateway.models import GatewayInfo
from exporter.gateway.parts import GatewayParts
from exporter.snapshot import Reading

log = logging.getLogger(__name__)

#: seconds until the next attempt to reach a gateway that is gone
RECONNECT_DELAY = 15.0
_LONGEST_LOGIN_DELAY = 300.0
#: seconds without an answer after which a failure makes us ask whether the gateway is there at all,
#: and between two such questions
_DOUBT = 60.0
#: what a gateway that does nothing but accept connections fails with
_NO_SERVICE = (RequestTimeoutError, ConnectionLostError, BadStatusError)


class GatewayConnection:
    """The connection to one gateway; `due` is when to look at it next, in monotonic seconds."""

    def __init__(self, parts: GatewayParts, wait: float) -> None:
        self._parts = parts
        self._clock = parts.clock
        self.due = parts.clock.monotonic() + wait
        #: whether endpoints can be asked
        self.open = False
        #: whether it was asked for everything and gave no data
        self.useless = False
        #: whether the last look at it found it gone
        self._failed = False
        #: when it was last asked who it is, in monotonic seconds
        self._checked = float("-inf")
        self._login_delay = RECONNECT_DELAY

    async def check(self) -> None:
        """Connect and log in, or look whether it is still the same gateway and firmware."""
        parts = self._parts
        self._checked = began = self._clock.monotonic()
        self.due = began + parts.cadences["gateway"]
        try:
            if not self.open or await parts.client.refresh():
                await self._connect()
        except GatewayError as error:
            of_gateway = isinstance(error, (UnreachableError, LoginRefusedError)) or self._silent(
                error
            )
            if self.open and not of_gateway:
                # `/info` alone is in trouble: what else the gateway says is still worth reading.
                parts.states.failed("gateway", "/info", error)
            else:
                self.failed(error)
            if isinstance(error, IdentityError):
                self._note_replacement()
                self._keep_info()
        else:
            if not self.useless:
                parts.states.succeeded("gateway", "/info", self._clock.monotonic() - began)
            if self._failed:
                self._failed = False
                parts.scheduler.resume()
            self._keep_info()

    def failed(self, error: GatewayError) -> None:
        """Leave the gateway alone for a while, and look first whether it is still the same."""
        parts, now = self._parts, self._clock.monotonic()
        delay = RECONNECT_DELAY
        if isinstance(error, (LoginRefusedError, CloudLoginError)):
            self.open = False
            # A check of a token is hard work for the gateway.
            delay, self._login_delay = (
                self._login_delay,
                min(self._login_delay * 2, _LONGEST_LOGIN_DELAY),
            )
        elif not self.open and not isinstance(error, UnreachableError):
            delay = 2 * RECONNECT_DELAY
        self._failed = True
        parts.states.failed("gateway", "/info", error)
        parts.states.gateway_failed(error)
        self.due = now + delay
        parts.scheduler.postpone(now + delay)

    def doubt(self, error: GatewayError) -> None:
        """Look soon, where the failure of an endpoint may be that of a gateway that is gone."""
        if self._silent(error):
            self.due = min(self.due, max(self._checked + _DOUBT, self._clock.monotonic()))

    def _silent(self, error: GatewayError) -> bool:
        return isinstance(error, _NO_SERVICE) and self._parts.states.silent_for() > _DOUBT

    async def _connect(self) -> None:
        self.open = False
        await self._parts.client.connect()
        self._login_delay = RECONNECT_DELAY
        self._note_identity()
        self.open = True
        self._parts.states.gateway_answers()
        self._parts.scheduler.resume()

    def _note_identity(self) -> None:
        """Compare the gateway with the one remembered; another one starts its counters again."""
        parts, memory = self._parts, self._parts.memory
        identity = parts.client.identity
        if identity is None:
            return
        firmware = str(identity.firmware)
        if memory.serial not in (None, identity.serial):
            self._note_replacement()
            parts.guard.expect_other_registers()
            parts.assembler.clear()
        memory.replaced_by = None
        if memory.firmware not in (None, firmware):
            memory.firmware_changed_at = self._clock.time()
            parts.scheduler.ask_absent_again()
            extra = {"gateway": parts.config.name, "firmware": firmware}
            log.info("firmware changed", extra=extra)
        memory.serial, memory.firmware = identity.serial, firmware
        parts.assembler.identity = identity

    def _note_replacement(self) -> None:
        """Note once when another gateway began to answer, whether it is accepted already or not."""
        identity, memory = self._parts.client.identity, self._parts.memory
        if identity is None or identity.serial == memory.replaced_by:
            return
        memory.replaced_at, memory.replaced_by = self._clock.time(), identity.serial
        extra = {"gateway": self._parts.config.name, "serial": identity.serial}
        log.warning("gateway replaced", extra=extra)

    def note_setup(self) -> None:
        """Add what the meters say of the gateway, which is no younger by that."""
        identity, reading = self._parts.client.identity, self._parts.readings.get("gateway")
        if identity is not None and reading is not None:
            data = {"gateway": self._info(identity)}
            self._parts.readings["gateway"] = replace(reading, data=data)

    def _keep_info(self) -> None:
        """Make a reading of what is known of the gateway itself."""
        parts = self._parts
        identity = parts.client.identity
        if identity is None:
            return
        expires = self._clock.monotonic() + 3 * parts.cadences["gateway"]
        data = {"gateway": self._info(identity)}
        parts.readings["gateway"] = Reading(data, self._clock.time(), expires)

    def _info(self, identity: Identity) -> GatewayInfo:
        phase_mode, legs, meters = self._parts.assembler.service()
        return GatewayInfo(
            identity.serial,
            identity.part_number,
            str(identity.firmware),
            identity.metered,
            phase_mode,
            legs,
            meters,
            self._parts.memory.replaced_at,
            self._parts.memory.firmware_changed_at,
        )
