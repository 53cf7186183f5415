"""Turns pydantic's validation errors into lines with the place, the mistake and the remedy.

Used for the configuration of the exporter and for the web configuration file. A value is only
quoted at a known key that holds no secret: an unknown key may be a misspelt `password`.
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

KeyPath = tuple[int | str, ...]

#: pydantic appends this to the location of a mapping's key; it is not part of the file
_KEY_MARK = "[key]"
_MESSAGES = {
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
#: errors whose value is worth quoting; others are about whole sections, or explain themselves
_QUOTED = frozenset({"bool_parsing", "int_parsing", "float_parsing", "literal_error"})


class Strict(BaseModel):
    """A section of a configuration: immutable, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in _keys(cls)}


def field_error(message: str, key: str = "") -> PydanticCustomError:
    """Return an error for a validator to raise; `key` is the one at fault."""
    return PydanticCustomError("custom", "{message}", {"message": message, "key": key})


def did_you_mean(word: object, valid: Sequence[str]) -> str:
    """Return the remedy for an unknown word: the closest valid one, or all of them."""
    near = difflib.get_close_matches(str(word), valid, 1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(valid)}"


def config_error(
    error: ValidationError,
    model: type[BaseModel],
    source: str,
    overrides: Mapping[KeyPath, str] | None = None,
) -> ConfigError:
    """Return one ConfigError with a line for each mistake.

    `source` names the origin of the data, `overrides` the variable or flag that a single key came
    from instead.
    """
    lines = []
    for details in error.errors(include_url=False):
        if details["type"] == "default_factory_not_called":
            continue  # follows from another mistake, which has its own line
        location = tuple(step for step in details["loc"] if step != _KEY_MARK)
        key = details.get("ctx", {}).get("key", "")
        if key:
            location = (*location, key)
        place = (overrides or {}).get(location) or f"{source}: {_path(location)}"
        lines.append(f"{place}: {_message(details, location, model)}")
    # one mistake can be reported twice, for a key and for its value
    return ConfigError("\n".join(dict.fromkeys(lines)))


def _message(details: ErrorDetails, location: KeyPath, model: type[BaseModel]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "custom":
        return str(context["message"])
    if kind == "extra_forbidden":
        holder, _ = _at(model, location[:-1])
        valid = sorted(_keys(holder)) if holder else []
        return f"unknown key: {did_you_mean(location[-1], valid)}"
    if kind == "literal_error":
        message = f"must be {context['expected']}"
    else:
        message = _MESSAGES.get(kind) or details["msg"][:1].lower() + details["msg"][1:]
    _, secret = _at(model, location)
    if kind in _QUOTED and not secret and not isinstance(details["input"], (dict, list)):
        return f"{printable(reprlib.repr(details['input']))} {message}"
    return message


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the key that they have in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _path(location: KeyPath) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{printable(step)}" if path else printable(step)
    return path or "top level"


def _at(model: type[BaseModel], location: KeyPath) -> tuple[type[BaseModel] | None, bool]:
    """Return the section at a location, if there is one, and whether a secret may be there."""
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
        inner_section, inner_secret = _parts(inner)
        section, secret = section or inner_section, secret or inner_secret
    return section, secret
