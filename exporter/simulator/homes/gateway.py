"""The gateway of a sample home: which endpoints its firmware and hardware have."""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import partial
from typing import Any

import orjson

from exporter.simulator.answers import JSON_TYPE, Answer, Gateway
from exporter.simulator.homes import (
    contacts,
    ensemble,
    identity,
    inverters,
    metering,
    settings,
    tariff,
)
from exporter.simulator.homes.site import Site, State

#: makes the answer of one endpoint: an object for JSON, bytes for anything else
Builder = Callable[[Site, State], Any]

_EVERY: dict[str, Builder] = {
    "/info": identity.info,
    "/home": identity.home,
    "/production.json": partial(metering.production, details=False),
    "/production.json?details=1": metering.production,
    "/api/v1/production": metering.summary,
    "/api/v1/production/inverters": inverters.production,
    "/ivp/meters": metering.meters,
    "/ivp/meters/readings": metering.readings,
    "/inventory.json": inverters.inventory,
    "/inventory.json?deleted=1": inverters.inventory,
}
_SINCE_7: dict[str, Builder] = {
    "/production": partial(metering.production, details=False),
    "/ivp/ensemble/inventory": ensemble.inventory,
    "/ivp/ensemble/power": ensemble.power,
    "/ivp/ensemble/secctrl": ensemble.secctrl,
    "/ivp/ensemble/dry_contacts": contacts.status,
    "/ivp/ensemble/generator": settings.generator,
    "/ivp/ss/dry_contact_settings": contacts.settings,
    "/ivp/ss/gen_config": settings.generator_config,
    "/ivp/ss/gen_schedule": settings.generator_schedule,
    "/ivp/ss/pel_settings": settings.export_limit,
}


#: what came with which major version
_SINCE: tuple[tuple[int, Mapping[str, Builder]], ...] = (
    (0, _EVERY),
    (4, {"/admin/lib/tariff": tariff.tariff}),
    (7, _SINCE_7),
)


def endpoints(site: Site) -> dict[str, Builder]:
    """Return the targets a gateway of this firmware and hardware answers."""
    found: dict[str, Builder] = {}
    for version, builders in _SINCE:
        if site.since(version):
            found |= builders
    if site.controller:
        found["/ivp/ensemble/relay"] = ensemble.relay
    if site.device_data:
        found["/ivp/pdm/device_data"] = inverters.device_data
    if site.generator:
        found["/ivp/ss/gen_mode"] = settings.generator_mode
    return found


class HomeGateway(Gateway):
    """The gateway of a home whose state is asked for whenever a client asks."""

    def __init__(self, site: Site, state: Callable[[], State]) -> None:
        """Answer for this hardware; `state` returns what is going on there now."""
        self.site = site
        self._state = state
        self._builders = endpoints(site)
        self._ready: dict[str, tuple[State, Answer]] = {}

    @property
    def serial(self) -> str:
        """See `Gateway.serial`."""
        return self._state().serial or self.site.serial

    @property
    def firmware(self) -> str:
        """See `Gateway.firmware`."""
        return self._state().firmware or self.site.firmware

    @property
    def powered(self) -> bool:
        """See `Gateway.powered`."""
        return self._state().powered

    def answer(self, target: str) -> Answer | None:
        """Answer from the state of this moment; see `Gateway.answer`."""
        builder = self._builders.get(target)
        if builder is None:
            return None
        state = self._state()
        known, answer = self._ready.get(target, (None, None))
        if answer is None or known != state:
            answer = _answer(builder(self.site, state), state.now)
            self._ready[target] = (state, answer)
        return answer


def _answer(content: Any, now: int) -> Answer:
    """Return the answer with this content, given at `now` (epoch seconds)."""
    date = formatdate(now, usegmt=True)
    if isinstance(content, bytes):
        return Answer(200, content, {"Content-Type": "text/xml", "Date": date})
    return Answer(200, orjson.dumps(content), {"Content-Type": JSON_TYPE, "Date": date})
