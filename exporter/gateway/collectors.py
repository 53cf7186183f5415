"""One collector for each group of endpoints, each with its own cadence, deadline and success.

A collector returns members for a reading and what is wrong with them. It raises GatewayError when
it has nothing: that costs its own series and no others.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from pyenphase.exceptions import (
    EnvoyAuthenticationRequired,
    EnvoyHTTPStatusError,
    EnvoyPoorDataQuality,
)
from pyenphase.models.tariff import EnvoyStorageMode, EnvoyTariff

from exporter.errors import (
    BadStatusError,
    FeatureMissingError,
    GatewayError,
    GatewayStartingError,
    InvalidDataError,
    InvalidResponseError,
    LoginRefusedError,
    RequestTimeoutError,
)
from exporter.gateway import ensemble
from exporter.gateway.extras import Home, MeterSetup
from exporter.gateway.models import InverterLabels, Price
from exporter.gateway.policy import (
    BATTERY_POWER,
    DRY_CONTACT_SETTINGS,
    DRY_CONTACTS,
    GENERATOR,
    GENERATOR_CONFIG,
    GENERATOR_MODE,
    GENERATOR_SCHEDULE,
    HOME,
    INVENTORY,
    METERS,
    SECCTRL,
    TARIFF,
)
from exporter.gateway.production import production
from exporter.gateway.site import Found, Site, members
from exporter.gateway.tariff import prices
from exporter.gateway.transport_errors import TransportError


async def _ensemble(site: Site) -> Found:
    return Found(*await site.same(ensemble.read_inventory, INVENTORY, given=(site.memory,)))


async def _battery_power(site: Site) -> Found:
    data, problems = ensemble.read_power(await site.json(BATTERY_POWER))
    counters: dict[tuple[str, ...], float] = {}
    watts: float | None = 0.0
    for serial, power in data["encharge_power"].items():
        # pyenphase's positive discharges, as ours does
        one = power.real_power_mw / 1000
        watts = None if watts is None else watts + one
        counters |= site.guard.integrate(("encharge_power", serial), one)
    if site.discovery.common.acb_batteries_reported and watts is not None:
        watts = None if site.acb_watts is None else watts + site.acb_watts
    if data["encharge_power"] and not problems:
        counters |= site.storage_power(data, watts)
    return Found(data, problems, counters)


async def _storage_control(site: Site) -> Found:
    with_acb = site.discovery.common.acb_batteries_reported > 0
    return Found(await site.same(ensemble.read_secctrl, SECCTRL, given=(with_acb,)))


async def _dry_contacts(site: Site) -> Found:
    return Found(*await site.same(ensemble.read_dry_contacts, DRY_CONTACTS, DRY_CONTACT_SETTINGS))


async def _meters(site: Site) -> Found:
    data = await site.update("meters")
    setup = {
        str(meter["measurementType"]): MeterSetup.model_validate(
            {**meter, "enabled": int(meter.get("state") == "enabled")}
        )
        for meter in data.raw[METERS]
    }
    enabled = {kind for kind, meter in setup.items() if meter.enabled}
    return Found(
        {
            "meter_setup": setup,
            "ctmeters": {kind: meter for kind, meter in data.ctmeters.items() if kind in enabled},
            "ctmeters_phases": {
                kind: phases for kind, phases in data.ctmeters_phases.items() if kind in enabled
            },
        }
    )


_UNLABELLED = InverterLabels("", "")


async def _inverters(site: Site) -> Found:
    # A serial number that is a number in the answer is the same device all the same.
    found = (await site.update("inverters")).inverters
    inverters = {str(serial): inverter for serial, inverter in found.items()}
    known = site.memory.devices.get("inverters")
    if not inverters and known:
        raise GatewayStartingError("inverters: the list is empty, though there were some before")
    presence = ensemble.presence("inverters", inverters, site.memory)
    return Found(
        {
            "inverters": inverters,
            "inverter_presence": presence,
            # Of those that are missing too: a gap is found by its name and its place.
            "inverter_labels": {
                serial: InverterLabels(label.name, label.array, label.x, label.y)
                if (label := site.config.inverters.get(serial))
                else _UNLABELLED
                for serial in presence
            },
        }
    )


async def _acb(site: Site) -> Found:
    found = members(await site.update("acb"), "acb_inventory")
    if not found:
        raise FeatureMissingError("acb: there is no ACB in the inventory any more")
    return Found(found)


def _read_tariff(answer: Any) -> Any:
    told = answer["tariff"]
    settings = told.get("storage_settings") or {}
    mode = settings.get("mode")
    known = mode in (None, *EnvoyStorageMode)
    if not known:
        # A mode that pyenphase does not know must not cost the rest of the tariff.
        settings["mode"] = None
    tariff: Any = EnvoyTariff.from_api(told)
    if not known:
        tariff.storage_settings.mode = mode
    return tariff


async def _tariff(site: Site) -> Found:
    tariff = await site.same(_read_tariff, TARIFF)
    found: dict[str, Any] = {"tariff": tariff}
    now = prices(tariff, site.local_time())
    currency = tariff.currency.get("code")
    for name, price in (("import_price", now.buy), ("export_price", now.sell)):
        if price is not None and currency:
            found[name] = {str(currency): Price(price)}
    return Found(found)


_GENERATOR_MEMBERS = {
    GENERATOR: "generator",
    GENERATOR_CONFIG: "generator_config",
    GENERATOR_SCHEDULE: "generator_schedule",
    GENERATOR_MODE: "generator_mode",
}


async def _generator(site: Site) -> Found:
    data = await site.update("generator")
    found = members(data, *_GENERATOR_MEMBERS.values())
    # pyenphase leaves out what it cannot read, without a word.
    problems: list[GatewayError] = [
        InvalidDataError(f"{endpoint}: not what it was when it was probed")
        for endpoint, member in _GENERATOR_MEMBERS.items()
        if endpoint in data.raw and member not in found
    ]
    return Found(found, problems)


async def _home(site: Site) -> Found:
    told = await site.json(HOME)
    if not isinstance(told, dict) or not isinstance(told.get("network"), dict):
        raise InvalidDataError("/home: says nothing of the network")
    home = Home.from_api(told)
    site.memory.timezone = home.timezone or site.memory.timezone
    return Found({"home": home})


Run = Callable[[Site], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Collector:
    """A name, how often it runs and how long a run may take, both in seconds."""

    name: str
    run: Run
    cadence: float
    deadline: float


#: in the order in which they run when several are due: what an outage changes comes first
COLLECTORS: tuple[Collector, ...] = (
    Collector("ensemble", _ensemble, 15, 20),
    Collector("battery_power", _battery_power, 60, 30),
    Collector("meters", _meters, 30, 45),
    Collector("production", production, 30, 60),
    Collector("storage", _storage_control, 60, 30),
    Collector("dry_contacts", _dry_contacts, 120, 45),
    Collector("generator", _generator, 120, 60),
    Collector("home", _home, 300, 60),
    # The price in force changes between two readings of the tariff.
    Collector("tariff", _tariff, 60, 30),
    Collector("inverters", _inverters, 300, 60),
    Collector("acb", _acb, 300, 60),
)
#: how often `/info` is read again, to notice another firmware or another gateway
GATEWAY_CADENCE = 300.0
CADENCES: dict[str, float] = {
    "gateway": GATEWAY_CADENCE,
    **{collector.name: collector.cadence for collector in COLLECTORS},
}


async def collect(collector: Collector, site: Site) -> Found:
    """Run a collector within its deadline; whatever goes wrong leaves as GatewayError."""
    try:
        async with asyncio.timeout(collector.deadline):
            return await collector.run(site)
    except GatewayError:
        raise
    except TransportError as error:
        raise error.error from error
    except EnvoyAuthenticationRequired as error:
        raise LoginRefusedError(error.status) from error
    except EnvoyHTTPStatusError as error:
        raise BadStatusError(f"{collector.name}: status {error.status_code}") from error
    except EnvoyPoorDataQuality as error:
        raise GatewayStartingError(f"{collector.name}: {error.status}") from error
    except orjson.JSONDecodeError as error:
        raise InvalidResponseError(f"{collector.name}: the answer is not JSON") from error
    except TimeoutError as error:
        raise RequestTimeoutError(
            f"{collector.name}: not done within {collector.deadline:g} s"
        ) from error
    except Exception as error:
        # What an unexpected shape makes of pyenphase's models: KeyError, TypeError,
        # UnboundLocalError, …
        raise InvalidDataError(f"{collector.name}: {type(error).__name__} {error}") from error
