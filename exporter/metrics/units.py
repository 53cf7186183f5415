"""Conversions into the base units of Prometheus, each refusing what cannot be true.

A conversion takes a value of the gateway and returns a number in base units, or None when the
value is missing, of the wrong type, not finite or physically absurd. None means: no sample.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

Conversion = Callable[[Any], float | None]

_PLAIN = (int, float)


def number(value: Any) -> float | None:
    """Return a finite number as it is, a numeric string as number, anything else as None."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None


def enum_map(meaning: Mapping[str, int]) -> Conversion:
    """Return a conversion of the words that gateways use for 1 and 0; other text is None."""

    def convert(value: Any) -> float | None:
        return meaning.get(value.lower()) if isinstance(value, str) else None

    return convert


_truth = enum_map({"true": 1, "false": 0, "yes": 1, "no": 0, "on": 1, "off": 0})

#: firmwares differ in how they spell it
closed = enum_map({"closed": 1, "close": 1, "open": 0})
#: the collar's mode, the one of its fields that can be trusted
on_grid = enum_map({"encmn_mde_on_grid": 1, "encmn_mde_off_grid": 0})


def flag(value: Any) -> float | None:
    """Return 1 or 0 for a bool, 0, 1 or one of the words gateways use for them, else None."""
    if isinstance(value, int) and value in (0, 1):
        return int(value)
    return _truth(value)


def scaled(factor: float, low: float, high: float) -> Conversion:
    """Return a conversion `value * factor` whose result must lie in [low, high]."""

    def convert(value: Any) -> float | None:
        # The usual case first: this runs for every sample.
        plain = value if type(value) in _PLAIN else number(value)
        if plain is None:
            return None
        result: float = plain * factor
        return result if low <= result <= high else None

    return convert


def divided(divisor: float, low: float, high: float) -> Conversion:
    """Return a conversion `value / divisor` whose result must lie in [low, high]."""

    # Dividing keeps 1234 / 1000 exact to the last digit, multiplying by 0.001 does not.
    def convert(value: Any) -> float | None:
        plain = value if type(value) in _PLAIN else number(value)
        if plain is None:
            return None
        result: float = plain / divisor
        return result if low <= result <= high else None

    return convert


#: up to the largest commercial sites, in either direction
watts = scaled(1, -1e8, 1e8)
milliwatts = divided(1000, -1e8, 1e8)
milli_volt_amperes = divided(1000, -1e8, 1e8)
#: from energy per second in mWh
watts_from_milliwatt_hours_per_second = scaled(3.6, -1e8, 1e8)
#: from Wh, in either direction
joules = scaled(3600, -1e18, 1e18)
#: from Wh; an amount of stored or produced energy, which is never negative
stored_joules = scaled(3600, 0, 1e18)
#: three legs of 480 V in sum is the highest a service has
volts = scaled(1, 0, 1500)
#: where 0 V stands for a phase that there is not
volts_above_zero = scaled(1, 1, 1500)
amperes = scaled(1, -1e5, 1e5)
#: a channel without a signal tells 0 Hz, which is no frequency
hertz = scaled(1, 1, 500)
power_factor = scaled(1, -1, 1)
#: from percent
ratio = divided(100, 0, 1)
#: from a share that is one already
fraction = scaled(1, 0, 1)
celsius = scaled(1, -100, 300)


def nameplate_watts(value: Any) -> float | None:
    """Return the rated power of a generator, of which gateways tell kW in a field that means W."""
    power = watts(value)
    # No standby generator for a house has less than a kilowatt, and none a thousand of them.
    return power * 1000 if power is not None and 0 <= power < 1000 else power


def fahrenheit(value: Any) -> float | None:
    """Return degrees Celsius for degrees Fahrenheit."""
    degrees = number(value)
    return None if degrees is None else celsius(round((degrees - 32) / 1.8, 2))


#: a time stamp of 0 means that there is none; nothing is later than the year 2100
epoch = scaled(1, 1, 4102444800)
seconds = scaled(1, 0, 1e9)
#: a difference of clocks, in either direction
signed_seconds = scaled(1, -4102444800, 4102444800)
#: seconds since midnight
time_of_day = scaled(1, 0, 86400)
time_of_day_from_minutes = scaled(60, 0, 86400)
minutes = scaled(60, 0, 1e9)
milliseconds = divided(1000, 0, 1e9)
#: from VAh or varh, in either direction
volt_ampere_seconds = scaled(3600, -1e18, 1e18)
#: of a frequency or voltage that is pulled, in either direction
signed_hertz = scaled(1, -100, 100)
signed_volts = scaled(1, -1500, 1500)
weeks = scaled(7 * 86400, 0, 1e9)
count = scaled(1, 0, 2**53)
#: a number that stands for a state and measures nothing
raw_code = scaled(1, -(2**31), 2**32)
#: quality of a link, 0 to 5 as the gateway's own pages show it
level = scaled(1, 0, 5)
price = scaled(1, -1e6, 1e6)
