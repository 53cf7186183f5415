"""The gateway of a sample home: which endpoints its firmware and hardware have."""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import partial
from typing import Any

import orjson

from exporter.simulator.gateway import JSON_TYPE, HttpResponse, SimulatedGateway
from exporter.simulator.homes import (
    dry_contacts,
    ensemble,
    ensemble_status,
    event_log,
    firmware_update,
    generator,
    info,
    inverters,
    limits,
    live_data,
    power_line,
    production,
    reports,
    tariff,
)
from exporter.simulator.homes.models import HomeHardware, HomeState

#: makes the answer of one endpoint: an object for JSON, bytes for anything else
BodyBuilder = Callable[[HomeHardware, HomeState], Any]

_EVERY: dict[str, BodyBuilder] = {
    "/info": info.info,
    "/home": info.home,
    "/production.json": partial(production.production, details=False),
    "/production.json?details=1": production.production,
    "/api/v1/production": production.summary,
    "/api/v1/production/inverters": inverters.production,
    "/ivp/meters": production.meters,
    "/ivp/meters/readings": production.readings,
    "/inventory.json": inverters.inventory,
    "/inventory.json?deleted=1": inverters.inventory,
    "/inventory": inverters.inventory,
    "/installer/pcu_comm_check": power_line.signal_levels,
}
_SINCE_7: dict[str, BodyBuilder] = {
    "/production": partial(production.production, details=False),
    "/ivp/ensemble/inventory": ensemble.inventory,
    "/ivp/ensemble/power": ensemble.power,
    "/ivp/ensemble/secctrl": ensemble.secctrl,
    "/ivp/ensemble/dry_contacts": dry_contacts.status,
    "/ivp/ensemble/generator": generator.generator,
    "/ivp/ss/dry_contact_settings": dry_contacts.settings,
    "/ivp/ss/gen_config": generator.generator_config,
    "/ivp/ss/gen_schedule": generator.generator_schedule,
    "/ivp/ss/pel_settings": limits.export_limit,
    "/ivp/ss/dpel": limits.dynamic_export_limit,
    "/ivp/sc/pvlimit": limits.production_limit,
    "/ivp/mod/603980032/mode/power": limits.production_power,
    "/ivp/arf/profile": limits.grid_profile,
    "/ivp/ensemble/relay": ensemble.relay,
    "/ivp/ensemble/status": ensemble_status.status,
    "/ivp/livedata/status": live_data.status,
    "/ivp/meters/reports": reports.meter_reports,
    "/ivp/pdm/energy": reports.energy,
    "/ivp/peb/devstatus": power_line.device_status,
}


EVENT_LOG = "/datatab/event_dt.rb"
#: what an owner's token may not read
_INSTALLER = frozenset(
    {
        "/ivp/ss/dpel",
        "/ivp/mod/603980032/mode/power",
        "/ivp/peb/devstatus",
        "/installer/pcu_comm_check",
    }
)
#: what came with which major version
_SINCE: tuple[tuple[int, Mapping[str, BodyBuilder]], ...] = (
    (0, _EVERY),
    (4, {"/admin/lib/tariff": tariff.tariff}),
    (7, _SINCE_7),
)


def endpoints(site: HomeHardware) -> dict[str, BodyBuilder]:
    """Return the targets a gateway of this firmware and hardware answers."""
    bodies: dict[str, BodyBuilder] = {}
    for version, builders in _SINCE:
        if site.since(version):
            bodies |= builders
    if site.controller and site.since(7):
        bodies["/ivp/ensemble/errors"] = ensemble_status.errors
    if site.batteries and site.since(7):
        bodies["/ivp/firmware_manager/state"] = firmware_update.update_state
        bodies["/ivp/ss/enc_settings"] = limits.battery_current
    if site.device_data:
        bodies["/ivp/pdm/device_data"] = inverters.device_data
    if site.generator:
        bodies["/ivp/ss/gen_mode"] = generator.generator_mode
    return bodies


class HomeGateway(SimulatedGateway):
    """The gateway of a home whose state is computed for each request."""

    def __init__(self, site: HomeHardware, state: Callable[[], HomeState]) -> None:
        """Answer for this hardware; `state` returns what is going on there now."""
        self.site = site
        self._state = state
        self._builders = endpoints(site)
        self._ready: dict[str, tuple[HomeState, HttpResponse]] = {}

    @property
    def serial(self) -> str:
        """See `SimulatedGateway.serial`."""
        return self._state().serial or self.site.serial

    @property
    def firmware(self) -> str:
        """See `SimulatedGateway.firmware`."""
        return self._state().firmware or self.site.firmware

    @property
    def powered(self) -> bool:
        """See `SimulatedGateway.powered`."""
        return self._state().powered

    def installer_only(self, target: str) -> bool:
        """See `SimulatedGateway.installer_only`."""
        path = target.partition("?")[0]
        return path in _INSTALLER or (path == EVENT_LOG and not self.site.owner_reads_events)

    def answer(self, target: str) -> HttpResponse | None:
        """Answer from the state of this moment; see `SimulatedGateway.answer`."""
        path, _, query = target.partition("?")
        if path == EVENT_LOG:
            state = self._state()
            return _answer(event_log.events(self.site, state, query), state.now)
        builder = self._builders.get(target)
        if builder is None:
            return None
        state = self._state()
        before, answer = self._ready.get(target, (None, None))
        if answer is None or before != state:
            answer = _answer(builder(self.site, state), state.now)
            self._ready[target] = (state, answer)
        return answer


def _answer(content: Any, now: int) -> HttpResponse:
    """Return the answer with this content, given at `now` (epoch seconds)."""
    date = formatdate(now, usegmt=True)
    if isinstance(content, bytes):
        return HttpResponse(200, content, {"Content-Type": "text/xml", "Date": date})
    return HttpResponse(200, orjson.dumps(content), {"Content-Type": JSON_TYPE, "Date": date})
