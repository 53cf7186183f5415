"""What every endpoint module is made of: decoding a body, models that lose one value at a time.

Gateways of many firmwares answer differently, and a single odd value must cost nothing but itself.
A model therefore has only optional fields, each with a type and a plausible range. Validation is
one call into pydantic's compiled core; only a value that fails it is looked at more closely: it is
converted where its meaning is plain (`"12.5"`, 0 and 1 as booleans) and else dropped and recorded.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from exporter.errors import (
    EndpointAbsentError,
    InvalidDataError,
    NotPermittedError,
)
from exporter.gateway.endpoints.fields_seen import Place, Seen, Shapes, add, compare
from exporter.gateway.endpoints.leniency import MAX_DIGITS, parse

#: more devices than the largest site has; what an answer lists beyond them is not read
MAX_ENTRIES = 1000
#: bytes; the most that an endpoint says, and one that lists all inverters: nine hundred of them in
#: detail, of which no gateway has so many
_USUAL_BODY, LARGE_BODY = 512 * 2**10, 4 * 2**20
#: longest text that becomes a label value
MAX_TEXT = 200
_MAX_UNREADABLE = 200


class Notes:
    """What is noted while one answer is read: fields that could not be, and devices it lists.

    Fields have the gateway's names, joined by dots and free of keys such as serials, so that there
    are never more of them than our models have. `before` has the identities in each list of the
    previous response, to identify a device whose own identity cannot be read.
    """

    def __init__(self, before: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.fields: Counter[str] = Counter()
        self.identities: dict[str, tuple[str, ...]] = {}
        #: by model and place, how many objects had which fields
        self.shapes: dict[Place, Shapes] = {}
        self.before = before or {}
        #: lists of what the inventory does not know, so that nothing else misses their entries
        self.untracked: set[str] = set()
        #: whether everything is there by which the next answer could be completed
        self.reliable = True

    def unreadable(self, name: str, count: int = 1, *, minor: bool = False) -> None:
        """Count a value that could not be read; a minor one says nothing of any other."""
        self.reliable = self.reliable and minor
        if name in self.fields or len(self.fields) < _MAX_UNREADABLE:
            self.fields[name] += count

    def missing(self, before: Seen) -> Seen:
        """Count the fields that fewer objects have than before; return what is seen by now."""
        listed = {name.partition(".")[0] for name in self.identities.keys() - self.untracked}

        def report(prefix: str, key: str, count: int) -> None:
            name = _join(prefix, key) if key else prefix or "document"
            self.unreadable(name, count, minor=True)

        return compare(self.shapes, before, listed, report)


class Model(BaseModel):
    """Part of an answer; every field is optional and validated on its own.

    Fields are strict: a bool is not a number. Where a firmware always writes a number or a boolean
    as text, the field's type allows it (`fields.py`).
    """

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        str_max_length=MAX_TEXT,
        # a home uses half of the models: each is compiled when its first answer comes
        defer_build=True,
    )

    #: keys of the gateway that are always sent; one that is missing counts as unreadable
    required: ClassVar[frozenset[str]] = frozenset()
    #: keys of the gateway for which null is a value like others
    nullable: ClassVar[frozenset[str]] = frozenset()
    #: by key, the words for which there is a number; another one counts as unreadable, and stays
    words: ClassVar[Mapping[str, frozenset[str]]] = {}
    #: the gateway's key of each field
    _keys: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the gateway's names of all fields."""
        super().__pydantic_init_subclass__(**kwargs)
        cls._keys = {name: info.alias or name for name, info in cls.model_fields.items()}

    @classmethod
    def key_of(cls, name: str) -> str | None:
        """Return the gateway's key of a field, None for one that counts by itself if missing."""
        key = cls._keys[name]
        return None if key in cls.required else key

    @classmethod
    def read(cls, raw: Any, notes: Notes, prefix: str = "") -> Self | None:
        """Return the model of a JSON object, without the values that cannot be read.

        `prefix` names the place of the object in the answer. None stands for anything that is not
        an object.
        """
        if type(raw) is not dict:
            notes.unreadable(prefix or "document")
            return None
        model: Self
        try:
            # Skips the option handling of `model_validate`: this runs for every device.
            model = cls.__pydantic_validator__.validate_python(raw)
        except ValidationError as error:
            model = cls._read_partly(raw, error, notes, prefix)
            # What cannot be read is counted for that, and is not missing.
            add(notes.shapes, (cls, prefix), [n for n, key in cls._keys.items() if key in raw])
        else:
            add(notes.shapes, (cls, prefix), model.__pydantic_fields_set__)
        if None in raw.values():
            for key in cls._keys.values():
                if key in raw and raw[key] is None and key not in cls.nullable:
                    notes.unreadable(_join(prefix, key), minor=key not in cls.required)
        if not cls.required <= raw.keys():
            for key in cls.required - raw.keys():
                notes.unreadable(_join(prefix, key))
        if cls.words:
            cls._note_words(raw, notes, prefix)
        return model

    @classmethod
    def _note_words(cls, raw: dict[str, Any], notes: Notes, prefix: str) -> None:
        for key, words in cls.words.items():
            if isinstance(word := raw.get(key), str) and word.lower() not in words:
                notes.unreadable(_join(prefix, key), minor=True)

    @classmethod
    def _read_partly(
        cls, raw: dict[str, Any], error: ValidationError, notes: Notes, prefix: str
    ) -> Self:
        kept = dict(raw)
        tried: set[str] = set()
        while True:
            spoilt: dict[str, list[ErrorDetails]] = {}
            for detail in error.errors(include_url=False, include_context=False):
                spoilt.setdefault(str(detail["loc"][0]), []).append(detail)
            for key, details in spoilt.items():
                converted = _NOTHING
                if key not in tried:
                    tried.add(key)
                    converted, whole = _convert(kept.get(key), details)
                    if not whole:
                        notes.unreadable(_join(prefix, key), minor=key not in cls.required)
                else:
                    notes.unreadable(_join(prefix, key), minor=key not in cls.required)
                if converted is _NOTHING:
                    kept.pop(key, None)
                else:
                    kept[key] = converted
            try:
                return cls.model_validate(kept)
            except ValidationError as again:
                error = again


_NOTHING: Any = object()
_WORDS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}


def _join(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key


def _convert(value: Any, details: list[ErrorDetails]) -> tuple[Any, bool]:
    """Return what can be read of a value that is not valid, and whether that is all of it."""
    if isinstance(value, (list, tuple)):
        odd = {detail["loc"][1] for detail in details if len(detail["loc"]) > 1}
        if odd:
            return [item for index, item in enumerate(value) if index not in odd], False
        return _NOTHING, False
    convert = _CONVERSIONS.get(details[0]["type"])
    return convert(value) if convert else (_NOTHING, False)


def _to_number(value: Any) -> tuple[Any, bool]:
    if isinstance(value, str) and len(value) <= MAX_DIGITS:
        try:
            number = float(value)
        except ValueError:
            return _NOTHING, False
    elif isinstance(value, float):
        number = value
    else:
        return _NOTHING, False
    if not math.isfinite(number):
        return _NOTHING, False
    return (int(number) if number.is_integer() else number), True


def _to_bool(value: Any) -> tuple[Any, bool]:
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value), True
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()], True
    return _NOTHING, False


def _to_text(value: Any) -> tuple[Any, bool]:
    text = identity(value)
    return (_NOTHING, False) if text is None else (text, True)


def _to_short_text(value: Any) -> tuple[Any, bool]:
    return value[:MAX_TEXT], False


_CONVERSIONS: dict[str, Callable[[Any], tuple[Any, bool]]] = {
    "float_type": _to_number,
    "int_type": _to_number,
    "bool_type": _to_bool,
    "string_type": _to_text,
    "string_too_long": _to_short_text,
}


def entries(raw: Any, notes: Notes, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list; what is no object, and what is too much, is recorded."""
    if not isinstance(raw, list):
        notes.unreadable(name)
        return
    if len(raw) > MAX_ENTRIES:
        notes.unreadable(name, len(raw) - MAX_ENTRIES)
    for item in raw[:MAX_ENTRIES]:
        # An empty object says nothing of anything.
        if isinstance(item, dict) and item:
            yield item
        else:
            notes.unreadable(name)


def identity(value: Any) -> str | None:
    """Return a serial or the like as text; a number is the same device as its digits."""
    # The usual case first: this runs for every device.
    if type(value) is str and value.isalnum() and len(value) <= MAX_TEXT:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**MAX_DIGITS:
        value = str(value)
    if isinstance(value, str) and 0 < len(value.strip()) <= MAX_TEXT:
        return value.strip()
    return None


def by_identity(
    listed: Iterable[dict[str, Any]],
    key: str,
    notes: Notes,
    name: str,
    *,
    digits: bool = False,
    rank: Callable[[dict[str, Any]], Any] | None = None,
    tracked: bool = True,
) -> dict[str, dict[str, Any]]:
    """Return the objects of a list by what identifies them, such as their serial number.

    One whose identity cannot be read is identified if it is the only one, and only one of those
    listed before is missing. With `digits` nothing else makes an identity. Of several with one
    identity the one of the highest `rank` counts, else the last one. `tracked` says whether the
    inventory misses what is no longer listed.
    """
    by_id: dict[str, dict[str, Any]] = {}
    nameless: list[dict[str, Any]] = []
    for entry in listed:
        own_id = identity(entry.get(key))
        if own_id is None or (digits and not own_id.isdecimal()):
            notes.unreadable(_join(name, key))
            nameless.append(entry)
        elif rank is None or own_id not in by_id or rank(entry) >= rank(by_id[own_id]):
            by_id[own_id] = entry
    missing = [each for each in notes.before.get(name, ()) if each not in by_id]
    if len(nameless) == len(missing) == 1:
        by_id[missing[0]] = {**nameless[0], key: missing[0]}
    notes.identities[name] = tuple(by_id)
    if not tracked:
        notes.untracked.add(name)
    return by_id


def stamp(value: Any) -> float:
    """Return a time stamp by which entries can be ranked; 0 for anything that is none."""
    if isinstance(value, str) and len(value) <= MAX_DIGITS and value.isdecimal():
        value = int(value)
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if known and math.isfinite(value) else 0.0


def newest(key: str) -> Callable[[dict[str, Any]], float]:
    """Return a rank of the entries of a list by a time stamp of theirs."""
    return lambda entry: stamp(entry.get(key))


def as_object(document: Any) -> dict[str, Any]:
    """Return a document that must be an object; raise GatewayError for anything else."""
    if not isinstance(document, dict):
        raise InvalidDataError("the response is not a JSON object")
    _reject_error(document)
    return document


def as_list(document: Any) -> list[Any]:
    """Return a document that must be a list; raise GatewayError for anything else."""
    if isinstance(document, dict):
        _reject_error(document)
    if not isinstance(document, list):
        raise InvalidDataError("the response is not a JSON list")
    return document


def _reject_error(document: dict[str, Any]) -> None:
    """Raise for the objects by which gateways refuse with status 200."""
    for key in ("error", "err"):
        if key in document:
            message = f"{document.get('status', '')} {document[key]}".strip()[:MAX_TEXT]
            if message.startswith(("401", "403")):
                raise NotPermittedError(f"the gateway refuses this endpoint: {message}")
            raise EndpointAbsentError(f"the gateway does not have this endpoint: {message}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one answer says: objects by member name, and what could not be read of it."""

    data: dict[str, Any]
    unreadable: Mapping[str, int] = field(default_factory=dict)
    #: what was listed, by the name of the list
    identities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: whether the next answer can be completed by this one, where it is spoilt
    reliable: bool = True
    #: whether something is there that cannot be read
    spoilt: bool = False
    #: the fields that this answer and those before it had
    seen: Seen = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether the answer has nothing in it at all."""
        return not any(value not in (None, {}, [], ()) for value in self.data.values())


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the gateway: how to read it, how often, and how long to wait for it.

    `collector` groups endpoints in metrics and gives the default cadence; `max_age` in seconds
    overrides that. `deadline` in seconds; of a body that is larger than `max_body` bytes nothing is
    read. `small` ones are counted by the limit on small requests, all of which the grid state
    needs. `installer` endpoints refuse an owner's token, `sometimes_installer` ones with some
    firmware. `optional` ones are missing on many gateways without a fault.
    """

    path: str
    collector: str
    read: Callable[[Any, Notes], dict[str, Any]]
    max_age: float | None = None
    deadline: float = 15.0
    max_body: int = _USUAL_BODY
    small: bool = False
    installer: bool = False
    sometimes_installer: bool = False
    optional: bool = False
    decode: Callable[[bytes], Any] = parse

    def parse(self, body: bytes, before: Parsed | None = None) -> Parsed:
        """Return what a body says; raise GatewayError when it cannot be decoded.

        `before` is the last reliable response.
        """
        notes = Notes(before.identities if before is not None else None)
        data = self.read(self.decode(body), notes)
        spoilt = bool(notes.fields)
        seen = notes.missing(before.seen if before is not None else {})
        return Parsed(data, dict(notes.fields), notes.identities, notes.reliable, spoilt, seen)
