"""Types of fields with the range in which a value can be true.

Numbers are in the gateway's own unit; metrics convert them. A range is wide enough for the largest
site and the oddest firmware: it is there to keep out what cannot be.
"""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

_YEAR_2100 = 4102444800
#: more words than any device has to say of itself
_MAX_WORDS = 256


def _bounded(value: Any) -> Any:
    """Return a list without what is too much: each odd word in it is looked at on its own."""
    return value[:_MAX_WORDS] if type(value) is list and len(value) > _MAX_WORDS else value


def _known_zone(value: str | None) -> str | None:
    """Return the name of a time zone; raise ValueError for one that does not exist."""
    try:
        return value and ZoneInfo(value).key
    except (KeyError, OSError):
        raise ValueError("not a time zone") from None


#: of a whole site
Watts = Annotated[float | None, Field(ge=-1e7, le=1e7)]
Milliwatts = Annotated[float | None, Field(ge=-1e10, le=1e10)]
WattHours = Annotated[float | None, Field(ge=-1e12, le=1e12)]
#: an amount that is never negative
StoredWattHours = Annotated[float | None, Field(ge=0, le=1e12)]
#: of a single inverter or battery
DeviceWatts = Annotated[float | None, Field(ge=-1e5, le=1e5)]
#: of a microinverter, the largest of which give 640 W
InverterWatts = Annotated[float | None, Field(ge=-5000, le=5000)]
DeviceMilliwatts = Annotated[float | None, Field(ge=-1e8, le=1e8)]
DeviceWattHours = Annotated[float | None, Field(ge=0, le=1e9)]
Joules = Annotated[float | None, Field(ge=0, le=1e13)]
#: three legs of 480 V in sum is the highest a service has
Volts = Annotated[float | None, Field(ge=0, le=1500)]
Millivolts = Annotated[float | None, Field(ge=0, le=1_500_000)]
Amperes = Annotated[float | None, Field(ge=-2e4, le=2e4)]
Milliamperes = Annotated[float | None, Field(ge=-1e6, le=1e6)]
#: a channel without a signal has 0 Hz
Hertz = Annotated[float | None, Field(ge=0, le=100)]
Millihertz = Annotated[float | None, Field(ge=0, le=100_000)]
PowerFactor = Annotated[float | None, Field(ge=-1, le=1)]
Percent = Annotated[float | None, Field(ge=0, le=100)]
Celsius = Annotated[float | None, Field(ge=-60, le=150)]
Fahrenheit = Annotated[float | None, Field(ge=-76, le=302)]
#: 0 stands for never
Epoch = Annotated[int | None, Field(ge=0, le=_YEAR_2100)]
Seconds = Annotated[float | None, Field(ge=0, le=1e9)]
Number = Annotated[float | None, Field(ge=-1e18, le=1e18)]
Count = Annotated[int | None, Field(ge=0, le=2**53)]
#: a number that stands for a state and measures nothing
Code = Annotated[int | None, Field(ge=-(2**31), le=2**32)]
#: quality of a link, as the gateway's own pages show it
Level = Annotated[int | None, Field(ge=0, le=5)]
Text = str | None
#: a word by which things are told apart, however a firmware capitalizes it
Word = Annotated[str | None, AfterValidator(lambda value: value and value.strip().lower())]
#: an IANA name of a time zone, such as Europe/Berlin
Zone = Annotated[str | None, AfterValidator(_known_zone)]
#: a version or number of firmware, empty where there is none
Version = Annotated[str | None, Field(pattern=r"^(\d|$)")]
#: what firmwares call the states of a switch
SWITCH_WORDS = frozenset({"closed", "close", "open"})
Flag = bool | None
Words = Annotated[list[str] | None, BeforeValidator(_bounded)]

# Where firmwares always write text, so that reading it stays one fast step.
EpochText = Annotated[int | None, Field(strict=False, ge=0, le=_YEAR_2100)]
FlagText = Annotated[bool | None, Field(strict=False)]
PercentText = Annotated[float | None, Field(strict=False, ge=0, le=100)]
Price = Annotated[float | None, Field(ge=-1e6, le=1e6)]
