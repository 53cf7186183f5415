"""What follows from what: which hardware makes which endpoints worth asking."""

from collections.abc import Mapping

from exporter.gateway.endpoints import (
    ENDPOINTS,
    PATHS,
    devstatus,
    dry_contacts,
    ensemble_errors,
    ensemble_inventory,
    ensemble_power,
    ensemble_relay,
    ensemble_secctrl,
    ensemble_status,
    firmware_manager,
    generator,
    inventory,
    meters,
    production_report,
    tariff,
)

#: collectors that every gateway has
ESSENTIAL = frozenset({"production"})
#: collectors that make up a home: those that every metric of a device or meter comes from
HOME_COLLECTORS = (
    "ensemble",
    "battery_power",
    "meters",
    "production",
    "storage",
    "dry_contacts",
    "generator",
    "home",
    "tariff",
    "inverters",
    "acb",
)
#: kinds of hardware by which a gateway should have what a collector reads
EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "battery_power": ("battery",),
    "storage": ("battery", "acb"),
    "dry_contacts": ("controller",),
    "meters": ("meter",),
    "acb": ("acb",),
    "devices": ("iq_relay",),
    "inverters": ("inverter",),
    "generator": ("generator",),
}
#: the small endpoints that know the grid state
GRID_STATE = (ensemble_relay.ENDPOINT.path,)
#: endpoints that have more to say when the grid state changes
GRID_DETAILS = (ensemble_inventory.ENDPOINT.path, ensemble_power.ENDPOINT.path)
#: endpoints that show first that hardware was added
SIGNS = frozenset(
    {
        ensemble_inventory.ENDPOINT.path,
        meters.SETUP.path,
        production_report.JSON.path,
    }
)
_STORAGE = (
    ensemble_power.ENDPOINT.path,
    ensemble_secctrl.ENDPOINT.path,
    dry_contacts.STATUS.path,
    dry_contacts.SETTINGS.path,
    tariff.ENDPOINT.path,
)
_METERS = (meters.SETUP.path, meters.READINGS.path, production_report.JSON.path)
#: collectors that are read from other registers when an answer is missing
SETTLING = frozenset({"production"})
#: endpoints that have something new to say when something of a kind appears
HINTS: Mapping[str, tuple[str, ...]] = {
    "battery": _STORAGE,
    "controller": (*GRID_STATE, *_STORAGE, generator.STATE.path, generator.CONFIG.path),
    "collar": (*GRID_STATE, *_STORAGE),
    "acb": (inventory.ENDPOINT.path, ensemble_secctrl.ENDPOINT.path, production_report.JSON.path),
    "iq_relay": (devstatus.ENDPOINT.path,),
    "meter": _METERS,
    "section": _METERS,
    "generator": (generator.CONFIG.path, generator.MODE.path, generator.SCHEDULE.path),
}


def readings_of(path: str) -> tuple[str, ...]:
    """Return the collectors whose readings an answer is part of."""
    return _READINGS_OF.get(path, ())


def collectors_of(path: str) -> tuple[str, ...]:
    """Return the collectors that fail when an endpoint fails."""
    return _COLLECTORS_OF.get(path, ())


_READINGS_OF: Mapping[str, tuple[str, ...]] = {
    path: tuple(collector for collector, paths in PATHS.items() if path in paths)
    for path in ENDPOINTS
}
#: the paths that a collector stands on: its own, or else the first of those that it is made of
STANDS_ON: Mapping[str, tuple[str, ...]] = {
    collector: tuple(path for path in paths if ENDPOINTS[path].collector == collector) or paths[:1]
    for collector, paths in PATHS.items()
}
_COLLECTORS_OF: Mapping[str, tuple[str, ...]] = {
    path: tuple(collector for collector, paths in STANDS_ON.items() if path in paths)
    for path in ENDPOINTS
}
#: endpoints that are asked only where there is hardware of one of these kinds
NEEDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(GRID_STATE, ("controller", "collar")),
    dry_contacts.STATUS.path: ("controller",),
    dry_contacts.SETTINGS.path: ("controller",),
    ensemble_errors.ENDPOINT.path: ("controller",),
    ensemble_status.ENDPOINT.path: ("battery", "controller", "collar"),
    firmware_manager.ENDPOINT.path: ("battery", "controller", "collar"),
}
#: collectors that run only where a cadence is configured for them, and then once in a night
OPT_IN = frozenset({"plc"})
