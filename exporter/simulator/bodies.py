"""The bodies of the writes that pyenphase sends, as far as a gateway looks at them.

A gateway is strict about types and ranges; keys that it does not know do not matter to it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from exporter.simulator.homes.devices import ContactUse, StorageMode, Switched

_Action = Literal["apply", "shed", "schedule", "none"]
_Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_WholePercent = Annotated[int, Field(ge=0, le=100)]


def _flag(told: Any) -> Any:
    return {"true": True, "false": False}.get(told, told) if isinstance(told, str) else told


# booleans travel as texts here, and pyenphase sends one of them as a boolean all the same
_Flag = Annotated[bool, BeforeValidator(_flag)]


class Body(BaseModel):
    """What is sent to a gateway; what it does not know of it, it leaves."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Relay(Body):
    """`/ivp/ensemble/relay`."""

    mains_admin_state: Switched


class ContactState(Body):
    """One dry contact, and what it is to be."""

    id: str
    status: Switched


class ContactStates(Body):
    """`/ivp/ensemble/dry_contacts`: one contact, whatever the name says."""

    dry_contacts: ContactState


class ContactSettings(Body):
    """The settings of one dry contact."""

    id: str
    type: ContactUse
    grid_action: _Action
    micro_grid_action: _Action
    gen_action: _Action
    override: _Flag
    manual_override: _Flag
    load_name: str
    mode: Literal["manual", "soc"]
    soc_low: _Percent
    soc_high: _Percent
    pv_serial_nb: list[Any]
    essential_start_time: _Amount | None = None
    essential_end_time: _Amount | None = None
    priority: _Amount | None = None
    black_s_start: _Amount | None = None


class ContactsSettings(Body):
    """`/ivp/ss/dry_contact_settings`: one contact as well, and all of its settings."""

    dry_contacts: ContactSettings


class Storage(Body):
    """How the batteries are used; what is left out stays as it is."""

    mode: StorageMode | None = None
    reserved_soc: _Percent | None = None
    very_low_soc: _Percent | None = None
    charge_from_grid: bool | None = None
    opt_schedules: bool | None = None


class Tariff(Body):
    """The part of a tariff that is about batteries; prices are not looked at."""

    storage_settings: Storage = Storage()


class Tariffs(Body):
    """`/admin/lib/tariff`."""

    tariff: Tariff


class Sleep(Body):
    """One AC Battery that is to sleep, and with which charge."""

    serial_num: str
    sleep_min_soc: _WholePercent
    sleep_max_soc: _WholePercent


class Sleeps(Body):
    """`/admin/lib/acb_config`, as sent to put AC Batteries to sleep."""

    acb_sleep: Annotated[list[Sleep], Field(min_length=1)]


class Wake(Body):
    """One AC Battery that is to wake up."""

    serial_num: str


class Wakes(Body):
    """`/admin/lib/acb_config`, as sent to wake AC Batteries up."""

    acb_sleep: Annotated[list[Wake], Field(min_length=1)]


class GeneratorMode(Body):
    """`/ivp/ss/gen_mode`."""

    gen_cmd: Literal["off", "on", "auto"]


class Exercise(Body):
    """When the generator runs to stay fit; start and duration in minutes."""

    freq_in_weeks: Annotated[int, Field(ge=1, le=4)]
    start: Annotated[int, Field(ge=0, lt=1440)]
    duration: Annotated[int, Field(ge=1, lt=1440)]
    day: Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class Socs(Body):
    """The charges at which the generator starts and stops."""

    start_soc: _WholePercent
    stop_soc: _WholePercent


class GeneratorSchedule(Body):
    """`/ivp/ss/gen_schedule`, which is only taken as a whole."""

    exercise_config: Exercise
    default_soc: Socs
    schedule: dict[str, Any]


class GeneratorConfig(Body):
    """`/ivp/ss/gen_config`, which is only taken as a whole."""

    max_cont_gen_amps: _Amount
    name_plate_rating_wat: _Amount
    start_method: str
    gen_type: str
    charge_from_generator: bool
