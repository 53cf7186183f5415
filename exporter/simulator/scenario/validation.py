"""From the levers that an event names to those of a house, with values of the right type.

A file holds text whose meaning depends on the lever: `false` is a boolean for one and a name for
another.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from exporter.errors import ExporterError
from exporter.simulator.physics import HomeSimulation, parameters
from exporter.simulator.physics.parameter_types import (
    BooleanType,
    ConditionsType,
    ListType,
    NumberType,
    ParameterType,
)
from exporter.simulator.physics.parameters import Parameter

#: levers that a house moves by itself, so that there is no way back to what they were
_MOVING = frozenset({("battery", "soc"), ("acb", "soc")})
_NOTHING = ("none", "null", "~")


def expand_address(house: HomeSimulation, address: str) -> dict[str, Parameter]:
    """Return the levers that an address stands for, with `*` all of that part.

    Raises `ExporterError`, with a hint, for an address that the house does not have.
    """
    house.get(address)
    part, *middle, name = address.split(".")
    every = middle == ["*"]
    return {
        one: lever
        for one, lever in house.parameters().items()
        if one == address or (every and (lever.part, lever.name) == (part, name))
    }


def typed_values(house: HomeSimulation, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every lever that is set, by its full address; `given` was checked."""
    return {
        one: _typed(lever, value)
        for address, value in given.items()
        for one, lever in expand_address(house, address).items()
    }


def find_mistakes(
    house: HomeSimulation, given: Mapping[str, Any], *, reverts: bool
) -> Iterator[tuple[str, str]]:
    """Yield the address and what is wrong, for each lever that cannot be set like that."""
    for address, value in given.items():
        try:
            for one, lever in expand_address(house, address).items():
                parameters.check_value(lever, one, _typed(lever, value))
                if reverts and (lever.part, lever.name) in _MOVING:
                    raise ExporterError("moves by itself and cannot go back: leave out `for`")
        except ExporterError as error:
            yield address, str(error)


def _typed(lever: Parameter, value: Any) -> Any:
    """Return a value as the lever takes it; what fits no lever stays as it is."""
    kind = lever.kind
    if lever.optional or lever.shows:
        nothing = isinstance(value, str) and value in _NOTHING and not kind.takes(value)
        value = None if nothing else value
    if isinstance(value, str):
        for of, read in _READ.items():
            if isinstance(kind, of):
                return read(kind, value)
    return value


def _flag(kind: ParameterType, text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


def _number(kind: ParameterType, text: str) -> Any:
    whole = isinstance(kind, NumberType) and kind.whole
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _several(kind: ParameterType, text: str) -> Any:
    return [text]


_READ: Mapping[type[ParameterType], Callable[[ParameterType, str], Any]] = {
    BooleanType: _flag,
    NumberType: _number,
    ListType: _several,
    ConditionsType: _several,
}
