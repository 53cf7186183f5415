"""Finding out what a gateway offers, without believing a bad moment.

pyenphase's probe runs once and takes a 503 for "has no batteries". Here each endpoint that failed
in a way that proves nothing makes the probe doubtful, to be repeated; only a clear answer or a 404
counts.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from pyenphase.const import SupportedFeatures
from pyenphase.envoy import get_updaters
from pyenphase.exceptions import EnvoyAuthenticationRequired
from pyenphase.models.common import CommonProperties
from pyenphase.updaters.api_v1_production import EnvoyApiV1ProductionUpdater
from pyenphase.updaters.api_v1_production_inverters import EnvoyApiV1ProductionInvertersUpdater
from pyenphase.updaters.base import EnvoyUpdater
from pyenphase.updaters.device_data_inverters import EnvoyDeviceDataInvertersUpdater
from pyenphase.updaters.ensemble import EnvoyEnembleUpdater
from pyenphase.updaters.generator import EnvoyGeneratorUpdater
from pyenphase.updaters.inventory import EnvoyInventoryUpdater
from pyenphase.updaters.meters import EnvoyMetersUpdater
from pyenphase.updaters.production import EnvoyProductionUpdater
from pyenphase.updaters.tariff import EnvoyTariffUpdater

from exporter.errors import (
    BadStatusError,
    GatewayError,
    GatewayStartingError,
    InvalidDataError,
    InvalidResponseError,
    LoginRefusedError,
    UnsupportedFirmwareError,
)
from exporter.gateway.client import GatewayClient, Identity, Response
from exporter.gateway.extras import Home
from exporter.gateway.policy import HOME
from exporter.gateway.transport_errors import TransportError

log = logging.getLogger(__name__)

#: which collector drives an updater; subclasses count as their base
_COLLECTOR: tuple[tuple[type[EnvoyUpdater], str], ...] = (
    (EnvoyMetersUpdater, "meters"),
    (EnvoyProductionUpdater, "production"),
    (EnvoyApiV1ProductionUpdater, "production"),
    (EnvoyDeviceDataInvertersUpdater, "inverters"),
    (EnvoyApiV1ProductionInvertersUpdater, "inverters"),
    (EnvoyEnembleUpdater, "ensemble"),
    (EnvoyInventoryUpdater, "acb"),
    (EnvoyTariffUpdater, "tariff"),
    (EnvoyGeneratorUpdater, "generator"),
)
#: collectors that can do nothing without an updater
DRIVEN = frozenset({"meters", "production", "inverters", "acb", "generator"})
#: the collector that is short of something when a feature is gone; the ensemble inventory speaks
#: for itself, and detail of inverters ends by design when there are more than fifty
_OWNER = {
    SupportedFeatures.PRODUCTION: "production",
    SupportedFeatures.METERING: "production",
    SupportedFeatures.TOTAL_CONSUMPTION: "production",
    SupportedFeatures.NET_CONSUMPTION: "production",
    SupportedFeatures.ACB: "production",
    SupportedFeatures.INVERTERS: "inverters",
    SupportedFeatures.CTMETERS: "meters",
    SupportedFeatures.TARIFF: "tariff",
    SupportedFeatures.GENERATOR: "generator",
    SupportedFeatures.GENERATOR_SCHEDULE: "generator",
}
_NONE = SupportedFeatures(0)
_BATTERIES = SupportedFeatures.ENCHARGE | SupportedFeatures.ACB
_OK, _NOT_FOUND = 200, 404
_MOST_PHASES = 3


@dataclass(frozen=True)
class Discovery:
    """What a probe found: features, the updaters of each collector, and what it is not sure of."""

    features: SupportedFeatures = _NONE
    updaters: Mapping[str, tuple[EnvoyUpdater, ...]] = field(default_factory=dict)
    common: CommonProperties = field(default_factory=CommonProperties)
    #: endpoints whose failure proves nothing, and collectors whose answers nobody understands, with
    #: the failure
    doubts: Mapping[str, GatewayError] = field(default_factory=dict)
    home: bool = False
    #: the gateway's time zone, which prices by the hour hang on
    timezone: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Names of the features, as they are remembered."""
        return frozenset(feature.name for feature in self.features if feature.name)

    def failed(self, endpoint: str) -> bool:
        """Return whether an endpoint failed in a way that is likely to pass."""
        doubt = self.doubts.get(endpoint)
        return doubt is not None and not isinstance(doubt, LoginRefusedError)

    @property
    def collectors(self) -> frozenset[str]:
        """Names of the collectors that have something to collect."""
        found = {name for name, updaters in self.updaters.items() if updaters}
        if self.features & SupportedFeatures.ENCHARGE:
            found.add("battery_power")
        if self.features & _BATTERIES and "ensemble" in found:
            found.add("storage")
        if self.features & SupportedFeatures.ENPOWER:
            found.add("dry_contacts")
        if self.home:
            found.add("home")
        return frozenset(found)

    def adopt(self, newer: "Discovery") -> "Discovery":
        """Return what to work with after another probe.

        One that found everything known before, and is no less sure, replaces it. One that came
        short adds what is new and leaves the rest: the production updaters of a moment without
        meters read other registers.
        """
        complete = self.features & newer.features == self.features
        if not self.updaters or (complete and newer.doubts.keys() <= self.doubts.keys()):
            return newer
        return replace(
            self,
            features=self.features | newer.features,
            updaters={**newer.updaters, **{k: v for k, v in self.updaters.items() if v}},
            doubts=newer.doubts,
            home=self.home or newer.home,
        )


def nothing_found(discovery: Discovery, firmware: str) -> GatewayError:
    """Return what to say of a gateway that offers nothing: not yet, or never."""
    doubts = list(discovery.doubts.values())
    for doubt in doubts:
        if not isinstance(doubt, (InvalidResponseError, LoginRefusedError)):
            return GatewayStartingError(f"nothing can be read yet: {doubt}")
    return UnsupportedFirmwareError(
        f"firmware {firmware} offers nothing that can be read; it is too old, or this is no Envoy"
        + (f" ({doubts[0]})" if doubts else "")
    )


def lost_features(collector: str, remembered: set[str], discovery: Discovery) -> list[str]:
    """Return the names of what a collector had once and the gateway does not offer now."""
    return [
        feature.name
        for feature, owner in _OWNER.items()
        if owner == collector
        and feature.name
        and feature.name in remembered
        and not feature & discovery.features
    ]


class _Listener:
    """Passes probe requests on and remembers those whose failure proves nothing."""

    def __init__(self, session: GatewayClient) -> None:
        self.doubts: dict[str, GatewayError] = {}
        #: endpoints with an answer, since the last updater began
        self.answered: list[str] = []
        self._session = session

    async def request(self, endpoint: str) -> Response:
        try:
            answer = await self._session.probe_request(endpoint)
        except TransportError as error:
            self.doubts[endpoint] = error.error
            raise
        except EnvoyAuthenticationRequired as error:
            self.doubts[endpoint] = LoginRefusedError(error.status)
            raise
        self.answered.append(endpoint)
        if doubt := _doubt(endpoint, answer):
            self.doubts[endpoint] = doubt
        return answer


async def proves(session: GatewayClient, endpoint: str) -> bool:
    """Ask an endpoint; return whether its answer proves something."""
    try:
        answer = await session.probe_request(endpoint)
    except (TransportError, EnvoyAuthenticationRequired):
        return False
    return _doubt(endpoint, answer) is None


def _doubt(endpoint: str, answer: Response) -> GatewayError | None:
    if answer.status != _NOT_FOUND and not 200 <= answer.status < 400:
        return BadStatusError(f"{endpoint}: status {answer.status}")
    if answer.status == _OK and not answer.has_json():
        return InvalidResponseError(f"{endpoint}: the answer is no JSON, or has nothing in it")
    return None


async def probe(session: GatewayClient, identity: Identity) -> Discovery:
    """Ask every updater what it finds; raise GatewayError only when the login is lost."""
    common = CommonProperties()
    common.reset_probe_properties(is_metered=identity.metered, v2_acb_mode=False)
    listener = _Listener(session)
    features = _NONE
    updaters: dict[str, tuple[EnvoyUpdater, ...]] = {}
    for kind in get_updaters():
        collector = next((name for base, name in _COLLECTOR if issubclass(kind, base)), None)
        if collector is None:
            continue
        listener.answered.clear()
        updater = kind(identity.firmware, listener.request, session.request, common)  # type: ignore[arg-type] # an Response has the part of ClientResponse that updaters use
        try:
            found = await updater.probe(features)
            _expect_phases(common)
        except GatewayError:
            raise
        except (EnvoyAuthenticationRequired, TransportError):
            continue
        except Exception as error:  # noqa: BLE001 - an updater fails in any way when JSON has another shape
            listener.doubts[collector] = InvalidDataError(
                f"{collector}: {type(error).__name__} {error}"
            )
            for endpoint in listener.answered:
                session.invalidate(endpoint)
            continue
        if found:
            features |= found
            updaters[collector] = (*updaters.get(collector, ()), updater)
    home = await _home(listener)
    zone = home.timezone if home else None
    return Discovery(features, updaters, common, listener.doubts, home is not None, zone)


def _expect_phases(common: CommonProperties) -> None:
    """Raise ValueError for more phases than there are: pyenphase goes through them one by one."""
    told: Any = common.phase_count
    if not isinstance(told, int) or told > _MOST_PHASES:
        common.phase_count = 1
        raise ValueError(f"{told} phases")


async def _home(listener: _Listener) -> Home | None:
    """Return what `/home` says, None where there is none."""
    try:
        answer = await listener.request(HOME)
        told = orjson.loads(answer.body) if answer.status == _OK else None
    except (TransportError, EnvoyAuthenticationRequired, orjson.JSONDecodeError):
        return None
    return Home.from_api(told) if isinstance(told, dict) else None
