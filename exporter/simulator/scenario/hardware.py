"""The home of a scenario: a sample home by name, or one with some things changed."""

from dataclasses import asdict, fields
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from exporter.config.errors import Strict, did_you_mean, field_error
from exporter.config.types import TimeZone
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.models import HomeHardware

_Text = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=0, le=1000)]
_Size = Annotated[int, Field(ge=1, le=100_000)]
#: what a value may be, where its type does not say it all
_KINDS: dict[str, Any] = {
    "serial": Annotated[str, Field(pattern=r"^\d{12}$")],
    "firmware": Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")],
    "part_number": _Text,
    "timezone": TimeZone,
    "legs": Annotated[int, Field(ge=1, le=3)],
    "volts": Annotated[float, Field(ge=100, le=600)],
    "hertz": Annotated[float, Field(ge=45, le=65)],
    "inverters": _Count,
    "inverter_watts": _Size,
    "batteries": _Count,
    "battery_wh": _Size,
    "battery_part": _Text,
    "acbs": _Count,
    "iq_relays": _Count,
    "currency": Annotated[str, Field(pattern=r"^[A-Z]{3}$")],
}


def _sample(name: str) -> str:
    if name not in SAMPLE_HOMES:
        raise field_error(
            f"there is no sample home {name!r}: {did_you_mean(name, tuple(SAMPLE_HOMES))}"
        )
    return name


_Sample = Annotated[str, AfterValidator(_sample)]
_hints = get_type_hints(HomeHardware)
_members: dict[str, Any] = {
    field.name: (_KINDS.get(field.name, _hints[field.name]) | None, None)
    for field in fields(HomeHardware)
}
_Changed = create_model("_Changed", __base__=Strict, base=(_Sample, ...), **_members)


class _Home(_Changed):
    """What a scenario says of its home."""

    def site(self) -> HomeHardware:
        """Return the hardware."""
        given = self.model_dump(exclude_none=True)
        return HomeHardware(**asdict(SAMPLE_HOMES[given.pop("base")]) | given)


def _named(value: Any) -> Any:
    return {"base": value} if isinstance(value, str) else value


Home = Annotated[_Home, BeforeValidator(_named)]
