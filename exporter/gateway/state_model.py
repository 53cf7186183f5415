"""What the exporter keeps of a gateway over a restart.

Kept in the state directory. A file that is lost, broken or foreign costs only what it held: a part
that is not of the right type counts as never written, and its neighbours are read all the same.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WrapValidator,
)
from pydantic import ValidatorFunctionWrapHandler as Handler
from pydantic.dataclasses import dataclass as checked
from pydantic_core import PydanticUseDefault


def _or_default(value: Any, handler: Handler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise PydanticUseDefault from None


_LENIENT = WrapValidator(_or_default)
Text = Annotated[str | None, _LENIENT]
Stamp = Annotated[float | None, _LENIENT]
Names = Annotated[set[str], _LENIENT]


@checked(slots=True)
class GuardState:
    """Where one counter stands; energies in Wh, times in epoch seconds.

    `raw` is the last accepted reading of the register and `total` what is exported of it; `offset`
    leads from one register to the position that is common to all registers the counter ever had. A
    reading that cannot follow `raw` opens a pending series (`pending_*`), which takes over once it
    has proved itself. `unproven` is a first zero that may be that of a gateway that starts.
    """

    raw: float
    offset: float = 0
    #: when `raw` was last read, negative while another register is expected; and last changed
    at: float = 0
    changed_at: float = 0
    total: float | None = None
    unproven: bool = False
    #: the register can fall, and what is exported is the sum of its rises
    summed: bool = False
    pending_first: float | None = None
    pending_last: float | None = None
    pending_since: float = 0
    pending_at: float = 0
    pending_count: int = 0

    @property
    def settled(self) -> bool:
        """Whether the next reading is simply to be compared with the last one."""
        return not self.unproven and self.at >= 0 and self.pending_first is None


@checked(slots=True)
class DayState:
    """The energy of one counter by day, in Wh; `day` is a proleptic ordinal in the site's zone.

    `start` is the position of the counter at midnight, `last` the one at `at` (epoch seconds).
    `history` has the days before today, the latest first; None is a day that is not known.
    """

    day: int
    last: float
    at: float
    start: float | None = None
    history: list[float | None] = field(default_factory=list)


_GUARD_STATE, _DAY_STATE = TypeAdapter(GuardState), TypeAdapter(DayState)
_JOULES = TypeAdapter(Annotated[float, Field(allow_inf_nan=False)])


def _readable(adapter: TypeAdapter[Any]) -> BeforeValidator:
    """Return a validator that drops the entries of a mapping that cannot be read."""

    def check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        entries = {}
        for key, entry in value.items():
            try:
                entries[str(key)] = adapter.validate_python(entry)
            except ValidationError:
                continue
        return entries

    return BeforeValidator(check)


@checked(slots=True)
class InventoryEntry:
    """Something that the gateway listed at least once; times in epoch seconds.

    `parts` are the members of readings that ever listed it, `absent_from` those that do not now.
    """

    since: float = 0
    missing_since: float | None = None
    parts: set[str] = field(default_factory=set)
    absent_from: set[str] = field(default_factory=set)


_ENTRY = TypeAdapter(InventoryEntry)


def _readable_entries(value: Any) -> Any:
    """Drop the entries that cannot be read; one of them must not cost the others."""
    if not isinstance(value, Mapping):
        return value
    kinds: dict[str, dict[str, InventoryEntry]] = {}
    for kind, entries in value.items():
        if isinstance(entries, Mapping):
            kinds[str(kind)] = readable = {}
            for identity, entry in entries.items():
                try:
                    readable[str(identity)] = _ENTRY.validate_python(entry)
                except ValidationError:
                    continue
    return kinds


Entries = Annotated[
    dict[str, dict[str, InventoryEntry]], BeforeValidator(_readable_entries), _LENIENT
]


class GatewayState(BaseModel):
    """All that is remembered of one gateway."""

    model_config = ConfigDict(extra="ignore")

    token: Text = None
    serial: Text = None
    firmware: Text = None
    timezone: Text = None
    #: when another gateway answered for the first time, and its serial number
    replaced_at: Stamp = None
    replaced_by: Text = None
    firmware_changed_at: Stamp = None
    #: names of pyenphase's SupportedFeatures ever seen
    features: Names = set()
    #: collectors that ever had something to collect
    collectors: Names = set()
    #: paths of endpoints that ever answered with something
    endpoints: Names = set()
    #: by path and the gateway's name of a field, how many of its values could never be read
    unreadable: Annotated[dict[str, dict[str, int]], _LENIENT] = {}
    #: serials ever listed, by kind of device
    devices: Annotated[dict[str, set[str]], _LENIENT] = {}
    #: by kind and identity, everything that was ever there
    inventory: Entries = Field(default_factory=dict)
    #: serial numbers of devices that were removed for good
    retired: Names = set()
    #: counters by path, joined with `/`
    counters: Annotated[dict[str, GuardState], _readable(_GUARD_STATE), _LENIENT] = Field(
        default_factory=dict
    )
    #: joules integrated from power by path, joined with `/`
    integrals: Annotated[dict[str, float], _readable(_JOULES), _LENIENT] = Field(
        default_factory=dict
    )
    #: energies by day, by path of the counter
    days: Annotated[dict[str, DayState], _readable(_DAY_STATE), _LENIENT] = Field(
        default_factory=dict
    )
    #: joules that the registers of a derived energy showed last, by energy and register
    registers: Annotated[dict[str, dict[str, float]], _LENIENT] = Field(default_factory=dict)
    #: when the power line was last loaded by a measurement of its signal, in epoch seconds
    power_line_loaded: Stamp = None
    #: most inverters and batteries ever listed at once: what the site can deliver
    inverter_count: Annotated[int, _LENIENT] = 0
    battery_count: Annotated[int, _LENIENT] = 0
    #: number of the last event in the gateway's own log, and how often each kind occurred
    last_event: Annotated[int | None, _LENIENT] = None
    #: the events that were last in the log, so that they are recognised
    recent_events: Annotated[list[str], _LENIENT] = Field(default_factory=list)
    event_counts: Annotated[dict[str, int], _LENIENT] = Field(default_factory=dict)
    #: whether the process that wrote this came to its end: what it summed up is all in here
    closed: Annotated[bool, _LENIENT] = False
    #: whether this comes from a file
    written: Annotated[bool, _LENIENT] = False

    def dump(self, *, closing: bool = False) -> dict[str, Any]:
        """Return what `load` takes, sorted so that an unchanged state is an unchanged file."""
        state = self.model_dump(mode="json", exclude_none=True)
        state |= {"closed": closing, "written": True}
        for names in ("features", "collectors", "endpoints", "retired"):
            state[names] = sorted(state[names])
        state["devices"] = {
            kind: sorted(serials) for kind, serials in sorted(state["devices"].items())
        }
        for entries in state["inventory"].values():
            for entry in entries.values():
                entry["parts"] = sorted(entry["parts"])
                entry["absent_from"] = sorted(entry["absent_from"])
        return state

    @classmethod
    def load(cls, content: Any) -> "GatewayState":
        """Return the state in what a file held, whatever that is."""
        if not isinstance(content, dict):
            return cls()
        state = cls.model_validate(content)
        if not state.inventory:
            state.inventory = _migrated(state)
        return state


#: kind and listing member by the name that an earlier version kept the devices under
_EARLIER_KINDS = {
    "encharge": ("battery", "encharge_inventory"),
    "inverters": ("inverter", "inverters"),
}
#: what a remembered feature made expected, without a serial number to call it by
_EARLIER_FEATURES = {"ENPOWER": "grid_state", "COLLAR": "grid_state", "ENCHARGE": "soc"}


def _migrated(state: GatewayState) -> dict[str, dict[str, InventoryEntry]]:
    """Return the inventory in a state of an earlier version."""
    inventory: dict[str, dict[str, InventoryEntry]] = {}
    for name, serials in state.devices.items():
        if name in _EARLIER_KINDS:
            kind, part = _EARLIER_KINDS[name]
            inventory[kind] = {serial: InventoryEntry(parts={part}) for serial in serials}
    for collector in state.collectors:
        entry = InventoryEntry(parts={collector})
        inventory.setdefault("collector", {})[collector] = entry
    for feature, quantity in _EARLIER_FEATURES.items():
        if feature in state.features:
            entry = InventoryEntry(parts={quantity})
            inventory.setdefault("quantity", {})[quantity] = entry
    return inventory
