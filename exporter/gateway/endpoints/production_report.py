"""`/production.json?details=1` and `/production`: what the site produces, consumes and stores.

The report has sections. They are identified by what they measure, never by position, and each
has its own count of devices and time of reading. Lines are the legs of a section, in order.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object, entries
from exporter.gateway.endpoints.fields import Count, Epoch, Percent, StoredWattHours, Text, Word

PRODUCTION = "production"
TOTAL_CONSUMPTION = "total-consumption"
NET_CONSUMPTION = "net-consumption"
INVERTERS = "inverters"
ACB = "acb"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value)


#: in whole W and Wh: no meter is better than that
_Watts = Annotated[float | None, Field(ge=-1e7, le=1e7), AfterValidator(_rounded)]
_WattHours = Annotated[float | None, Field(ge=-1e12, le=1e12), AfterValidator(_rounded)]


class SystemEnergy(Model):
    """Power now and energies of a section or of one of its lines, in W and Wh."""

    watts_now: _Watts = Field(None, alias="wNow")
    watt_hours_lifetime: _WattHours = Field(None, alias="whLifetime")
    watt_hours_today: _WattHours = Field(None, alias="whToday")
    watt_hours_last_7_days: _WattHours = Field(None, alias="whLastSevenDays")


class ReportSection(SystemEnergy):
    """A section of the report: how many devices it counts and when it was read."""

    required: ClassVar[frozenset[str]] = frozenset({"activeCount", "readingTime", "wNow"})

    type: Word = None
    measurement_type: Word = Field(None, alias="measurementType")
    active: Count = Field(None, alias="activeCount")
    reading_time: Epoch = Field(None, alias="readingTime")


class AcbPower(Model):
    """The AC Batteries together, in W, Wh and percent; positive discharges."""

    required: ClassVar[frozenset[str]] = frozenset({"wNow", "whNow", "state"})

    power: _Watts = Field(None, alias="wNow")
    charge_wh: StoredWattHours = Field(None, alias="whNow")
    state_of_charge: Percent = Field(None, alias="percentFull")
    state: Text = None
    batteries: Count = Field(None, alias="activeCount")
    reading_time: Epoch = Field(None, alias="readingTime")


_MAX_LINES = 3


@dataclass(frozen=True, slots=True)
class MeteredSection:
    """A section and its lines."""

    section: ReportSection
    lines: tuple[SystemEnergy, ...]


@dataclass(frozen=True, slots=True)
class ProductionReport:
    """The sections of a report by what they measure, and the AC Batteries where there are some."""

    sections: dict[str, MeteredSection]
    acb: AcbPower | None

    #: some gateways count AC Batteries that were never set up, and have no charge for them
    acb_is_set_up: bool = False


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the sections of the report."""
    raw = as_object(document)
    sections: dict[str, MeteredSection] = {}
    acb: AcbPower | None = None
    for part, kinds in _PARTS.items():
        listed = [
            (entry, section)
            for entry in entries(raw.get(part, []), notes, part)
            if (section := ReportSection.read(entry, notes, part)) is not None
        ]
        names = [_name(section, kinds) for _, section in listed]
        left = [kind for kind in kinds if kind not in names]
        for name, (entry, section) in zip(names, listed, strict=True):
            if name is None and len(left) == 1 and names.count(None) == 1:
                # Of two that are always there, the one without a name is the other one.
                name = left[0]  # noqa: PLW2901
            if name is None:
                notes.unreadable(f"{part}.measurementType")
            elif name in sections and (section.active or 0) < (sections[name].section.active or 0):
                # One that is there twice, once without a device.
                continue
            elif name == ACB:
                acb = AcbPower.read(entry, notes, part)
                sections[name] = MeteredSection(section, ())
            else:
                sections[name] = MeteredSection(section, _lines(entry, notes, part))
    charged = acb is not None and acb.state_of_charge is not None
    return {"production_report": ProductionReport(sections, acb, charged)}


#: what the parts of a report measure
_PARTS = {
    "production": (INVERTERS, PRODUCTION),
    "consumption": (TOTAL_CONSUMPTION, NET_CONSUMPTION),
    "storage": (ACB,),
}


#: meters of others that measure production, too, and say so
_OTHER_METERS = frozenset({"rgm", "pmu"})


def _name(section: ReportSection, kinds: tuple[str, ...]) -> str | None:
    if section.type in _OTHER_METERS:
        return section.type
    for name in (section.measurement_type, section.type):
        if name in kinds:
            return name
    # A meter in the list of production measures production.
    return PRODUCTION if section.type == "eim" and PRODUCTION in kinds else None


def _lines(entry: dict[str, Any], notes: Notes, part: str) -> tuple[SystemEnergy, ...]:
    """Return the lines of a section; none where one of them cannot be read.

    Lines have no names, so a missing one could not be identified. No gateway has more than three:
    if there are more, a repeated line is dropped.
    """
    raw = entry.get("lines", [])
    name = f"{part}.lines"
    listed = list(entries(raw, notes, name))
    lines = []
    for index, item in enumerate(listed):
        if len(listed) > _MAX_LINES and index and item == listed[index - 1]:
            notes.unreadable(name)
            continue
        line = SystemEnergy.read(item, notes, name)
        if line is not None:
            lines.append(line)
    return tuple(lines) if isinstance(raw, list) and len(listed) == len(raw) else ()


JSON = Endpoint("/production.json?details=1", "production", read, deadline=60)
PLAIN = Endpoint("/production", "production", read, deadline=60, optional=True)
