"""Log lines that can be searched and shared: one line each, without secrets.

Modules log with `logging.getLogger(__name__)`; what they pass as `extra` becomes `key=value`.
Secrets are masked last, after everything else has been turned into text, so that no library can
print one either.
"""

import json
import logging
import math
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, quote_plus

Level = Literal["debug", "info", "warn", "error"]
Format = Literal["logfmt", "json"]

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_MASK = "***"
#: a token of the Enphase cloud, recognised by its shape
_TOKEN = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*", re.A)
_PATTERNS = (
    (re.compile(r"\b(Bearer)\s+[^\s\"',;]+", re.I), rf"\1 {_MASK}"),
    (re.compile(r"(authorization[\"']?\s*[:=]\s*[\"']?\w+)\s+[^\"'\r\n]+", re.I), rf"\1 {_MASK}"),
    (re.compile(r"(session_?id[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+", re.I), rf"\1{_MASK}"),
    (re.compile(r"(://)[^\s/@]*@"), rf"\1{_MASK}@"),
)
#: shorter secrets are masked as whole words only, or no line could be read any more
_WORD = 4
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN = re.compile(r"[!#-<>-\[\]-~]+", re.A)

_hidden: dict[str, re.Pattern[str]] = {}


def hide_secret(secret: str) -> None:
    """Mask this text from now on, wherever it is logged, as it is or quoted for a URL or JSON.

    Tokens are masked without being remembered: over the years there are many.
    """
    quoted = {quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")}
    for form in {secret, json.dumps(secret)[1:-1]} | quoted:
        if form and form not in _hidden and not _TOKEN.fullmatch(form):
            pattern = re.escape(form)
            _hidden[form] = re.compile(
                pattern if len(form) >= _WORD else rf"(?<!\w){pattern}(?!\w)"
            )


def mask(text: str, *, fixed: bool = False, ours: bool = False) -> str:
    """Return the text without hidden secrets and without what looks like one.

    In a `fixed` text, which is a constant of ours, a word is only a word, whoever has it as a
    password. In one that is `ours` and has values in it, so is a word that our texts use, unless it
    stands where values stand.
    """
    # longest first: one secret may be part of another, or of a token, and a token part of one
    forms = sorted(_hidden, key=len, reverse=True)
    if fixed:
        forms = [form for form in forms if not form.isalpha()]
    if ours:
        words = [form for form in forms if form.isalpha() and form in text and _is_our_word(form)]
        for word in words:
            text = re.sub(rf"(?<=[\"'=/:@]){word}(?=[\"'&;,/:@\s]|$)", _MASK, text)
        forms = [form for form in forms if form not in words]
    for form in filter(_TOKEN.search, forms):
        text = _hidden[form].sub(_MASK, text)
    text = _TOKEN.sub(_MASK, text)
    for form in forms:
        text = _hidden[form].sub(_MASK, text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=64)
def _is_our_word(word: str) -> bool:
    """Return whether our texts use a word, also as a part of another."""
    sources = Path(__file__).parent.rglob("*.py")
    return any(word.encode() in source.read_bytes() for source in sources)


def setup_logging(level: Level = "info", fmt: Format = "logfmt") -> None:
    """Log to stderr from now on; calling it again changes level and format."""
    threshold = _LEVELS[level]
    handler = _Handler(sys.stderr)
    handler.setFormatter(JsonFormatter() if fmt == "json" else LogfmtFormatter())
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    debug = level == "debug"
    root.setLevel(threshold if debug else max(threshold, logging.WARNING))
    logging.getLogger("exporter").setLevel(threshold)
    # at debug pyenphase prints whole answers, serial numbers and all
    logging.getLogger("pyenphase").setLevel(logging.INFO if debug else logging.NOTSET)
    logging.captureWarnings(True)


class _Handler(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the record: with stderr gone there is nobody left to tell."""


class _Fields(logging.Formatter):
    """Collects the fields of a line; values are masked text, numbers or bools."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the fields in the order they are written."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": _level(record.levelno),
            "logger": record.name,
            "msg": _message(record),
        }
        for key, value in vars(record).items():
            if key not in _RESERVED:
                fields.setdefault(key, _value(value))
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["error"] = mask(f"{type(error).__name__}: {error}".removesuffix(": "))
            # What nobody expected is a mistake of ours, and can be reported only with its place.
            debug = logging.getLogger("exporter").isEnabledFor(logging.DEBUG)
            if debug or record.levelno >= logging.ERROR:
                fields["traceback"] = mask("".join(traceback.format_exception(error)))
        return fields


class LogfmtFormatter(_Fields):
    """Writes `key=value` pairs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return " ".join(f"{_key(k)}={_logfmt(v)}" for k, v in self.fields(record).items())


class JsonFormatter(_Fields):
    """Writes JSON objects."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return json.dumps(self.fields(record))


def _message(record: logging.LogRecord) -> str:
    """Return the message, masked."""
    try:
        if not f"{record.name}.".startswith("exporter."):
            return mask(record.getMessage())
        template, given = mask(str(record.msg), fixed=True), record.args
        if not given:
            return template
        if isinstance(given, Mapping):
            return template % {key: _masked_argument(value) for key, value in given.items()}
        return template % tuple(_masked_argument(value) for value in given)
    except (TypeError, ValueError, KeyError):
        # a wrong format string must not cost the line that tells what happened
        return mask(f"{record.msg} {record.args}")


def _masked_argument(value: object) -> object:
    return value if isinstance(value, (int, float)) else mask(str(value))


def _level(number: int) -> str:
    return next((name for name in reversed(_LEVELS) if number >= _LEVELS[name]), "debug")


def _value(value: object) -> Any:
    if isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return mask(str(value))


def _key(key: str) -> str:
    return re.sub(r"[^\w.-]", "_", key, flags=re.A)


def _logfmt(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in escaped) + '"'
