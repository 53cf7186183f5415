"""Reading the gateway's answers: one module per endpoint, each value on its own.

`ENDPOINTS` has every path that is asked. What a collector provides is made by `assemble` of the
answers to the paths in `PATHS`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from exporter.gateway.endpoints import (
    battery_settings,
    device_data,
    devices,
    devstatus,
    dry_contacts,
    ensemble_errors,
    ensemble_inventory,
    ensemble_power,
    ensemble_relay,
    ensemble_secctrl,
    ensemble_status,
    events,
    firmware_manager,
    generator,
    grid_profile,
    home,
    info,
    inventory,
    inverters,
    limits,
    livedata,
    meter_reports,
    meters,
    microinverters,
    pdm_energy,
    plc_levels,
    production,
    production_report,
    production_v1,
    tariff,
)
from exporter.gateway.endpoints.base import Endpoint, Parsed
from exporter.gateway.endpoints.context import Context

#: in the order of importance: what an outage changes comes first
_ALL = (
    ensemble_relay.ENDPOINT,
    ensemble_inventory.ENDPOINT,
    ensemble_power.ENDPOINT,
    info.ENDPOINT,
    meters.SETUP,
    meters.READINGS,
    production_report.JSON,
    production_report.PLAIN,
    production_v1.ENDPOINT,
    ensemble_secctrl.ENDPOINT,
    livedata.ENDPOINT,
    dry_contacts.STATUS,
    dry_contacts.SETTINGS,
    generator.STATE,
    generator.CONFIG,
    generator.MODE,
    generator.SCHEDULE,
    home.ENDPOINT,
    tariff.ENDPOINT,
    inventory.ENDPOINT,
    device_data.ENDPOINT,
    inverters.ENDPOINT,
    ensemble_errors.ENDPOINT,
    firmware_manager.ENDPOINT,
    limits.EXPORT,
    limits.PRODUCTION,
    limits.DYNAMIC_EXPORT,
    limits.POWER,
    grid_profile.ENDPOINT,
    battery_settings.ENDPOINT,
    ensemble_status.ENDPOINT,
    events.ENDPOINT,
    meter_reports.ENDPOINT,
    pdm_energy.ENDPOINT,
    devstatus.ENDPOINT,
    plc_levels.ENDPOINT,
)
ENDPOINTS: Mapping[str, Endpoint] = {endpoint.path: endpoint for endpoint in _ALL}
#: paths that stand for each other: only the first one that answers is asked
ALTERNATIVES: tuple[tuple[str, ...], ...] = (
    (production_report.JSON.path, production_report.PLAIN.path),
)

Combine = Callable[[Mapping[str, Parsed], Context], dict[str, Any]]


def _merged(collector: str) -> Combine:
    """Return a function that puts together the members of several answers."""

    def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
        return {
            member: value
            for path in PATHS[collector]
            if path in parsed
            for member, value in parsed[path].data.items()
            if value is not None
        }

    return combine


def _ensemble(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    data = _merged("ensemble")(parsed, context)
    return devices.combine_ensemble(data) if data else data


def _generator(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    return generator.combine(_merged("generator")(parsed, context))


#: paths of the collectors whose members are made of more than the answers to their own endpoints
_JOINED: Mapping[str, tuple[str, ...]] = {
    "production": (
        production_report.JSON.path,
        production_report.PLAIN.path,
        production_v1.ENDPOINT.path,
        meters.SETUP.path,
    ),
    "inverters": (
        device_data.ENDPOINT.path,
        inverters.ENDPOINT.path,
        devstatus.ENDPOINT.path,
    ),
    "acb": (
        inventory.ENDPOINT.path,
        inverters.ENDPOINT.path,
        device_data.ENDPOINT.path,
        devstatus.ENDPOINT.path,
    ),
    "devices": (
        inventory.ENDPOINT.path,
        device_data.ENDPOINT.path,
        devstatus.ENDPOINT.path,
    ),
}
#: the paths that each collector is made of
PATHS: Mapping[str, tuple[str, ...]] = {
    **{
        collector: tuple(e.path for e in _ALL if e.collector == collector)
        for collector in {endpoint.collector: None for endpoint in _ALL}
    },
    **_JOINED,
}

#: answers that a collector looks at besides, to know what they say of its own
ALSO_READ: Mapping[str, tuple[str, ...]] = {
    "battery_power": (ensemble_inventory.ENDPOINT.path,),
}

#: what a collector provides, where it is more than the members of its answers
COMBINE: Mapping[str, Combine] = {
    "ensemble": _ensemble,
    "meters": meters.combine,
    "production": production.combine,
    "inverters": microinverters.combine_inverters,
    "acb": microinverters.combine_acb,
    "devices": devices.combine,
    "generator": _generator,
    "livedata": livedata.combine,
    "battery_power": ensemble_power.combine,
    "tariff": tariff.combine,
}


def assemble(collector: str, parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return what a collector provides, of the answers there are; raise GatewayError.

    `parsed` has the newest answer of each path that is neither failed nor expired.
    """
    combine = COMBINE.get(collector) or _merged(collector)
    return combine(parsed, context)


#: where one answer can stand for another: what has to be asked, by collector
_NEEDED: Mapping[str, Callable[[Mapping[str, Parsed], Iterable[str]], tuple[str, ...]]] = {
    "production": production.paths_needed,
    "inverters": microinverters.paths_needed,
}


#: the answers by which `paths_needed` chooses
DECIDING: tuple[str, ...] = (
    meters.SETUP.path,
    device_data.ENDPOINT.path,
    inventory.ENDPOINT.path,
)

_OWN: Mapping[str, tuple[str, ...]] = {
    collector: tuple(path for path in paths if ENDPOINTS[path].collector == collector)
    for collector, paths in PATHS.items()
}


def paths_needed(
    collector: str, parsed: Mapping[str, Parsed], refused: Collection[str]
) -> tuple[str, ...]:
    """Return the paths that a collector needs, given the responses so far, without `refused`."""
    choose = _NEEDED.get(collector)
    if choose is not None:
        return choose(parsed, refused)
    return tuple(path for path in _OWN[collector] if path not in refused)
