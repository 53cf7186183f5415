"""What a gateway can be told: the writes that pyenphase sends, checked as a gateway checks them.

A row of the table says what the body has to hold, which levers of a simulated house it moves, and
what is answered. Prices, and what only an installer configures, are taken and left as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from exporter.simulator import bodies
from exporter.simulator.homes.devices import Contact, acb_serial
from exporter.simulator.homes.site import Site, State

#: values of levers by address
Values = dict[str, Any]

#: seconds until the system controller does what it was told
_SETTLING = 3.0


class Refused(Exception):
    """A body that a gateway does not take."""


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table."""

    body: type[bodies.Body]
    #: which levers the checked body moves; raises `Refused`
    values: Callable[[Any, Site, State], Values]
    #: which gateways know the command
    there: Callable[[Site], bool]
    #: the target that is read for the answer; None sends back what was sent
    told: str | None = None
    #: seconds until it takes effect
    delay: float = 0.0

    def levers(self, body: bytes, site: Site, state: State) -> Values:
        """Return the levers that a body moves, and where to; raises `Refused`."""
        try:
            return self.values(self.body.model_validate_json(body), site, state)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refused(f"{where}: {first['msg']}".removeprefix(": ")) from None


def _relay(body: bodies.Relay, site: Site, state: State) -> Values:
    return {"switch.commanded": body.mains_admin_state}


def _contact_state(body: bodies.ContactStates, site: Site, state: State) -> Values:
    contact = _contact(body.dry_contacts.id, state)
    return {f"contact.{contact.id}.command": body.dry_contacts.status}


def _contact_settings(body: bodies.ContactsSettings, site: Site, state: State) -> Values:
    wanted = body.dry_contacts
    contact = _contact(wanted.id, state)
    if wanted.type != contact.use:
        raise Refused("dry_contacts.type: only an installer changes it")
    if wanted.soc_low >= wanted.soc_high:
        raise Refused("dry_contacts.soc_low: must be lower than soc_high")
    told = {
        lever: value
        for key, lever in _CONTACT_LEVERS.items()
        if (value := getattr(wanted, key)) is not None and value != getattr(contact, lever)
    }
    if told.get("manual_override") is False:
        told["command"] = None
    return {f"contact.{contact.id}.{lever}": value for lever, value in told.items()}


def _storage(body: bodies.Tariffs, site: Site, state: State) -> Values:
    wanted, now = body.tariff.storage_settings, state.storage
    optimised = now.opt_schedules if wanted.opt_schedules is None else wanted.opt_schedules
    told = {
        # accepted and ignored while the vendor's optimisation is on
        "storage.mode": None if optimised else wanted.mode,
        "storage.reserve": _share(wanted.reserved_soc),
        "storage.very_low": _share(wanted.very_low_soc),
        "storage.charge_from_grid": wanted.charge_from_grid,
        "storage.opt_schedules": wanted.opt_schedules,
    }
    return {lever: value for lever, value in told.items() if value is not None}


def _sleep(body: bodies.Sleeps, site: Site, state: State) -> Values:
    values: Values = {}
    for wanted in body.acb_sleep:
        if wanted.sleep_min_soc > wanted.sleep_max_soc:
            raise Refused("acb_sleep.sleep_min_soc: must not be higher than sleep_max_soc")
        unit = _acb(wanted.serial_num, site)
        values[f"{unit}.sleep_min"] = wanted.sleep_min_soc
        values[f"{unit}.sleep_max"] = wanted.sleep_max_soc
        values[f"{unit}.asleep_wanted"] = True
    return values


def _wake(body: bodies.Wakes, site: Site, state: State) -> Values:
    return {f"{_acb(each.serial_num, site)}.asleep_wanted": False for each in body.acb_sleep}


def _generator_mode(body: bodies.GeneratorMode, site: Site, state: State) -> Values:
    return {"generator.mode": body.gen_cmd}


def _generator_schedule(body: bodies.GeneratorSchedule, site: Site, state: State) -> Values:
    if body.default_soc.start_soc >= body.default_soc.stop_soc:
        raise Refused("default_soc.start_soc: must be lower than stop_soc")
    return {
        "generator.exercise_weeks": body.exercise_config.freq_in_weeks,
        "generator.exercise_start": body.exercise_config.start,
        "generator.exercise_minutes": body.exercise_config.duration,
        "generator.exercise_day": body.exercise_config.day,
        "generator.start_soc": body.default_soc.start_soc,
        "generator.stop_soc": body.default_soc.stop_soc,
    }


def _generator_config(body: bodies.GeneratorConfig, site: Site, state: State) -> Values:
    # without batteries it is taken and stays true
    return {"generator.charges": body.charge_from_generator or not site.batteries}


def _contact(name: str, state: State) -> Contact:
    for contact in state.contacts:
        if contact.id == name:
            return contact
    raise Refused("dry_contacts.id: there is no such contact")


def _acb(serial: str, site: Site) -> str:
    for index in range(site.acbs):
        if acb_serial(index) == serial:
            return f"acb.{index + 1}"
    raise Refused("acb_sleep.serial_num: there is no such battery")


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


#: levers of a contact, which are its fields, by key of the settings
_CONTACT_LEVERS: Mapping[str, str] = {
    "grid_action": "grid_action",
    "micro_grid_action": "micro_grid_action",
    "gen_action": "gen_action",
    "override": "override",
    "manual_override": "manual_override",
    "load_name": "name",
    "mode": "mode",
    "soc_low": "soc_low",
    "soc_high": "soc_high",
    "essential_start_time": "essential_start",
    "essential_end_time": "essential_end",
    "priority": "priority",
    "black_s_start": "black_start",
}

_RELAY = "/ivp/ensemble/relay"
_CONTACTS, _CONTACT_SETTINGS = "/ivp/ensemble/dry_contacts", "/ivp/ss/dry_contact_settings"
_ACBS = "/admin/lib/acb_config"
_MODE, _SCHEDULE, _CONFIG = "/ivp/ss/gen_mode", "/ivp/ss/gen_schedule", "/ivp/ss/gen_config"

_TARIFF_ROW = Command(bodies.Tariffs, _storage, lambda site: site.major >= 7)


def _controller(site: Site) -> bool:
    return site.controller


def _generator(site: Site) -> bool:
    return site.generator


def _acbs(site: Site) -> bool:
    return site.acbs > 0


#: where the storage settings are written to
TARIFF = "/admin/lib/tariff"

#: what can be told, by method and target
COMMANDS: Mapping[tuple[str, str], Command] = {
    ("POST", _RELAY): Command(bodies.Relay, _relay, _controller, _RELAY),
    ("POST", _CONTACTS): Command(
        bodies.ContactStates, _contact_state, _controller, _CONTACTS, _SETTLING
    ),
    ("POST", _CONTACT_SETTINGS): Command(
        bodies.ContactsSettings, _contact_settings, _controller, _CONTACT_SETTINGS
    ),
    ("PUT", TARIFF): _TARIFF_ROW,
    ("POST", TARIFF): _TARIFF_ROW,
    ("PUT", _ACBS): Command(bodies.Sleeps, _sleep, _acbs),
    ("DELETE", _ACBS): Command(bodies.Wakes, _wake, _acbs),
    ("POST", _MODE): Command(bodies.GeneratorMode, _generator_mode, _generator, None, _SETTLING),
    ("POST", _SCHEDULE): Command(
        bodies.GeneratorSchedule, _generator_schedule, _generator, _SCHEDULE
    ),
    ("POST", _CONFIG): Command(bodies.GeneratorConfig, _generator_config, _generator, _CONFIG),
}
