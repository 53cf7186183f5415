"""What the site produces and consumes, from whichever endpoints pyenphase found to tell it.

A production report has sections, each with the time at which it was read. One that was read long
ago is not what flows now, and zeros everywhere are a gateway that starts.
"""

from collections.abc import Mapping
from typing import Any

from exporter.errors import GatewayStartingError
from exporter.gateway.extras import Section
from exporter.gateway.site import Found, Site, members

#: a metered section older than this is not what flows now
STALE_SECTION = 900.0


async def production(site: Site) -> Found:
    """Read production, consumption and what ACBs do."""
    site.acb_watts = None
    data = await site.update("production")
    found = members(
        data,
        "system_production",
        "system_production_phases",
        "system_consumption",
        "system_consumption_phases",
        "system_net_consumption",
        "system_net_consumption_phases",
        "acb_power",
    )
    total = data.system_production
    if total is not None and total.watt_hours_lifetime == 0:
        silent = not (total.watts_now or total.watt_hours_today)
        if silent and (
            site.guard.known_lifetime("system_production", "watt_hours_lifetime")
            or (site.session.identity is not None and site.session.identity.firmware.major == "3")
        ):
            raise GatewayStartingError("production: all zero, as while the gateway starts")
    sections = _sections(data.raw)
    if sections:
        found["production_sections"] = sections
        _drop_stale(site, found, sections)
    counters: Mapping[tuple[str, ...], float] = {}
    site.acb_watts = data.acb_power.power if data.acb_power else None
    if data.acb_power and not data.encharge_power and "ENCHARGE" not in site.memory.features:
        counters = site.storage_power(found, float(data.acb_power.power))
    return Found(found, counters=counters)


def _sections(raw: Mapping[str, Any]) -> dict[str, Section]:
    """Return the sections of the production report by measurement, else by type."""
    sections: dict[str, Section] = {}
    for report in raw.values():
        for part in ("production", "consumption", "storage"):
            listed = report.get(part) if isinstance(report, dict) else None
            for section in listed if isinstance(listed, list) else ():
                if isinstance(section, dict):
                    name = section.get("measurementType") or section.get("type") or part
                    sections[str(name)] = Section.model_validate(section)
    return sections


#: members that stand on a metered section; those of inverters are rightly old at night
_ON_SECTION = {
    "production": ("system_production", "system_production_phases"),
    "total-consumption": ("system_consumption", "system_consumption_phases"),
    "net-consumption": ("system_net_consumption", "system_net_consumption_phases"),
}


def _drop_stale(site: Site, found: dict[str, Any], sections: Mapping[str, Section]) -> None:
    """Drop what stands on a metered section that is old by the gateway's own clock."""
    for name, stand in _ON_SECTION.items():
        section = sections.get(name)
        if (
            section is not None
            and section.active
            and section.reading_time
            and site.gateway_time() - section.reading_time > STALE_SECTION
        ):
            for member in stand:
                found.pop(member, None)
