"""The bodies of the writes that pyenphase sends, as far as a gateway validates them.

A gateway is strict about types and ranges, and ignores unknown keys.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from exporter.simulator.homes.device_states import DryContactUse, StorageMode, SwitchPosition

_Action = Literal["apply", "shed", "schedule", "none"]
_Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_WholePercent = Annotated[int, Field(ge=0, le=100)]


def _parse_boolean_text(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


# booleans travel as texts here, and pyenphase sends one of them as a boolean all the same
_BooleanText = Annotated[bool, BeforeValidator(_parse_boolean_text)]


class RequestBody(BaseModel):
    """A request body; unknown keys are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class RelayBody(RequestBody):
    """`/ivp/ensemble/relay`."""

    mains_admin_state: SwitchPosition


class DryContactCommand(RequestBody):
    """One dry contact and its commanded state."""

    id: str
    status: SwitchPosition


class DryContactBody(RequestBody):
    """`/ivp/ensemble/dry_contacts`: one contact, whatever the name says."""

    dry_contacts: DryContactCommand


class SentDryContactSettings(RequestBody):
    """The settings of one dry contact."""

    id: str
    type: DryContactUse
    grid_action: _Action
    micro_grid_action: _Action
    gen_action: _Action
    override: _BooleanText
    manual_override: _BooleanText
    load_name: str
    mode: Literal["manual", "soc"]
    soc_low: _Percent
    soc_high: _Percent
    pv_serial_nb: list[Any]
    essential_start_time: _Amount | None = None
    essential_end_time: _Amount | None = None
    priority: _Amount | None = None
    black_s_start: _Amount | None = None


class DryContactSettingsBody(RequestBody):
    """`/ivp/ss/dry_contact_settings`: one contact as well, and all of its settings."""

    dry_contacts: SentDryContactSettings


class SentStorageSettings(RequestBody):
    """How the batteries are used; what is left out stays as it is."""

    mode: StorageMode | None = None
    reserved_soc: _Percent | None = None
    very_low_soc: _Percent | None = None
    charge_from_grid: bool | None = None
    opt_schedules: bool | None = None


class TariffSettings(RequestBody):
    """The part of a tariff that is about batteries; prices are not looked at."""

    storage_settings: SentStorageSettings = SentStorageSettings()


class TariffBody(RequestBody):
    """`/admin/lib/tariff`."""

    tariff: TariffSettings


class AcbSleep(RequestBody):
    """One AC Battery that is to sleep, and the charge it keeps."""

    serial_num: str
    sleep_min_soc: _WholePercent
    sleep_max_soc: _WholePercent


class AcbSleepBody(RequestBody):
    """`/admin/lib/acb_config`, as sent to put AC Batteries to sleep."""

    acb_sleep: Annotated[list[AcbSleep], Field(min_length=1)]


class AcbWake(RequestBody):
    """One AC Battery that is to wake up."""

    serial_num: str


class AcbWakeBody(RequestBody):
    """`/admin/lib/acb_config`, as sent to wake AC Batteries up."""

    acb_sleep: Annotated[list[AcbWake], Field(min_length=1)]


class GeneratorModeBody(RequestBody):
    """`/ivp/ss/gen_mode`."""

    gen_cmd: Literal["off", "on", "auto"]


class ExerciseSettings(RequestBody):
    """The exercise schedule of the generator; start and duration in minutes."""

    freq_in_weeks: Annotated[int, Field(ge=1, le=4)]
    start: Annotated[int, Field(ge=0, lt=1440)]
    duration: Annotated[int, Field(ge=1, lt=1440)]
    day: Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class GeneratorSocSettings(RequestBody):
    """The charges at which the generator starts and stops."""

    start_soc: _WholePercent
    stop_soc: _WholePercent


class GeneratorScheduleBody(RequestBody):
    """`/ivp/ss/gen_schedule`, which is only taken as a whole."""

    exercise_config: ExerciseSettings
    default_soc: GeneratorSocSettings
    schedule: dict[str, Any]


class GeneratorConfigBody(RequestBody):
    """`/ivp/ss/gen_config`, which is only taken as a whole."""

    max_cont_gen_amps: _Amount
    name_plate_rating_wat: _Amount
    start_method: str
    gen_type: str
    charge_from_generator: bool


class LiveStreamBody(RequestBody):
    """`/ivp/livedata/stream`."""

    enable: Literal[0, 1]


class ProductionPowerBody(RequestBody):
    """`/ivp/mod/603980032/mode/power`: 0 switches production on, 1 off."""

    length: Literal[1]
    arr: Annotated[list[Literal[0, 1]], Field(min_length=1, max_length=1)]


class DynamicLimitSettings(RequestBody):
    """A limit of export in watts, and how fast it takes effect."""

    enable: bool
    export_limit: bool
    limit_value_W: _Amount  # noqa: N815 - the gateway's name
    slew_rate: _Amount = 50.0
    enable_dynamic_limiting: bool = False


class DynamicExportLimitBody(RequestBody):
    """`/ivp/ss/dpel`."""

    dynamic_pel_settings: DynamicLimitSettings
