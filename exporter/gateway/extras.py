"""Models for what pyenphase fetches or could fetch and leaves raw; every field is optional.

Keys come and go with the firmware, so nothing here ever fails on a missing one, and a value of the
wrong type counts as missing.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


_LENIENT = WrapValidator(_or_none)
Int = Annotated[int | None, _LENIENT]
Float = Annotated[float | None, _LENIENT]
Str = Annotated[str | None, _LENIENT]
Bool = Annotated[bool | None, _LENIENT]


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return the dicts among the items of a list; a single dict counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _keyed(key: str) -> BeforeValidator:
    """Return a validator that turns a list of dicts into a dict by one of their keys."""

    def by_key(value: Any) -> dict[str, Any]:
        return {str(item[key]): item for item in _dicts(value) if item.get(key)}

    return BeforeValidator(by_key)


class _Extra(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Interface(_Extra):
    """A network interface of the gateway; signal strength in bars."""

    type: Str = None
    carrier: Bool = None
    dhcp: Bool = None
    signal_strength: Int = None
    signal_strength_max: Int = None
    status: Str = None


class Link(_Extra):
    """Power-line or radio link to one kind of device: how many, and the level 0 to 5."""

    num: Int = None
    level: Int = None
    level_24g: Int = None
    level_subg: Int = None


class Radio(_Extra):
    """A radio of the gateway towards batteries and controller."""

    connected: Bool = None
    signal_strength: Int = None
    signal_strength_max: Int = None


class Home(_Extra):
    """What `/home` says: cloud reporting, interfaces, links to the devices."""

    cloud_connected: Bool = None
    ever_reported: Bool = None
    last_report: Int = None
    primary_interface: Str = None
    timezone: Str = None
    software_build: Int = Field(None, alias="software_build_epoch")
    interfaces: Annotated[dict[str, Interface], _keyed("interface")] = {}
    links: dict[str, Link] = {}
    radios: Annotated[dict[str, Radio], _keyed("type")] = {}

    @classmethod
    def from_api(cls, raw: Mapping[str, Any]) -> "Home":
        """Return the model for the JSON of `/home`."""
        network = raw.get("network")
        network = network if isinstance(network, dict) else {}
        comm = raw.get("comm")
        links = {
            kind: {"num": sum(_int(part.get("num")) for part in parts)}
            | {key: parts[0].get(key) for key in ("level", "level_24g", "level_subg")}
            for kind, told in (comm.items() if isinstance(comm, dict) else ())
            if (parts := _dicts(told))
        }
        return cls.model_validate(
            {
                **raw,
                "cloud_connected": network.get("web_comm"),
                "ever_reported": network.get("ever_reported_to_enlighten"),
                "last_report": network.get("last_enlighten_report_time"),
                "primary_interface": network.get("primary_interface"),
                "interfaces": network.get("interfaces"),
                "links": links,
                "radios": raw.get("wireless_connection"),
            }
        )


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0


class Secctrl(_Extra):
    """What `/ivp/ensemble/secctrl` says beyond pyenphase's aggregates, in Wh and %."""

    shutdown: Bool = None
    health: Float = Field(None, alias="ENC_agg_soh")
    commissioned_capacity: Float = Field(None, alias="Enc_commissioned_capacity")
    very_low_soc: Float = Field(None, alias="VLS_Limit")
    recovery_enabled: Bool = Field(None, alias="soc_rec_enabled")
    recovery_entry: Float = Field(None, alias="soc_recovery_entry")
    recovery_exit: Float = Field(None, alias="soc_recovery_exit")
    commissioning: Bool = Field(None, alias="Commission_in_progress")
    acb_soc: Float = Field(None, alias="ACB_agg_soc")
    acb_energy: Float = Field(None, alias="ACB_agg_energy")


class Device(_Extra):
    """What the ensemble inventory says of a device beyond pyenphase's models."""

    device_status: Annotated[list[Any] | None, _LENIENT] = None
    sleep_enabled: Bool = None
    phase: Str = None
    der_index: Int = None
    created_date: Int = None
    reported_grid_state: Str = Field(None, alias="reported_enc_grid_state")
    encharge_grid_mode: Str = Field(None, alias="Enchg_grid_mode")
    relay_bits: Int = Field(None, alias="Enpwr_relay_state_bm")
    state_id: Int = Field(None, alias="Enpwr_curr_state_id")


class Section(_Extra):
    """One section of the production report: how many devices it counts, when it was read."""

    active: Int = Field(None, alias="activeCount")
    reading_time: Int = Field(None, alias="readingTime")


class DryContactStatus(_Extra):
    """A relay whose state is a word that pyenphase does not know."""

    id: Str = None
    status: Str = None


class DryContactSettings(_Extra):
    """The settings of a relay in which a word stands that pyenphase does not know."""

    id: Str = None
    black_start: Float = Field(None, alias="black_s_start")
    essential_end_time: Float = None
    essential_start_time: Float = None
    generator_action: Str = Field(None, alias="gen_action")
    grid_action: Str = None
    load_name: Str = None
    manual_override: Bool = None
    micro_grid_action: Str = None
    mode: Str = None
    override: Bool = None
    priority: Float = None
    pv_serial_nb: Annotated[list[Any] | None, _LENIENT] = None
    soc_high: Float = None
    soc_low: Float = None
    type: Str = None


class MeterSetup(_Extra):
    """How a CT is set up, enabled or not, from `/ivp/meters`."""

    enabled: int
    phase_mode: Str = Field(None, alias="phaseMode")
    phase_count: Int = Field(None, alias="phaseCount")
