"""Ways to spoil an answer that know what JSON is made of; each is a row of a table.

A mutation is drawn as four numbers and a value, which hypothesis makes small when it reports.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

#: a document, the place in it (its container and key there), a number, a value
Change = Callable[[Any, Any, Any, int, Any], Any]

_NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 101, 65535, 2**31, 2**32, 2**53 + 1, 2**63 - 1),
    *(-(2**31), -(2**63), 1e9, 1e15, -1e15, 1e308, -1e308, 5e-324, -0.0),
    *(float("nan"), float("inf"), float("-inf"), 1782000000, 1e18, 10**30),
    *("", " ", "0", "-1", "NaN", "inf", "1e999", "null", "true", "unknown", "closed", "open"),
    *('"', "\\", "\n", 'a"} 1\nenphase_up 0', "{", "}", 'x="y",', "#", "# EOF", "\x00\x1f\x7f"),
    *("<script>alert(1)</script>", "ÄÖü🔋", "\u2028", "\ud800", "é" * 40, "x" * 20_000),
    *([], {}, [[]], [None], {"": None}, [{}], {"devices": []}, [1, "a", None, {}]),
    *("multimode-ongrid", "ENCHARGE", "ENPOWER", "L1", "production", "net-consumption", "enabled"),
    *(24, 30, 6, 63, 12, 17, "self-consumption", "grid-tied", "1782000000", "2026-06-20T12:00:00Z"),
)
values = st.one_of(
    st.sampled_from(_NASTY),
    st.sampled_from(_NASTY),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
)


@dataclass(frozen=True)
class Mutation:
    """One spoiling: of which endpoint, where in it, how, with what."""

    endpoint: int
    place: int
    kind: str
    number: int
    value: Any


def _set(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    if box is None:
        return value
    box[key] = value
    return document


def _drop(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    if box is None:
        return None
    del box[key]
    return document


def _rename(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    if isinstance(box, dict):
        box[str(value)[:40] if number % 2 else f"{key}_"] = box.pop(key)
    return document


def _duplicate(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    if isinstance(box, list):
        box.insert(number % (len(box) + 1), json.loads(json.dumps(box[key])))
    elif isinstance(box, dict):
        box[f"{key}{number % 3}"] = box[key]
    return document


def _swap(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    keys = list(box) if isinstance(box, dict) else list(range(len(box or ())))
    if keys:
        other = keys[number % len(keys)]
        box[key], box[other] = box[other], box[key]
    return document


def _scale(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    current = document if box is None else box[key]
    factors = (-1, 0, 0.001, 1000, 1e6, -1e9, 1e300)
    factor = factors[number % len(factors)]
    if isinstance(current, (int, float)) and not isinstance(current, bool):
        return _set(document, box, key, number, current * factor)
    return document


def _step(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    """Let a register step, as one that overflows or belongs to another meter."""
    current = document if box is None else box[key]
    if isinstance(current, (int, float)) and not isinstance(current, bool):
        step = (2**32 / 3600, 2**31, 500, 10_000, 1e6)[number % 5]
        return _set(document, box, key, number, current - step if number % 2 else current + step)
    return document


def _wrap(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    current = document if box is None else box[key]
    deep: Any = current
    for _ in range(1 + number % 60 if number % 7 == 0 else 1):
        deep = [deep] if number % 2 else {"value": deep}
    return _set(document, box, key, number, deep)


def _text(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    current = document if box is None else box[key]
    return _set(document, box, key, number, str(current))


def _everywhere(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    """Give every key of this name the same value: duplicate serials, all states alike."""

    def edit(node: Any) -> None:
        if isinstance(node, dict):
            for name, child in node.items():
                if name == key:
                    node[name] = value
                else:
                    edit(child)
        elif isinstance(node, list):
            for child in node:
                edit(child)

    edit(document)
    return document


def _empty(document: Any, box: Any, key: Any, number: int, value: Any) -> Any:
    current = document if box is None else box[key]
    return _set(document, box, key, number, type(current)())


KINDS: Mapping[str, Change] = {
    "set": _set,
    "drop": _drop,
    "rename": _rename,
    "duplicate": _duplicate,
    "swap": _swap,
    "scale": _scale,
    "step": _step,
    "wrap": _wrap,
    "text": _text,
    "slots": _everywhere,
    "empty": _empty,
}
#: of the bytes and of the answer, for what is no JSON as well
ROUGH = ("cut", "noise", "replace", "status", "date")
_STATUSES = (204, 301, 400, 401, 403, 404, 429, 500, 502, 503)

mutations = st.builds(
    Mutation,
    endpoint=st.integers(0, 31),
    place=st.integers(0, 4095),
    kind=st.sampled_from((*KINDS, *KINDS, *ROUGH)),
    number=st.integers(0, 255),
    value=values,
)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Return container and key of every value in a document, the whole of it first."""
    pairs: list[tuple[Any, Any]] = [(None, None)]
    open_boxes = [document]
    for box in open_boxes:
        keys = box if isinstance(box, dict) else range(len(box)) if isinstance(box, list) else ()
        for key in keys:
            pairs.append((box, key))
            open_boxes.append(box[key])
    return pairs


def spoiled(status: int, body: bytes, date: str, mutation: Mutation) -> tuple[int, bytes, str]:
    """Return status, body and date of an answer after the mutation."""
    number = mutation.number
    match mutation.kind:
        case "status":
            return _STATUSES[number % len(_STATUSES)], body, date
        case "date":
            return status, body, str(mutation.value)
        case "cut":
            return status, body[: mutation.place * len(body) // 4096], date
        case "noise":
            at = mutation.place * len(body) // 4096
            return status, body[:at] + bytes([number]) + body[at + 1 :], date
        case "replace":
            return status, _written(mutation.value), date
    try:
        document = json.loads(body)
        slots = places(document)
        box, key = slots[mutation.place % len(slots)]
        changed = KINDS[mutation.kind](document, box, key, number, mutation.value)
    except (ValueError, OverflowError):
        return status, body, date
    return status, _written(changed), date


def _written(document: Any) -> bytes:
    """Return JSON as careless writers write it, with NaN and lone surrogates."""
    return json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")
