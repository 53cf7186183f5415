"""What this gateway has and had: everything that is expected of its answers, and what is missing.

Devices, meters, legs and sections are taken from the answers themselves, every time they come, and
kept in the state. What was there once is expected until it is retired: its absence is reported by
name, also after a restart.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.clock import Clock
from exporter.gateway.endpoints import dry_contacts, generator, meters, production_report
from exporter.gateway.state_model import GatewayState, InventoryEntry

log = logging.getLogger(__name__)

#: kind and identity, as in the labels of `enphase_expected`
Key = tuple[str, str]

#: entries that are remembered of each kind; a gateway that lists more is broken or hostile
_LIMITS: Mapping[str, int] = {
    "inverter": 2000,
    "battery": 200,
    "acb": 200,
    "iq_relay": 200,
    "meter": 32,
    "meter_phase": 96,
    "section": 32,
    "dry_contact": 32,
}
_LIMIT = 64
#: no serial number or role is as long
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Expected:
    """Whether something that was there once is there now (1) or not (0), and since when not."""

    present: int
    missing_since: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A member of a collector's reading in which things of one kind are listed.

    Where the collector has several endpoints, it takes an answer of each group of `paths`.
    """

    kind: str
    collector: str
    member: str
    ids: Callable[[Any], Iterable[str]]
    paths: tuple[tuple[str, ...], ...] = ()


#: sections of devices, which a gateway that starts at night cannot read before the morning
_DEVICE_SECTIONS = frozenset({production_report.INVERTERS, production_report.ACB})


def _keys(value: Mapping[str, Any]) -> Iterable[str]:
    return value.keys()


def _serial(value: Any) -> Iterable[str]:
    serial = getattr(value, "serial_number", None)
    return () if serial is None else (str(serial),)


def _legs(value: Any) -> Iterable[str]:
    return (f"{role}/{leg}" for role, legs in value.items() if legs for leg in legs)


def _active(value: Any) -> Iterable[str]:
    """Yield the sections that count a device, and were read if they are of meters."""
    for name, section in value.items():
        read = name in _DEVICE_SECTIONS or getattr(section, "reading_time", None) != 0
        if read and getattr(section, "active", None) != 0:
            yield name


_METERS = ((meters.SETUP.path,), (meters.READINGS.path,))
_RELAYS, _RELAY_SETTINGS = ((dry_contacts.STATUS.path,),), ((dry_contacts.SETTINGS.path,),)
_GENERATOR = ((generator.STATE.path,),)
_REPORT = ((production_report.JSON.path, production_report.PLAIN.path),)
#: a thing listed in several members is there when all members list it that ever did
PARTS: tuple[Part, ...] = (
    Part("inverter", "inverters", "inverters", _keys),
    Part("battery", "ensemble", "encharge_inventory", _keys),
    Part("battery", "battery_power", "encharge_power", _keys),
    Part("acb", "acb", "acb_inventory", _keys),
    Part("iq_relay", "devices", "iq_relays", _keys),
    Part("controller", "ensemble", "enpower", _serial),
    Part("collar", "ensemble", "collar", _serial),
    Part("combiner", "ensemble", "c6cc", _serial),
    Part("meter", "meters", "ctmeters", _keys, _METERS),
    Part("meter_phase", "meters", "ctmeters_phases", _legs, _METERS),
    Part("section", "production", "production_sections", _active, _REPORT),
    Part("dry_contact", "dry_contacts", "dry_contact_status", _keys, _RELAYS),
    Part(
        "dry_contact",
        "dry_contacts",
        "dry_contact_settings",
        _keys,
        _RELAY_SETTINGS,
    ),
    Part("generator", "generator", "generator", lambda _: ("generator",), _GENERATOR),
)
#: kinds whose ids are serial numbers, so that they can be retired by it
SERIAL_KINDS = frozenset(
    {"inverter", "battery", "acb", "iq_relay", "controller", "collar", "combiner"}
)
#: kinds whose ids are what something is for; once they are missing they can be retired by that
ROLE_KINDS = frozenset({"meter", "meter_phase", "section", "dry_contact", "generator"})


class Inventory:
    """Everything ever seen at one gateway."""

    def __init__(self, gateway: str, state: GatewayState, clock: Clock) -> None:
        self._gateway = gateway
        self._state = state
        self._clock = clock
        #: ids that the configuration retires
        self._configured: frozenset[str] = frozenset()
        self._full: set[str] = set()
        #: what was listed for the first time or again, until somebody takes it out
        self.appeared: set[Key] = set()
        #: counts up when another device is remembered, or one no more
        self.version = 0
        self._expected: Mapping[Key, Expected] | None = None
        #: what is remembered of each kind, until that changes: it is asked for with every answer
        self._remembered: dict[str, frozenset[str]] = {}

    @property
    def any_retired(self) -> bool:
        """Whether any device was removed for good."""
        return bool(self._configured or self._state.retired)

    def retired(self, identity: str) -> bool:
        """Return whether a device was removed for good, by command or configuration.

        The legs of a meter go with it.
        """
        names = {identity, identity.partition("/")[0]}
        return not (names.isdisjoint(self._configured) and names.isdisjoint(self._state.retired))

    def retire(self, ids: Iterable[str]) -> set[str]:
        """Expect nothing any more of these; return those that were known."""
        ids = set(ids)
        present = {i for entries in self._state.inventory.values() for i in entries if i in ids}
        self._state.retired |= ids
        for entries in self._state.inventory.values():
            for identity in present & entries.keys():
                del entries[identity]
        self._expected = None
        self._forget_remembered()
        return present

    def remembered(self, kind: str) -> frozenset[str]:
        """Return the ids of a kind that were ever seen and are not retired."""
        ids = self._remembered.get(kind)
        if ids is None:
            entries = self._state.inventory.get(kind, {})
            ids = self._remembered[kind] = frozenset(i for i in entries if not self.retired(i))
        return ids

    def missing(self, kind: str) -> frozenset[str]:
        """Return the ids of a kind that are expected and not there."""
        entries = self._state.inventory.get(kind, {})
        return frozenset(
            i for i, e in entries.items() if e.missing_since is not None and not self.retired(i)
        )

    def lists(self, member: str, kind: str) -> frozenset[str]:
        """Return the ids of a kind that a member ever listed."""
        entries = self._state.inventory.get(kind, {})
        return frozenset(i for i, e in entries.items() if member in e.parts and not self.retired(i))

    def observe(self, data: Mapping[str, Any], members: Iterable[str]) -> list[str]:
        """Take note of what a reading lists in these members; return what is missing by name.

        A member that the reading does not have lists nothing. What is listed for the first time, or
        again, is added to `appeared`.
        """
        missing: list[str] = []
        listed = frozenset(members)
        for part in PARTS:
            if part.member not in listed:
                continue
            value = data.get(part.member)
            present = {str(i) for i in part.ids(value)} if value else set()
            missing += self.note(part.kind, part.member, present)
        return missing

    def note(self, kind: str, part: str, present: Iterable[str]) -> list[str]:
        """Take note of the ids of a kind that are there now; return what is missing by name."""
        entries = self._state.inventory.setdefault(kind, {})
        now = set(present)
        for identity in now:
            entry = entries.get(identity)
            if entry is None:
                entry = self._add(kind, entries, identity)
            if entry is None:
                continue
            entry.parts.add(part)
            if part in entry.absent_from or (
                entry.missing_since is not None and not entry.absent_from
            ):
                entry.absent_from.discard(part)
                if not entry.absent_from and entry.missing_since is not None:
                    entry.missing_since = None
                    self._expected = None
                    self.appeared.add((kind, identity))
        missing: list[str] = []
        for identity, entry in entries.items():
            if part not in entry.parts or identity in now or self.retired(identity):
                continue
            missing.append(f"{kind} {identity}")
            entry.absent_from.add(part)
            if entry.missing_since is None:
                entry.missing_since = self._clock.time()
                self._expected = None
        return missing

    def expected(self) -> Mapping[Key, Expected]:
        """Return everything that is expected; the same object while nothing changes."""
        if self._expected is None:
            self._expected = {
                (kind, identity): _PRESENT
                if entry.missing_since is None
                else Expected(0, entry.missing_since)
                for kind, entries in sorted(self._state.inventory.items())
                for identity, entry in sorted(entries.items())
                if not self.retired(identity)
            }
        return self._expected

    def configure_retired(self, ids: Iterable[str]) -> bool:
        """Take these for removed, too, until other ones are given; return whether they differ."""
        configured = frozenset(ids)
        if configured == self._configured:
            return False
        self._configured = configured
        self._expected = None
        self._forget_remembered()
        return True

    def _forget_remembered(self) -> None:
        self._remembered.clear()
        self.version += 1

    def _add(
        self, kind: str, entries: dict[str, InventoryEntry], identity: str
    ) -> InventoryEntry | None:
        if not identity or len(identity) > _LONGEST_ID or self.retired(identity):
            return None
        if len(entries) >= _LIMITS.get(kind, _LIMIT):
            if kind not in self._full:
                self._full.add(kind)
                log.warning(
                    "more devices than any site has: the others are not remembered",
                    extra={"gateway": self._gateway, "kind": kind, "limit": len(entries)},
                )
            return None
        self._expected = None
        self._forget_remembered()
        self.appeared.add((kind, identity))
        entry = entries[identity] = InventoryEntry(since=self._clock.time())
        return entry


_PRESENT = Expected(1)


def without_retired(data: Mapping[str, Any], retired: Callable[[str], bool]) -> dict[str, Any]:
    """Return the members of an answer without the devices that were removed for good."""
    result = dict(data)
    for part in PARTS:
        value = result.get(part.member)
        if part.kind not in SERIAL_KINDS or not value:
            continue
        gone = [i for i in part.ids(value) if retired(str(i))]
        if not gone:
            continue
        if isinstance(value, Mapping):
            result[part.member] = {i: v for i, v in value.items() if i not in gone}
        else:
            del result[part.member]
    return result
