"""Replaces who a capture belongs to: first all answers are studied, then each is rewritten."""

import ipaddress
import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from exporter.capture import pseudonyms
from exporter.capture.fragments import Fragment, fragments
from exporter.capture.identity_index import NUMBERED, IdentityIndex, canonical, kind_at
from exporter.capture.identity_rules import GENERIC, IdentityKind, is_kept
from exporter.capture.patterns import IdentityMatch, bare_hex, is_loopback
from exporter.capture.pseudonyms import Pseudonyms

_SHAPES: dict[IdentityKind, pseudonyms.Shape] = {
    IdentityKind.EMAIL: pseudonyms.email,
    IdentityKind.HOST: pseudonyms.host,
    IdentityKind.POSITION: pseudonyms.position,
}
#: how deep JSON is looked for in the texts of JSON
_DEPTH = 4
#: digits and letters up to f, some of each: an id, and no word
_HEXADECIMAL = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f-]{6,}")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Replaced:
    """How much of a kind was replaced: different ones, and places where they stood."""

    kind: IdentityKind
    distinct: int
    places: int


class Redactor:
    """Stand-ins for all identities of one capture; the salt is random and kept nowhere."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._index = IdentityIndex()
        self._pseudonyms = Pseudonyms(salt or secrets.token_bytes(32))
        self._places: Counter[IdentityKind] = Counter()
        self._distinct: dict[IdentityKind, set[str]] = {}

    def add_known(self, kind: IdentityKind, content: str) -> None:
        """Learn an identity that is known from elsewhere; what everybody is called is none."""
        if content.lower() not in GENERIC and not is_loopback(content):
            self._index.add(kind, content)

    def collect(self, texts: Iterable[str]) -> None:
        """Study all answers; to be done before the first of them is rewritten."""
        for text in texts:
            self._collect(text, _DEPTH)
        for original, kind in self._index.originals:
            # all addresses of a network begin alike
            self._pseudonyms.avoid(original, within=kind is not IdentityKind.ADDRESS)

    def redact(self, text: str) -> str:
        """Return an answer with pseudonyms, every other character as it was."""
        return self._redact(text, _DEPTH)

    def value(self, key: str, content: str) -> str:
        """Return a text with pseudonyms; `key` is what it stands under, if anything."""
        return self._rewritten(Fragment(0, len(content), "string", content, key), 0)

    def report(self) -> list[Replaced]:
        """Return what was replaced so far, in the order of the kinds."""
        return [
            Replaced(kind, len(self._distinct[kind]), self._places[kind])
            for kind in IdentityKind
            if kind in self._distinct
        ]

    def _collect(self, text: str, depth: int) -> None:
        for fragment in fragments(text):
            if depth and _nested(fragment):
                self._collect(fragment.content, depth - 1)
            else:
                self._index.collect(fragment)

    def _redact(self, text: str, depth: int) -> str:
        parts: list[str] = []
        end = 0
        for fragment in fragments(text):
            content = self._rewritten(fragment, depth)
            if content != fragment.content:
                parts += (text[end : fragment.start], fragment.written(content))
                end = fragment.end
        return "".join((*parts, text[end:]))

    def _rewritten(self, fragment: Fragment, depth: int) -> str:
        if depth and _nested(fragment):
            return self._redact(fragment.content, depth - 1)
        if is_kept(fragment.key, fragment.content):
            return fragment.content
        kind = kind_at(fragment)
        if fragment.role == "number":
            kind = kind or self._index.number(fragment.content)
            return fragment.content if kind is None else self._pseudonym(kind, fragment.content)
        matches = self._index.spans(fragment.content, fragment.key, name=fragment.role == "name")
        if kind is not None and not (kind in NUMBERED and matches):
            matches = [IdentityMatch(0, len(fragment.content), kind, fragment.content)]
        return self._replaced(fragment.content, matches)

    def _replaced(self, content: str, matches: Iterable[IdentityMatch]) -> str:
        parts: list[str] = []
        end = 0
        for one in matches:
            parts += (content[end : one.start], self._pseudonym(one.kind, one.content))
            end = one.end
        return "".join((*parts, content[end:]))

    def _pseudonym(self, kind: IdentityKind, content: str) -> str:
        kind = self._index.kinds.get(canonical(content), kind)
        original, made = self._made(kind, content)
        if made != content:
            self._places[kind] += 1
            self._distinct.setdefault(kind, set()).add(original)
        return made

    def _made(self, kind: IdentityKind, content: str) -> tuple[str, str]:
        """Return what an identity is known by, and its pseudonym in the form of the original."""
        of = self._pseudonyms.of
        if kind is IdentityKind.MAC:
            original = bare_hex(content)
            return original, _formed(of(pseudonyms.hardware, original), content)
        if kind is IdentityKind.ADDRESS and (match := _ADDRESS.match(content)):
            original = str(ipaddress.ip_address(match[0]))
            return original, of(pseudonyms.address, original) + content[match.end() :]
        if kind is IdentityKind.EMAIL and "%40" in content:
            original, made = self._made(kind, unquote(content))
            return original, made.replace("@", "%40")
        if content.isascii() and content.isdigit():
            return content, of(pseudonyms.digits, content)
        if kind is IdentityKind.POSITION:
            return content, of(pseudonyms.position, content)
        original = canonical(content)
        made = of(_SHAPES.get(kind) or _shape(original), original)
        return original, pseudonyms.cased(made, content) if content.isascii() else made


def _nested(fragment: Fragment) -> bool:
    if fragment.role != "string" or fragment.content[:1] not in ("{", "["):
        return False
    try:
        json.loads(fragment.content)
    except (ValueError, RecursionError):
        return False
    return True


def _shape(content: str) -> pseudonyms.Shape:
    """Return hexadecimal for what is, where letters beyond f would show that it is not."""
    return pseudonyms.hexadecimal if _HEXADECIMAL.fullmatch(content) else pseudonyms.words


def _formed(digits: str, content: str) -> str:
    """Return the digits of a hardware address with the separators and the case of another."""
    following = iter(digits.upper() if content != content.lower() else digits)
    return "".join(next(following) if character.isalnum() else character for character in content)
