"""What is published of a gateway: its readings, what is derived from them, and the own report."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exporter.config import Gateway, Wanted
from exporter.findings.thresholds import resolve
from exporter.gateway import quantities
from exporter.gateway.collection import SETTLING
from exporter.gateway.flow_energy import Derive, FlowEnergies
from exporter.gateway.models import CollectorReport, SelfReport
from exporter.gateway.parts import GatewayParts
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot
from exporter.sun import SunPosition, position


def unpolled(config: Gateway) -> Snapshot:
    """Return the snapshot of a gateway of which nothing was read yet, not even its state."""
    report = SelfReport(
        up=False,
        collectors={"gateway": CollectorReport(False, None, None, {})},
        requests={},
        rejected={},
        unreadable={},
        token_expiry=None,
        clock_skew=None,
        polled=False,
    )
    return Snapshot(config.name, {SELF: Reading({"self": report, "wanted": config.wanted}, 0.0)})


class SnapshotBuilder:
    """Builds the snapshots of one gateway."""

    def __init__(self, parts: GatewayParts, derive: Derive | None) -> None:
        self._parts = parts
        self._derive = derive
        self._thresholds = resolve(parts.config.alerts.thresholds)
        self._flow_energies = FlowEnergies(parts.guard, parts.memory, parts.clock)
        self._house: Reading | None = None
        #: whether the owner has commanded production off
        self.production_off = False

    def build(self, reported: list[str], *, connected: bool, polled: bool) -> Snapshot:
        """Return what is known now; `reported` are the collectors that the gateway should have."""
        parts, now = self._parts, self._parts.clock.monotonic()
        up = parts.states.answer(reported)
        token = parts.client.token
        report = SelfReport(
            up=up,
            collectors={
                name: replace(state, unreadable=parts.assembler.lost(name))
                for name, state in parts.states.report(["gateway", *reported]).items()
            },
            requests=dict(parts.client.requests),
            rejected=dict(parts.guard.rejected),
            unreadable=dict(parts.assembler.unreadable),
            token_expiry=token.expires if token else None,
            clock_skew=parts.client.clock_skew if up else None,
            polled=polled,
        )
        data: Mapping[str, Any] = {
            "self": report,
            "wanted": self._wanted(),
            "thresholds": self._thresholds,
            "sun": self._sun(),
            "expected": parts.inventory.expected(),
        }
        parts.readings[SELF] = Reading(data, parts.clock.time())
        snapshot = self._with_house(Snapshot(parts.config.name, dict(parts.readings)), now)
        # What is expected follows from what is derived, and is part of the next snapshot.
        tried = connected and parts.states.connected_for() > SETTLING
        quantities.note(parts.inventory, snapshot, now, tried=tried)
        return snapshot

    def _wanted(self) -> Wanted:
        """Return what the owner's configuration and commands ask for."""
        wanted = self._parts.config.wanted
        if wanted.production is None and self.production_off:
            return wanted.model_copy(update={"production": False})
        return wanted

    def _sun(self) -> SunPosition | None:
        place = self._parts.config.location
        if place is None:
            return None
        return position(place.latitude, place.longitude, self._parts.clock.time())

    def _with_house(self, snapshot: Snapshot, now: float) -> Snapshot:
        """Return a snapshot with what is derived from it."""
        if self._derive is None:
            return snapshot
        derived = self._derive(snapshot, now)
        counters = self._flow_energies.update(derived.flows)
        data = derived.data
        if not data:
            return snapshot
        if self._house is not None and self._house.data == data:
            data = self._house.data  # so that nothing is encoded again
        self._house = Reading(data, derived.read_at, derived.expires, counters)
        return replace(snapshot, readings={**snapshot.readings, HOUSE: self._house})
