"""One collector for each group of endpoints, each with its own cadence, deadline and success.

A collector returns members for a reading and what is wrong with them. It raises GatewayError when
it has nothing: that costs its own series and no others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pyenphase.exceptions import (
    EnvoyAuthenticationRequired,
    EnvoyHTTPStatusError,
    EnvoyPoorDataQuality,
)
from pyenphase.models.acb import EnvoyBatteryAggregate
from pyenphase.models.envoy import EnvoyData
from pyenphase.models.tariff import EnvoyStorageMode, EnvoyTariff

from exporter.errors import (
    BadAnswer,
    BadData,
    BadStatus,
    DeadlineExceeded,
    FeatureMissing,
    GatewayError,
    LoginRefused,
    NotReady,
)
from exporter.gateway import ensemble
from exporter.gateway.endpoints import (
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
from exporter.gateway.extras import Home, MeterSetup, Section
from exporter.gateway.members import InverterLabels, Price, StoragePower
from exporter.gateway.site import Found, Site
from exporter.gateway.tariff import prices
from exporter.gateway.wire import WireError

#: a metered section of the production report older than this is not what flows now
STALE_SECTION = 900.0


def _members(data: EnvoyData, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(data, name)) not in (None, {})}


async def _ensemble(site: Site) -> Found:
    return Found(*ensemble.read_inventory(await site.json(INVENTORY), site.memory))


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
        counters |= _storage(site, data, watts)
    return Found(data, problems, counters)


def _storage(site: Site, data: dict[str, Any], watts: float | None) -> dict[tuple[str, ...], float]:
    if watts is not None:
        data["storage_power"] = StoragePower(watts)
    return site.guard.integrate(("storage_power",), watts)


async def _storage_control(site: Site) -> Found:
    with_acb = site.discovery.common.acb_batteries_reported > 0
    return Found(
        ensemble.read_secctrl(
            await site.json(SECCTRL), EnvoyBatteryAggregate.from_api if with_acb else None
        )
    )


async def _dry_contacts(site: Site) -> Found:
    return Found(
        *ensemble.read_dry_contacts(
            await site.json(DRY_CONTACTS), await site.json(DRY_CONTACT_SETTINGS)
        )
    )


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


async def _production(site: Site) -> Found:
    site.acb_watts = None
    data = await site.update("production")
    members = _members(
        data,
        "system_production",
        "system_production_phases",
        "system_consumption",
        "system_consumption_phases",
        "system_net_consumption",
        "system_net_consumption_phases",
        "acb_power",
    )
    production = data.system_production
    if production is not None and production.watt_hours_lifetime == 0:
        silent = not (production.watts_now or production.watt_hours_today)
        if silent and (
            site.guard.known_lifetime("system_production", "watt_hours_lifetime")
            or (site.session.identity is not None and site.session.identity.firmware.major == "3")
        ):
            raise NotReady("production: all zero, as while the gateway starts")
    sections = _sections(data.raw)
    if sections:
        members["production_sections"] = sections
        _drop_stale(site, members, sections)
    counters: Mapping[tuple[str, ...], float] = {}
    site.acb_watts = data.acb_power.power if data.acb_power else None
    if data.acb_power and not data.encharge_power and "ENCHARGE" not in site.memory.features:
        counters = _storage(site, members, float(data.acb_power.power))
    return Found(members, counters=counters)


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


def _drop_stale(site: Site, members: dict[str, Any], sections: Mapping[str, Section]) -> None:
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
                members.pop(member, None)


_UNLABELLED = InverterLabels("", "")


async def _inverters(site: Site) -> Found:
    inverters = (await site.update("inverters")).inverters
    known = site.memory.devices.get("inverters")
    if not inverters and known:
        raise NotReady("inverters: the list is empty, though there were some before")
    return Found(
        {
            "inverters": inverters,
            "inverter_presence": ensemble.presence("inverters", inverters, site.memory),
            "inverter_labels": {
                serial: InverterLabels(label.name, label.array)
                if (label := site.config.inverters.get(serial))
                else _UNLABELLED
                for serial in inverters
            },
        }
    )


async def _acb(site: Site) -> Found:
    members = _members(await site.update("acb"), "acb_inventory")
    if not members:
        raise FeatureMissing("acb: there is no ACB in the inventory any more")
    return Found(members)


async def _tariff(site: Site) -> Found:
    told = (await site.json(TARIFF))["tariff"]
    settings = told.get("storage_settings") or {}
    mode = settings.get("mode")
    known = mode in (None, *EnvoyStorageMode)
    if not known:
        # A mode that pyenphase does not know must not cost the rest of the tariff.
        settings["mode"] = None
    tariff: Any = EnvoyTariff.from_api(told)
    if not known:
        tariff.storage_settings.mode = mode
    members: dict[str, Any] = {"tariff": tariff}
    now = prices(tariff, site.local_time())
    currency = tariff.currency.get("code")
    for name, price in (("import_price", now.buy), ("export_price", now.sell)):
        if price is not None and currency:
            members[name] = {str(currency): Price(price)}
    return Found(members)


_GENERATOR_MEMBERS = {
    GENERATOR: "generator",
    GENERATOR_CONFIG: "generator_config",
    GENERATOR_SCHEDULE: "generator_schedule",
    GENERATOR_MODE: "generator_mode",
}


async def _generator(site: Site) -> Found:
    data = await site.update("generator")
    members = _members(data, *_GENERATOR_MEMBERS.values())
    # pyenphase leaves out what it cannot read, without a word.
    problems: list[GatewayError] = [
        BadData(f"{endpoint}: not what it was when it was probed")
        for endpoint, member in _GENERATOR_MEMBERS.items()
        if endpoint in data.raw and member not in members
    ]
    return Found(members, problems)


async def _home(site: Site) -> Found:
    told = await site.json(HOME)
    if not isinstance(told, dict) or not isinstance(told.get("network"), dict):
        raise BadData("/home: says nothing of the network")
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
    Collector("production", _production, 30, 60),
    Collector("storage", _storage_control, 60, 30),
    Collector("dry_contacts", _dry_contacts, 120, 45),
    Collector("generator", _generator, 120, 60),
    # Before the tariff: it knows the time zone.
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
    except WireError as error:
        raise error.error from error
    except EnvoyAuthenticationRequired as error:
        raise LoginRefused(error.status) from error
    except EnvoyHTTPStatusError as error:
        raise BadStatus(f"{collector.name}: status {error.status_code}") from error
    except EnvoyPoorDataQuality as error:
        raise NotReady(f"{collector.name}: {error.status}") from error
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"{collector.name}: the answer is not JSON") from error
    except TimeoutError as error:
        raise DeadlineExceeded(
            f"{collector.name}: not done within {collector.deadline:g} s"
        ) from error
    except Exception as error:
        # What an unexpected shape makes of pyenphase's models: KeyError, TypeError,
        # UnboundLocalError, …
        raise BadData(f"{collector.name}: {type(error).__name__} {error}") from error
