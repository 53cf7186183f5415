"""Reads JSON that is not quite JSON, as embedded software prints it.

A number that `printf` made `nan` or `-inf` of, a value that was left out, a comma after the last
entry, a NUL at the end of a buffer: each of them would cost a whole answer, though everything else
in it is plain. What has no value becomes null, and so costs only itself.
"""

import codecs
import json
import math
import re
from typing import Any

import orjson

from exporter.errors import LoginRedirectError, NotJsonError

#: no firmware writes a number as long as this
MAX_DIGITS = 40
#: a longer text is not mended: no honest answer is as long, and the event loop waits for it
_LONGEST = 500_000
#: what may stand behind the document in a buffer
_PADDING = "\0 \t\r\n"

#: a string, also one without an end; a word or a number; a comma or colon before nothing
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)'
    r"|[-+]?[A-Za-z0-9_.#][-+A-Za-z0-9_.#]*+"
    r"|:(?=\s*+[,}\]])"
    r"|,(?=\s*+(?:[}\]]|\Z))",
    re.DOTALL,
)
_NUMBER = re.compile(r"([-+]?)(\d+)(\.\d+)?([eE][-+]?\d+)?")
_WORDS = {"true": "true", "false": "false"}
#: words without a meaning that is plain, such as two numbers in one, leave the document unreadable
_NOTHING = re.compile(
    r"[-+]?(?:nan|inf|infinity)|null|none|nil|undefined|n\.?a\.?|1\.#\w+|-1\.#\w+", re.IGNORECASE
)


def parse(body: bytes) -> Any:
    """Return the JSON document of a body, read as tolerantly as its meaning is plain.

    Raises LoginRedirectError for a login page and NotJsonError for anything else.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    start = body.lstrip()[:1]
    if start == b"<":
        if b"login" in body.lower():
            raise LoginRedirectError("the gateway sent its login page")
        raise NotJsonError("the gateway sent a web page instead of JSON")
    text = body.decode("utf-8-sig", errors=_AS_LATIN_1)
    try:
        document = loads(text)
        return _without_surrogates(document) if "\\u" in text else document
    except (ValueError, RecursionError) as error:
        raise NotJsonError(f"the response is not JSON: {error}") from error


def _without_surrogates(node: Any) -> Any:
    """Replace halves of surrogate pairs, which no encoding can write."""
    if isinstance(node, str):
        return node.encode("utf-8", "replace").decode()
    if isinstance(node, list):
        return [_without_surrogates(item) for item in node]
    if isinstance(node, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in node.items()}
    return node


_AS_LATIN_1 = "exporter-as-latin-1"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_AS_LATIN_1, _as_latin_1)


def loads(text: str) -> Any:
    """Return the document of a text; raise ValueError or RecursionError for what is none."""
    text = text.rstrip(_PADDING)
    try:
        return _loads(text)
    except ValueError:
        if len(text) > _LONGEST:
            raise
        return _loads(_TOKEN.sub(_mended, text))


def _loads(text: str) -> Any:
    return json.loads(
        text,
        strict=False,
        parse_int=_parse_int,
        # NaN and Infinity are no JSON; as null they cost only themselves.
        parse_constant=lambda _: None,
    )


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else math.inf


def _mended(match: re.Match[str]) -> str:
    """Return what a part stands for."""
    part = match[0]
    if part[0] == '"':
        return part
    if part == ":":
        return ": null"
    if part == ",":
        return ""
    if (word := _WORDS.get(part.lower())) is not None:
        return word
    if _NOTHING.fullmatch(part):
        return "null"
    number = _NUMBER.fullmatch(part)
    if number is None:
        return part
    sign, whole, fraction, exponent = number.groups("")
    return f"{sign.rstrip('+')}{whole.lstrip('0') or '0'}{fraction}{exponent}"
