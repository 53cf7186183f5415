"""Reading the gateway's answers: one module per endpoint, each value on its own.

`ENDPOINTS` has every path that is asked. What a collector provides is made by `assemble` of the
answers to the paths in `PATHS`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exporter.gateway.endpoints import (
    device_data,
    dry_contacts,
    ensemble_inventory,
    ensemble_power,
    ensemble_secctrl,
    generator,
    home,
    info,
    inventory,
    inverters,
    meters,
    microinverters,
    production,
    production_report,
    production_v1,
    tariff,
)
from exporter.gateway.endpoints.base import Endpoint, Parsed
from exporter.gateway.endpoints.context import Context

_ALL = (
    info.ENDPOINT,
    ensemble_inventory.ENDPOINT,
    ensemble_power.ENDPOINT,
    meters.SETUP,
    meters.READINGS,
    production_report.JSON,
    production_report.PLAIN,
    production_v1.ENDPOINT,
    ensemble_secctrl.ENDPOINT,
    dry_contacts.STATUS,
    dry_contacts.SETTINGS,
    generator.STATE,
    generator.CONFIG,
    generator.MODE,
    generator.SCHEDULE,
    home.ENDPOINT,
    tariff.ENDPOINT,
    device_data.ENDPOINT,
    inverters.ENDPOINT,
    inventory.ENDPOINT,
)
ENDPOINTS: Mapping[str, Endpoint] = {endpoint.path: endpoint for endpoint in _ALL}

Combine = Callable[[Mapping[str, Parsed], Context], dict[str, Any]]


def _merged(paths: tuple[str, ...]) -> Combine:
    """Return a function that puts together the members of several answers."""

    def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
        return {
            member: value
            for path in paths
            if path in parsed
            for member, value in parsed[path].data.items()
            if value is not None
        }

    return combine


def _generator(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    return generator.combine(_merged(PATHS["generator"])(parsed, context))


#: paths of the collectors whose members are made of more than the answers to their own endpoints
_JOINED: Mapping[str, tuple[str, ...]] = {
    "production": (
        production_report.JSON.path,
        production_report.PLAIN.path,
        production_v1.ENDPOINT.path,
        meters.SETUP.path,
    ),
    "inverters": (device_data.ENDPOINT.path, inverters.ENDPOINT.path),
    "acb": (inventory.ENDPOINT.path, inverters.ENDPOINT.path, device_data.ENDPOINT.path),
}
#: the paths that each collector is made of
PATHS: Mapping[str, tuple[str, ...]] = {
    **{
        collector: tuple(e.path for e in _ALL if e.collector == collector)
        for collector in {endpoint.collector: None for endpoint in _ALL}
    },
    **_JOINED,
}

_COMBINATIONS: Mapping[str, Combine] = {
    "meters": meters.combine,
    "production": production.combine,
    "inverters": microinverters.combine_inverters,
    "acb": microinverters.combine_acb,
    "generator": _generator,
    "tariff": tariff.combine,
}


def assemble(collector: str, parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return what a collector provides, of the answers there are; raise GatewayError.

    `parsed` has the newest answer of each path that is neither failed nor expired.
    """
    combine = _COMBINATIONS.get(collector) or _merged(PATHS[collector])
    return combine(parsed, context)


#: where one answer can stand for another: what has to be asked, by collector
_NEEDED: Mapping[str, Callable[[Mapping[str, Parsed], Iterable[str]], tuple[str, ...]]] = {
    "production": production.paths_needed,
    "inverters": microinverters.paths_needed,
}


def paths_needed(
    collector: str, parsed: Mapping[str, Parsed], refused: Iterable[str]
) -> tuple[str, ...]:
    """Return the paths to ask for a collector, given what was answered; `refused` are not had."""
    choose = _NEEDED.get(collector)
    if choose is not None:
        return choose(parsed, refused)
    without = frozenset(refused)
    return tuple(
        path
        for path in PATHS[collector]
        if path not in without and ENDPOINTS[path].collector == collector
    )
