"""What pydantic finds wrong with a configuration, as lines that say where, what and what to do.

Shared by the configuration of the exporter and the web configuration file. A value is only ever
shown when it stands at a known key that holds no secret: an unknown key may be a misspelt
`password`.
"""

import difflib
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from exporter.errors import ConfigError
from exporter.text import printable

Location = tuple[int | str, ...]

#: what pydantic appends to the location of a mapping's key; not part of the file
_KEY_MARK = "[key]"
_SAYINGS = {
    "missing": "is missing: add it",
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "dict_type": "must hold `key: value` lines",
    "mapping_type": "must hold `key: value` lines",
    "model_type": "must hold `key: value` lines",
    "model_attributes_type": "must hold `key: value` lines",
    "tuple_type": "must be a list: begin each entry with `- `",
    "path_type": "must be a path",
    "invalid_key": "a key must be text: put it in quotes",
}
#: kinds whose value is worth repeating; others are whole sections, or explain themselves
_TELLING = frozenset({"bool_parsing", "int_parsing", "float_parsing", "literal_error"})


class Strict(BaseModel):
    """A section of a configuration: nothing unknown in it, never changed once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in _keys(cls)}


def field_error(message: str, key: str = "") -> PydanticCustomError:
    """Return an error for a validator to raise; `key` is the member at fault, if not all of it."""
    return PydanticCustomError("told", "{message}", {"message": message, "key": key})


def did_you_mean(word: object, known: Sequence[str]) -> str:
    """Return the remedy for an unknown word: the nearest known one, or all of them."""
    near = difflib.get_close_matches(str(word), known, 1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def config_error(
    error: ValidationError,
    model: type[BaseModel],
    source: str,
    overrides: Mapping[Location, str] | None = None,
) -> ConfigError:
    """Return all that is wrong as one ConfigError with a line for each mistake.

    `source` names where the data came from, `overrides` the variable or flag that a location came
    from instead.
    """
    lines = []
    for details in error.errors(include_url=False):
        if details["type"] == "default_factory_not_called":
            continue  # follows from a mistake that has its own line
        location = tuple(step for step in details["loc"] if step != _KEY_MARK)
        key = details.get("ctx", {}).get("key", "")
        if key:
            location = (*location, key)
        place = (overrides or {}).get(location) or f"{source}: {_path(location)}"
        lines.append(f"{place}: {_said(details, location, model)}")
    # the same mistake can be found on two ways, such as a key and its value
    return ConfigError("\n".join(dict.fromkeys(lines)))


def _said(details: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "told":
        return str(context["message"])
    if kind == "extra_forbidden":
        holder, _ = _at(model, location[:-1])
        known = sorted(_keys(holder)) if holder else []
        return f"unknown key: {did_you_mean(location[-1], known)}"
    if kind == "literal_error":
        saying = f"must be {context['expected']}"
    else:
        saying = _SAYINGS.get(kind) or details["msg"][:1].lower() + details["msg"][1:]
    _, secret = _at(model, location)
    if kind in _TELLING and not secret and not isinstance(details["input"], (dict, list)):
        return f"{printable(reprlib.repr(details['input']))} {saying}"
    return saying


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the key that they have in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _path(location: Location) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{printable(step)}" if path else printable(step)
    return path or "top level"


def _at(model: type[BaseModel], location: Location) -> tuple[type[BaseModel] | None, bool]:
    """Return the section at a location, if it is one, and whether a secret may stand there."""
    holder: type[BaseModel] | None = model
    secret = False
    for step in location:
        field = _keys(holder).get(str(step)) if holder else None
        if field is not None:
            holder, secret = _parts(field.annotation)
    return holder, secret


def _parts(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the section inside a type such as `tuple[Gateway, ...]`, and whether it is secret."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    section, secret = None, annotation is SecretStr
    for inner in get_args(annotation):
        found, hidden = _parts(inner)
        section, secret = section or found, secret or hidden
    return section, secret
