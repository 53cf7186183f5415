"""The write endpoints of a gateway: the commands that pyenphase sends, validated as a gateway does.

A row of the table has the model of the body, the parameters of a simulated house that it sets, and
the response. Prices and installer settings are accepted and ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from exporter.simulator import request_bodies
from exporter.simulator.homes import live_data
from exporter.simulator.homes.device_states import DryContactState, acb_serial
from exporter.simulator.homes.models import HomeHardware, HomeState

#: values of levers by address
ParameterValues = dict[str, Any]

#: seconds until the system controller carries out a command
_SETTLING = 3.0


class WriteRejectedError(Exception):
    """A body that a gateway rejects."""


@dataclass(frozen=True, slots=True)
class WriteEndpoint:
    """One row of the table."""

    body: type[request_bodies.RequestBody]
    #: which levers the checked body moves; raises `WriteRejectedError`
    values: Callable[[Any, HomeHardware, HomeState], ParameterValues]
    #: which gateways have the command
    there: Callable[[HomeHardware], bool]
    #: target whose content is the response; None echoes the request
    read_back: str | None = None
    #: seconds until it takes effect
    delay: float = 0.0
    #: builds the response from the state afterwards, where it is neither of the two
    response: Callable[[HomeState], Any] | None = None

    def levers(self, body: bytes, site: HomeHardware, state: HomeState) -> ParameterValues:
        """Return the parameters that a body sets, and their values; raises `WriteRejectedError`."""
        try:
            return self.values(self.body.model_validate_json(body), site, state)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise WriteRejectedError(f"{where}: {first['msg']}".removeprefix(": ")) from None


def _relay(body: request_bodies.RelayBody, site: HomeHardware, state: HomeState) -> ParameterValues:
    return {"switch.commanded": body.mains_admin_state}


def _contact_state(
    body: request_bodies.DryContactBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    contact = _contact(body.dry_contacts.id, state)
    return {f"contact.{contact.id}.command": body.dry_contacts.status}


def _contact_settings(
    body: request_bodies.DryContactSettingsBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    desired = body.dry_contacts
    contact = _contact(desired.id, state)
    if desired.type != contact.use:
        raise WriteRejectedError("dry_contacts.type: only an installer changes it")
    if desired.soc_low >= desired.soc_high:
        raise WriteRejectedError("dry_contacts.soc_low: must be lower than soc_high")
    changes = {
        lever: value
        for key, lever in _CONTACT_LEVERS.items()
        if (value := getattr(desired, key)) is not None and value != getattr(contact, lever)
    }
    if changes.get("manual_override") is False:
        changes["command"] = None
    return {f"contact.{contact.id}.{lever}": value for lever, value in changes.items()}


def _storage(
    body: request_bodies.TariffBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    desired, now = body.tariff.storage_settings, state.storage
    optimised = now.opt_schedules if desired.opt_schedules is None else desired.opt_schedules
    changes = {
        # accepted and ignored while the vendor's optimisation is on
        "storage.mode": None if optimised else desired.mode,
        "storage.reserve": _share(desired.reserved_soc),
        "storage.very_low": _share(desired.very_low_soc),
        "storage.charge_from_grid": desired.charge_from_grid,
        "storage.opt_schedules": desired.opt_schedules,
    }
    return {lever: value for lever, value in changes.items() if value is not None}


def _sleep(
    body: request_bodies.AcbSleepBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    values: ParameterValues = {}
    for desired in body.acb_sleep:
        if desired.sleep_min_soc > desired.sleep_max_soc:
            raise WriteRejectedError(
                "acb_sleep.sleep_min_soc: must not be higher than sleep_max_soc"
            )
        unit = _acb(desired.serial_num, site)
        values[f"{unit}.sleep_min"] = desired.sleep_min_soc
        values[f"{unit}.sleep_max"] = desired.sleep_max_soc
        values[f"{unit}.sleep_requested"] = True
    return values


def _wake(
    body: request_bodies.AcbWakeBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    return {f"{_acb(each.serial_num, site)}.sleep_requested": False for each in body.acb_sleep}


def _generator_mode(
    body: request_bodies.GeneratorModeBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    return {"generator.mode": body.gen_cmd}


def _generator_schedule(
    body: request_bodies.GeneratorScheduleBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    if body.default_soc.start_soc >= body.default_soc.stop_soc:
        raise WriteRejectedError("default_soc.start_soc: must be lower than stop_soc")
    return {
        "generator.exercise_weeks": body.exercise_config.freq_in_weeks,
        "generator.exercise_start": body.exercise_config.start,
        "generator.exercise_minutes": body.exercise_config.duration,
        "generator.exercise_day": body.exercise_config.day,
        "generator.start_soc": body.default_soc.start_soc,
        "generator.stop_soc": body.default_soc.stop_soc,
    }


def _generator_config(
    body: request_bodies.GeneratorConfigBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    # without batteries it is taken and stays true
    return {"generator.charges": body.charge_from_generator or not site.batteries}


def _contact(name: str, state: HomeState) -> DryContactState:
    for contact in state.contacts:
        if contact.id == name:
            return contact
    raise WriteRejectedError("dry_contacts.id: there is no such contact")


def _acb(serial: str, site: HomeHardware) -> str:
    for index in range(site.acbs):
        if acb_serial(index) == serial:
            return f"acb.{index + 1}"
    raise WriteRejectedError("acb_sleep.serial_num: there is no such battery")


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


def _live_stream(
    body: request_bodies.LiveStreamBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    return {"live.on": bool(body.enable)}


def _production_power(
    body: request_bodies.ProductionPowerBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    return {"limit.production_off": bool(body.arr[0])}


def _dynamic_export_limit(
    body: request_bodies.DynamicExportLimitBody, site: HomeHardware, state: HomeState
) -> ParameterValues:
    settings = body.dynamic_pel_settings
    limited = settings.enable and settings.export_limit
    return {"limit.dynamic_export_watts": settings.limit_value_W if limited else None}


_RELAY = "/ivp/ensemble/relay"
_CONTACTS, _CONTACT_SETTINGS = "/ivp/ensemble/dry_contacts", "/ivp/ss/dry_contact_settings"
_ACBS = "/admin/lib/acb_config"
_MODE, _SCHEDULE, _CONFIG = "/ivp/ss/gen_mode", "/ivp/ss/gen_schedule", "/ivp/ss/gen_config"

_TARIFF_ROW = WriteEndpoint(request_bodies.TariffBody, _storage, lambda site: site.major >= 7)


def _controller(site: HomeHardware) -> bool:
    return site.controller


def _generator(site: HomeHardware) -> bool:
    return site.generator


def _acbs(site: HomeHardware) -> bool:
    return site.acbs > 0


def _since_7(site: HomeHardware) -> bool:
    return site.since(7)


_STREAM = "/ivp/livedata/stream"
_POWER, _DYNAMIC_LIMIT = "/ivp/mod/603980032/mode/power", "/ivp/ss/dpel"
_DYNAMIC_LIMIT_ROW = WriteEndpoint(
    request_bodies.DynamicExportLimitBody, _dynamic_export_limit, _since_7, _DYNAMIC_LIMIT
)
#: where the storage settings are written to
TARIFF = "/admin/lib/tariff"

#: write endpoints by method and target
WRITE_ENDPOINTS: Mapping[tuple[str, str], WriteEndpoint] = {
    ("POST", _RELAY): WriteEndpoint(request_bodies.RelayBody, _relay, _controller, _RELAY),
    ("POST", _CONTACTS): WriteEndpoint(
        request_bodies.DryContactBody, _contact_state, _controller, _CONTACTS, _SETTLING
    ),
    ("POST", _CONTACT_SETTINGS): WriteEndpoint(
        request_bodies.DryContactSettingsBody, _contact_settings, _controller, _CONTACT_SETTINGS
    ),
    ("POST", _STREAM): WriteEndpoint(
        request_bodies.LiveStreamBody, _live_stream, _since_7, response=live_data.stream
    ),
    ("PUT", _POWER): WriteEndpoint(
        request_bodies.ProductionPowerBody, _production_power, _since_7, _POWER
    ),
    ("PUT", _DYNAMIC_LIMIT): _DYNAMIC_LIMIT_ROW,
    ("POST", _DYNAMIC_LIMIT): _DYNAMIC_LIMIT_ROW,
    ("PUT", TARIFF): _TARIFF_ROW,
    ("POST", TARIFF): _TARIFF_ROW,
    ("PUT", _ACBS): WriteEndpoint(request_bodies.AcbSleepBody, _sleep, _acbs),
    ("DELETE", _ACBS): WriteEndpoint(request_bodies.AcbWakeBody, _wake, _acbs),
    ("POST", _MODE): WriteEndpoint(
        request_bodies.GeneratorModeBody, _generator_mode, _generator, None, _SETTLING
    ),
    ("POST", _SCHEDULE): WriteEndpoint(
        request_bodies.GeneratorScheduleBody, _generator_schedule, _generator, _SCHEDULE
    ),
    ("POST", _CONFIG): WriteEndpoint(
        request_bodies.GeneratorConfigBody, _generator_config, _generator, _CONFIG
    ),
}
