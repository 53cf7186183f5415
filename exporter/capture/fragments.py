"""Takes JSON and markup apart into what may be replaced, and leaves every other byte alone.

Not a parser: captures hold answers that are cut off or were never right, and those are what a bug
report is about.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

# Each pattern goes through a text once: what it has looked at in vain it does not look at again.
_JSON = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*+")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
    r'|(?P<mark>[{}\[\],:])|(?P<open>"(?:[^"\\]|\\.)*+\\?\Z)',
    re.S,
)
_COLON = re.compile(r"\s*:")
#: a tag, or the words between two
_MARKUP = re.compile(r"<(?P<element>[A-Za-z][\w:-]*)?[^<>]*>?|[^<]+")
_ATTRIBUTE = re.compile(r"""(?<![\w:-])([A-Za-z][\w:-]*+)\s*+=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")

#: what a fragment is: the name of a member, a value, or what stands around tags
Role = Literal["name", "string", "number", "element", "attribute", "text"]
#: how it is written: a JSON string in ASCII, one that is not, with markup's entities, as it is
Code = Literal["ascii", "json", "markup", "plain"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a text that may be replaced: where it stands, what it says, under which key."""

    start: int
    end: int
    role: Role
    content: str
    key: str = ""
    #: the keys of what it stands in, the outermost first
    within: tuple[str, ...] = ()
    code: Code = "plain"

    def written(self, content: str) -> str:
        """Return other words in the way this fragment is written."""
        if self.code == "markup":
            return html.escape(content, quote=self.role == "attribute")
        if self.code == "plain":
            return content
        return json.dumps(content, ensure_ascii=self.code == "ascii")


def is_json(text: str) -> bool:
    """Return whether a text is JSON, be it broken."""
    return text.lstrip()[:1] in ("{", "[", '"')


def fragments(text: str) -> Iterator[Fragment]:
    """Yield the parts of a body in their order."""
    return _json(text) if is_json(text) else _markup(text)


def _json(text: str) -> Iterator[Fragment]:
    # of each container, the key of what comes next in it; that of a list is that of the list
    keys: list[str] = [""]
    lists: list[bool] = [True]
    for match in _JSON.finditer(text):
        start, end = match.span()
        content = match[0]
        if match["mark"]:
            if content in "{[":
                keys.append(keys[-1])
                lists.append(content == "[")
            elif content in "}]" and len(keys) > 1:
                keys.pop()
                lists.pop()
        elif match["number"]:
            yield Fragment(start, end, "number", content, keys[-1], tuple(keys[:-1]))
        elif match["open"]:
            yield Fragment(start + 1, end, "string", content[1:], keys[-1], tuple(keys[:-1]))
        else:
            fragment = _string(match)
            if not lists[-1] and _COLON.match(text, end):
                yield replace(fragment, role="name", key=keys[-2])
                keys[-1] = fragment.content
            else:
                yield replace(fragment, key=keys[-1], within=tuple(keys[:-1]))


def _string(match: re.Match[str]) -> Fragment:
    try:
        content = json.loads(match[0], strict=False)
    except ValueError:
        return Fragment(match.start() + 1, match.end() - 1, "string", match[0][1:-1])
    return Fragment(
        *match.span(), "string", content, code="ascii" if match[0].isascii() else "json"
    )


def _markup(text: str) -> Iterator[Fragment]:
    element = ""
    for match in _MARKUP.finditer(text):
        if match[0].startswith("<"):
            element = match["element"] or ""
            for attribute in _ATTRIBUTE.finditer(text, *match.span()):
                group = 2 if attribute[2] is not None else 3
                content = html.unescape(attribute[group])
                yield Fragment(
                    *attribute.span(group), "attribute", content, attribute[1], code="markup"
                )
        elif words := match[0].strip():
            start = match.start() + match[0].index(words)
            # with the name of the element where they fill it
            key = element if text.startswith("</", match.end()) else ""
            role: Role = "element" if key else "text"
            code: Code = "plain" if match[0] == text else "markup"
            yield Fragment(start, start + len(words), role, html.unescape(words), key, code=code)
