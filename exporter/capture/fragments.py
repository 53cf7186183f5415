"""Takes JSON and markup apart into what may be replaced, and leaves every other byte alone.

Not a parser: captures hold answers that are cut off or were never right, and those are what a bug
report is about.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

# Each pattern goes through a text once: what it has looked at in vain it does not look at again.
#: a string, which the end of the answer may cut off even within an escape, a number, or where a
#: container begins or ends
_JSON = re.compile(
    r'"(?P<text>(?:[^"\\]|\\(?!(?:u[0-9A-Fa-f]{0,3})?\Z).)*+)(?P<end>"|.*)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|[{}\[\]]",
    re.S,
)
_COLON = re.compile(r"\s*:")
#: a tag, or the words between two
_MARKUP = re.compile(r"<(?P<element>[A-Za-z][\w:-]*)?[^<>]*>?|[^<]+")
_ATTRIBUTE = re.compile(
    r"""(?<![\w:-])(?P<name>[\w:-]++)\s*+=\s*["']"""
    r"""(?P<value>(?<=")[^"<>]*(?=")|(?<=')[^'<>]*(?='))"""
)
#: attributes whose values are names of fields
_NAMING = frozenset({"name", "label", "title", "key"})

#: the name of a member, a value of JSON, one that is cut off, or what is in or between tags
Role = Literal["name", "number", "string", "cut", "markup"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a text that may be replaced: where it stands, what it says, under which key."""

    start: int
    end: int
    content: str
    key: str = ""
    #: the keys of what it stands in, the outermost first
    within: tuple[str, ...] = ()
    role: Role = "markup"
    #: writes other words in the way this fragment is written
    encode: Callable[[str], str] = str

    def nested(self) -> "list[Fragment]":
        """Return the parts of the JSON in this string, none where it is no JSON."""
        if self.role not in ("string", "cut") or self.content[:1] not in ("{", "["):
            return []
        try:
            json.loads(self.content)
        except (ValueError, RecursionError):
            if self.role != "cut":
                return []
        return [*_json(self.content, [*self.within, self.key])]


def fragments(text: str) -> Iterator[Fragment]:
    """Yield the parts of a body in their order."""
    return _json(text, [""]) if text.lstrip()[:1] in ("{", "[", '"') else _markup(text)


def _json(text: str, keys: list[str]) -> Iterator[Fragment]:
    # of each container, the key of what comes next in it; that of a list is that of the list
    outermost = len(keys)
    for match in _JSON.finditer(text):
        if match[0] in ("{", "["):
            keys.append(keys[-1])
        elif match[0] in ("}", "]"):
            keys[outermost:] = keys[outermost:-1]
        elif match["number"]:
            yield Fragment(*match.span(), match[0], keys[-1], tuple(keys[:-1]), "number")
        else:
            content, encode = _decode(match["text"])
            span = match.span("text")
            if _COLON.match(text, match.end()):
                yield Fragment(*span, content, keys[-2:][0], (), "name", encode)
                keys[-1] = content
            else:
                role: Role = "string" if match["end"] == '"' else "cut"
                yield Fragment(*span, content, keys[-1], tuple(keys[:-1]), role, encode)


def _decode(text: str) -> tuple[str, Callable[[str], str]]:
    """Return what a string of JSON says, and what writes another like it; broken ones stay."""
    try:
        content: str = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text, str
    return content, lambda new: json.dumps(new, ensure_ascii=text.isascii())[1:-1]


def _markup(text: str) -> Iterator[Fragment]:
    element = ""
    for match in _MARKUP.finditer(text):
        if match[0].startswith("<"):
            element = match["element"] or ""
            for one in _ATTRIBUTE.finditer(text, *match.span()):
                key = "" if one["name"].lower() in _NAMING else one["name"]
                content = html.unescape(one["value"])
                yield Fragment(*one.span("value"), content, key, encode=html.escape)
        elif words := match[0].strip():
            start = match.start() + match[0].index(words)
            # with the name of the element where they fill it
            key = element if text.startswith("</", match.end()) else ""
            content, encode = (words, str) if match[0] == text else (html.unescape(words), _escape)
            yield Fragment(start, start + len(words), content, key, encode=encode)


def _escape(text: str) -> str:
    return html.escape(text, quote=False)
