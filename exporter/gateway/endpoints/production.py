"""What a site produces and consumes, from whichever answers can be believed.

A metered section is used if the CTs that measure it are enabled, it counts devices, and its values
are current. Production without a CT comes from `/api/v1/production`, or from the section of the
inverters on gateways where that is broken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from awesomeversion import AwesomeVersion

from exporter.errors import GatewayStartingError
from exporter.gateway.endpoints import meters, production_report, production_v1
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import METERED_AGE, Context
from exporter.gateway.endpoints.meters import PHASES
from exporter.gateway.endpoints.production_report import (
    INVERTERS,
    NET_CONSUMPTION,
    PRODUCTION,
    TOTAL_CONSUMPTION,
    AcbPower,
    MeteredSection,
    ProductionReport,
    SystemEnergy,
)
from exporter.gateway.endpoints.production_v1 import ProductionTotals

#: from here on a metered gateway without CT repeats old values in `/api/v1/production`
_TOTALS_STALL = AwesomeVersion("8.2.4264")
#: AC Batteries and inverters report every few minutes; older than this is not what flows now
_DEVICE_AGE = 3600.0
#: no house or small business needs more for a day; where it is known how many inverters there
#: are, no day of theirs brings more than a day at full power
_WATT_HOURS_OF_A_DAY = 2_400_000.0
_WATTS_OF_AN_INVERTER = 500.0
#: what a total has that firmware overwrites, the registers first
_MEASURED = ("watt_hours_lifetime", "watts_now")

#: the section a value is in, and the CTs of which one set must be enabled
_CTS: dict[str, tuple[frozenset[str], ...]] = {
    PRODUCTION: (frozenset({PRODUCTION}),),
    TOTAL_CONSUMPTION: (
        frozenset({TOTAL_CONSUMPTION}),
        frozenset({NET_CONSUMPTION, PRODUCTION}),
    ),
    NET_CONSUMPTION: (
        frozenset({NET_CONSUMPTION}),
        frozenset({TOTAL_CONSUMPTION, PRODUCTION}),
    ),
}
_MEMBERS = {
    PRODUCTION: "system_production",
    TOTAL_CONSUMPTION: "system_consumption",
    NET_CONSUMPTION: "system_net_consumption",
}


E = TypeVar("E", SystemEnergy, ProductionTotals)


@dataclass(frozen=True, slots=True)
class SectionState:
    """How many devices a section counts and when it was read."""

    active: int | None
    reading_time: int | None


def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return what is produced and consumed, in sum and by leg, and the power of AC Batteries.

    Raises GatewayStartingError for the zeros of a gateway that starts.
    """
    setup = meters.set_up(parsed, context)
    cts = meters.enabled_kinds(setup)
    report = _report(parsed)
    if report is not None:
        report = _completed(report, _report(context.previous))
    data: dict[str, Any] = {}
    if report is not None:
        legs = meters.leg_count(setup.values()) if setup is not None else 1
        data |= _metered(report, cts, legs, context)
        data["production_sections"] = {
            name: SectionState(section.section.active, section.section.reading_time)
            for name, section in report.sections.items()
        }
        if report.acb is not None and report.acb.batteries and report.acb_is_set_up:
            data["acb_power"] = _acb_of_now(report.acb, context)
    metered = _is_metered(parsed, cts, context)
    if data.get("system_production") is None and not metered:
        production = _unmetered(parsed, report, cts, context)
        if production is not None:
            data["system_production"] = production
    _reject_start(data.get("system_production"), context)
    return {name: value for name, value in data.items() if value is not None}


def _report(parsed: Mapping[str, Parsed]) -> ProductionReport | None:
    for endpoint in (production_report.JSON, production_report.PLAIN):
        answer = parsed.get(endpoint.path)
        if answer is not None:
            report: ProductionReport = answer.data["production_report"]
            if report.sections:
                return report
    return None


def _completed(report: ProductionReport, before: ProductionReport | None) -> ProductionReport:
    """Return a report in which unreadable device counts are those of the report before."""
    if before is None:
        return report
    sections = {
        name: MeteredSection(
            section.section.model_copy(update={"active": previous.section.active}),
            section.lines,
        )
        if section.section.active is None and (previous := before.sections.get(name)) is not None
        else section
        for name, section in report.sections.items()
    }
    acb = report.acb
    if acb is not None and acb.batteries is None and before.acb is not None:
        acb = acb.model_copy(update={"batteries": before.acb.batteries})
    return replace(
        report,
        sections=sections,
        acb=acb,
        acb_is_set_up=report.acb_is_set_up or before.acb_is_set_up,
    )


def _is_metered(parsed: Mapping[str, Parsed], cts: frozenset[str] | None, context: Context) -> bool:
    """Return whether production is measured by a CT, though there may be no value of it now.

    What the inverters add up to is another value, and must not take its place for a while.
    """
    if cts is not None:
        return PRODUCTION in cts
    before = _report(context.previous)
    previous = before.sections.get(PRODUCTION) if before is not None else None
    return previous is not None and bool(previous.section.active) and _is_spoilt(parsed)


def _is_spoilt(parsed: Mapping[str, Parsed]) -> bool:
    """Return whether the report has parts of production that cannot be read."""
    return any(
        name.partition(".")[0] == PRODUCTION
        for endpoint in (production_report.JSON, production_report.PLAIN)
        if endpoint.path in parsed
        for name in parsed[endpoint.path].unreadable
    )


def _metered(
    report: ProductionReport, cts: frozenset[str] | None, legs: int, context: Context
) -> dict[str, Any]:
    limits = dict.fromkeys(_MEMBERS, _WATT_HOURS_OF_A_DAY)
    limits[PRODUCTION] = _produced_in_a_day(report)
    values: dict[str, dict[str, SystemEnergy]] = {}
    for name in _MEMBERS:
        section = report.sections.get(name)
        if section is None or not _believed(name, section, cts, context):
            continue
        parts = _by_leg(section, legs)
        read = {leg: part for leg, part in parts.items() if _was_read(name, leg, part, context)}
        # The sum that the gateway made without a leg is not the whole.
        values[name] = read | ({"": section.section} if len(read) == len(parts) else {})
    values = _mend_total(values)
    data: dict[str, Any] = {}
    for name, parts in values.items():
        member = _MEMBERS[name]
        plausible = {leg: _plausible(part, limits[name]) for leg, part in parts.items()}
        data[member] = plausible.pop("", None)
        if plausible:
            data[f"{member}_phases"] = plausible
    return data


def _produced_in_a_day(report: ProductionReport | None) -> float:
    inverters = report.sections.get(INVERTERS) if report is not None else None
    if inverters is None or not inverters.section.active:
        return _WATT_HOURS_OF_A_DAY
    return inverters.section.active * _WATTS_OF_AN_INVERTER * 24


def _believed(
    name: str, section: MeteredSection, cts: frozenset[str] | None, context: Context
) -> bool:
    """Return whether a section says what is measured now.

    One that counts no device carries numbers all the same, also where a CT is enabled.
    """
    active = section.section.active
    if active == 0 or (active is None and cts is None):
        return False
    if cts is not None and not any(needed <= cts for needed in _CTS[name]):
        return False
    return _is_of_now(section.section.reading_time, context)


def _is_of_now(reading_time: int | None, context: Context, limit: float = METERED_AGE) -> bool:
    """Return whether what was read at this time is current; 0 is never, while a gateway starts."""
    return reading_time != 0 and not context.is_stale(reading_time, limit)


def _by_leg(section: MeteredSection, legs: int) -> dict[str, SystemEnergy]:
    """Return the lines by phase; none where their number does not fit the service.

    Gateways send as many lines as there are legs, or three of which the last say nothing.
    """
    lines = section.lines
    if legs < 2 or len(lines) not in (legs, len(PHASES)):
        return {}
    if any(_says_something(line) for line in lines[legs:]) and not _add_up(section, lines[:legs]):
        # One that is there twice is one, if the others are all that the section is made of.
        lines = tuple(dict.fromkeys(lines))
        if len(lines) != legs or not _add_up(section, lines):
            return {}
    return dict(zip(PHASES, lines[:legs], strict=False))


def _was_read(name: str, leg: str, line: SystemEnergy, context: Context) -> bool:
    """Return whether a leg was read at all: its register does not fall to 0 by itself."""
    if line.watt_hours_lifetime != 0 or line.watts_now:
        return True
    path = (f"{_MEMBERS[name]}_phases", leg, "watt_hours_lifetime")
    return not context.accepted(path)


def _says_something(line: SystemEnergy) -> bool:
    return bool(line.watts_now or line.watt_hours_lifetime)


def _add_up(section: MeteredSection, lines: tuple[SystemEnergy, ...]) -> bool:
    """Return whether lines are all that the section is made of."""
    parts = [line.watt_hours_lifetime for line in lines]
    total = section.section.watt_hours_lifetime
    if total is None or None in parts:
        return False
    values = [part or 0 for part in parts]
    return abs(total - sum(values)) <= 5 + 1e-5 * sum(map(abs, values))


def _mend_total(values: dict[str, dict[str, SystemEnergy]]) -> dict[str, dict[str, SystemEnergy]]:
    """Mend a total consumption that is only the exchange with the grid.

    Some firmware overwrites it so. Total is what came from the grid and from the panels; where
    production is not known, the total is not known either.
    """
    total, net = values.get(TOTAL_CONSUMPTION), values.get(NET_CONSUMPTION)
    if total is None or net is None or not _is_overwritten(total, net):
        return values
    production = values.get(PRODUCTION, {})
    mended = {leg: _sum(part, production[leg]) for leg, part in total.items() if leg in production}
    others = {name: parts for name, parts in values.items() if name != TOTAL_CONSUMPTION}
    return others | ({TOTAL_CONSUMPTION: mended} if mended else {})


def _is_overwritten(total: Mapping[str, SystemEnergy], net: Mapping[str, SystemEnergy]) -> bool:
    """Return whether one section repeats the other, in its registers as far as they can be read.

    Powers decide only without any register: in the dark they are equal by right.
    """
    for name in _MEASURED:
        pairs = [
            (getattr(total[leg], name), getattr(net[leg], name))
            for leg in total.keys() & net.keys()
        ]
        if read := [pair for pair in pairs if None not in pair]:
            return all(one == other for one, other in read)
    return False


def _sum(total: SystemEnergy, production: SystemEnergy) -> SystemEnergy:
    """Return an overwritten total with production added; its today and week are not of both."""
    update: dict[str, float | None] = {"watt_hours_today": None, "watt_hours_last_7_days": None}
    for name in _MEASURED:
        one, other = getattr(total, name), getattr(production, name)
        update[name] = None if None in (one, other) else one + other
    return total.model_copy(update=update)


def _plausible(part: E, day: float) -> E:
    """Return the energies without a today or a week that cannot be.

    After some restarts a gateway counts from its first day on: today, the week before it and the
    lifetime are then the same.
    """
    today, week = part.watt_hours_today, part.watt_hours_last_7_days
    absurd: dict[str, None] = {}
    if today and today == week == part.watt_hours_lifetime:
        absurd = {"watt_hours_today": None, "watt_hours_last_7_days": None}
    if today is not None and abs(today) > day:
        absurd["watt_hours_today"] = None
    if week is not None and abs(week) > 7 * day:
        absurd["watt_hours_last_7_days"] = None
    return part.model_copy(update=absurd) if absurd else part


def _acb_of_now(acb: AcbPower, context: Context) -> AcbPower | None:
    return acb if _is_of_now(acb.reading_time, context, _DEVICE_AGE) else None


def _unmetered(
    parsed: Mapping[str, Parsed],
    report: ProductionReport | None,
    cts: frozenset[str] | None,
    context: Context,
) -> SystemEnergy | ProductionTotals | None:
    """Return the production that the gateway adds up from its inverters."""
    answer = parsed.get(production_v1.ENDPOINT.path)
    totals: ProductionTotals | None = answer.data["production_totals"] if answer else None
    if totals is not None and not _stalled(totals, cts, context):
        return _plausible(totals, _produced_in_a_day(report))
    section = report.sections.get(INVERTERS) if report is not None else None
    if section is None or not section.section.active:
        return None
    inverters = section.section
    never = inverters.reading_time == 0
    old = context.is_stale(inverters.reading_time, _DEVICE_AGE)
    if never or (old and inverters.watts_now):
        return inverters.model_copy(update={"watts_now": None})
    return inverters


def _stalled(totals: ProductionTotals, cts: frozenset[str] | None, context: Context) -> bool:
    energies = (totals.watt_hours_today, totals.watt_hours_last_7_days, totals.watt_hours_lifetime)
    if not any(energies):
        return True
    return bool(
        context.metered
        and not cts
        and context.firmware is not None
        and context.firmware >= _TOTALS_STALL
    )


def _reject_start(production: Any, context: Context) -> None:
    """Raise for a production of which everything is 0 though it was not."""
    if production is None or production.watt_hours_lifetime != 0:
        return
    if production.watts_now or production.watt_hours_today:
        return
    before = context.accepted(("system_production", "watt_hours_lifetime"))
    old = context.firmware is not None and context.firmware.major == "3"
    if before or old:
        raise GatewayStartingError("production: all zero, as while the gateway starts")


def paths_needed(parsed: Mapping[str, Parsed], refused: Iterable[str]) -> tuple[str, ...]:
    """Return the paths needed for production; `refused` ones are unavailable.

    The second report is only needed if the first one is unavailable, and the totals only if no CT
    measures production.
    """
    without = frozenset(refused)
    paths = [production_report.JSON.path]
    if production_report.JSON.path in without:
        paths = [production_report.PLAIN.path]
    setup = parsed.get(meters.SETUP.path)
    kinds = meters.enabled_kinds(setup.data["meters"]) if setup is not None else None
    if kinds is None or PRODUCTION not in kinds:
        paths.append(production_v1.ENDPOINT.path)
    return tuple(path for path in paths if path not in without)
