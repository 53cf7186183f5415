"""Replaces who a capture belongs to: first all answers are studied, then each is rewritten.

What stands under a telling key in one answer may stand in the middle of a sentence in another.
"""

import ipaddress
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from exporter.capture.fragments import Fragment, fragments
from exporter.capture.identity_rules import (
    COMMON_WORDS,
    GENERIC,
    IdentityKind,
    IdentityMatch,
    apart,
    find,
    is_enumeration,
    is_kept,
    kind_of,
)
from exporter.capture.pseudonyms import Pseudonyms, cased

#: shorter texts are replaced where their key says what they are, and nowhere else
_LEAST = 4
#: the same for numbers, and from when on they are found within longer ones
_LEAST_DIGITS, _WITHIN = 6, 9
_NUMBERED = (IdentityKind.SERIAL, IdentityKind.SITE)
#: kinds that no word of the gateway's own can be taken for
_TELLING = (*_NUMBERED, IdentityKind.MAC, IdentityKind.POSITION, IdentityKind.SECRET)
#: of the names of members, only these are identities
_NAMES = (IdentityKind.SERIAL, IdentityKind.MAC)
#: a name that a field may have
_FIELD = re.compile(r"[a-z_][A-Za-z0-9_]*")
#: what may follow an address: its zone, or the length of its prefix
_SUFFIX = re.compile("[%/]")
_LOOPBACK = re.compile(r"127\.[\d.]+|::1")
#: the digits of a serial number that may have letters around; not those of a fraction
_CORES = re.compile(rf"(?<!\d)(?<!\d\.)\d{{{_LEAST_DIGITS},}}")

Visit = Callable[[IdentityKind, str], str]
Change = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Replaced:
    """How much of a kind was replaced: different ones, and places where they stood."""

    kind: IdentityKind
    distinct: int
    places: int

    def __str__(self) -> str:
        return f"{self.kind}: {self.distinct} different, in {self.places} places"


class Redactor:
    """Pseudonyms for all identities of one capture; the salt is random and kept nowhere."""

    def __init__(self, salt: bytes | None = None) -> None:
        #: by canonical text, the kind that it was first seen as
        self._known: dict[str, IdentityKind] = {}
        self._pattern = re.compile(r"(?!)")
        self._pseudonyms = Pseudonyms(salt or secrets.token_bytes(32), GENERIC)
        #: by kind, in how many places each original stood
        self._places: defaultdict[IdentityKind, Counter[str]] = defaultdict(Counter)

    def add_known(self, kind: IdentityKind, content: str) -> None:
        """Learn an identity that is known from elsewhere; what everybody is called is none."""
        if content.lower() not in GENERIC and not _LOOPBACK.fullmatch(content):
            self._learn(kind, content)

    def collect(self, texts: Iterable[str]) -> None:
        """Study all answers; to be done before the first of them is rewritten."""
        for text in texts:
            _splice(text, self._changes(fragments(text), self._learn))
        known = sorted(self._known.items(), key=lambda one: -len(one[0]))
        forms = filter(None, (_form(text, kind) for text, kind in known))
        self._pattern = re.compile("|".join(forms) or r"(?!)", re.I)
        # all addresses of a network begin alike
        telling = [text for text, kind in known if kind is not IdentityKind.ADDRESS]
        self._pseudonyms.avoid(self._known, (text for text in telling if len(text) >= _LEAST))

    def redact(self, text: str) -> str:
        """Return an answer with pseudonyms, every other character as it was."""
        return _splice(text, self._changes(fragments(text), self._pseudonym))

    def value(self, key: str, content: str) -> str:
        """Return a text with pseudonyms; `key` is what it stands under, if anything."""
        return self._rewritten(Fragment(0, len(content), content, key), self._pseudonym)

    def report(self) -> list[Replaced]:
        """Return what was replaced so far, in the order of the kinds."""
        return [
            Replaced(kind, len(places), places.total())
            for kind in IdentityKind
            if (places := self._places[kind])
        ]

    def _changes(self, parts: Iterable[Fragment], visit: Visit) -> Iterator[Change]:
        """Yield the fragments that `visit` changes."""
        for fragment in parts:
            content = self._rewritten(fragment, visit)
            if content != fragment.content:
                yield fragment.start, fragment.end, fragment.encode(content)

    def _rewritten(self, fragment: Fragment, visit: Visit) -> str:
        content = fragment.content
        if inner := fragment.nested():
            return _splice(content, self._changes(inner, visit))
        if is_kept(fragment.key, content):
            return content
        return _splice(
            content,
            (
                (one.start, one.end, visit(one.kind, content[one.start : one.end]))
                for one in self._matches(fragment)
            ),
        )

    def _matches(self, fragment: Fragment) -> list[IdentityMatch]:
        """Return what has to be replaced in a fragment; of two that overlap, the longer."""
        content, kind, matches = fragment.content, _kind_at(fragment), self._known_in(fragment)
        if fragment.role != "number":
            matches += find(content, fragment.key)
        cores = [*_CORES.finditer(content)] if kind in _NUMBERED else []
        if kind and not cores:
            return [IdentityMatch(kind, 0, len(content))]
        matches += [IdentityMatch(kind, *core.span()) for core in cores if kind]
        matches.sort(key=lambda one: (one.start - one.end, one.start))
        return apart(matches, len(content))

    def _known_in(self, fragment: Fragment) -> list[IdentityMatch]:
        """Return what is known from elsewhere."""
        content = fragment.content
        if fragment.role == "number":
            kind = self._known.get(content)
            telling = kind is IdentityKind.POSITION or len(content) >= _LEAST_DIGITS
            return [IdentityMatch(kind, 0, len(content))] if kind and telling else []
        is_name = fragment.role == "name"
        own_words = _FIELD.fullmatch(content) if is_name else is_enumeration(fragment.key)
        return [
            IdentityMatch(kind, *match.span())
            for match in self._pattern.finditer(content)
            if (kind := self._known.get(_plain(match[0]))) and (kind in _TELLING or not own_words)
        ]

    def _learn(self, kind: IdentityKind, content: str) -> str:
        """Take note of an identity and of all that is found in it."""
        matches = find(content)
        if all(one.end - one.start < len(content) for one in matches):
            matches.append(IdentityMatch(kind, 0, len(content)))
        for one in matches:
            original = _canonical(one.kind, content[one.start : one.end])
            self._known.setdefault(original, one.kind)
        return content

    def _pseudonym(self, kind: IdentityKind, content: str) -> str:
        """Return what takes the place of an identity, in the form of the original."""
        kind = self._known.get(_canonical(kind, content), kind)
        original = _canonical(kind, content)
        made = self._pseudonyms.of(kind.value.shape, original)
        if kind is IdentityKind.MAC:
            digits = iter(made if content == content.lower() else made.upper())
            made = re.sub(r"[0-9A-Fa-f]", lambda _: next(digits), content)
        elif kind is IdentityKind.ADDRESS:
            made += content[len(_SUFFIX.split(content)[0]) :]
        elif kind is IdentityKind.EMAIL and "%40" in content:
            made = cased(made, unquote(content)).replace("@", "%40")
        elif content.isascii():
            made = cased(made, content)
        if made != content:
            self._places[kind][original] += 1
        return made


def _splice(text: str, changes: Iterable[Change]) -> str:
    """Return a text with these changes: from where to where, and what comes there."""
    parts: list[str] = []
    at = 0
    for start, end, new in changes:
        parts += (text[at:start], new)
        at = end
    return "".join((*parts, text[at:]))


def _form(text: str, kind: IdentityKind) -> str | None:
    """Return a pattern that finds what is known in any text; None for what is only in its place."""
    literal, digits = re.escape(text), text.isdigit() and len(text)
    if kind is IdentityKind.MAC:
        return literal
    if digits >= _WITHIN:
        return rf"(?<!\d\.){literal}"
    if kind is IdentityKind.POSITION or digits >= _LEAST_DIGITS:
        return rf"(?<!\d)(?<!\d\.){literal}(?!\d)"
    # addresses are found by what they look like, and versions look like their parts
    if kind is IdentityKind.ADDRESS or len(text) < _LEAST or text in COMMON_WORDS:
        return None
    return rf"(?:\b|(?!\w)){literal}(?:\b|(?<!\w))"


def _canonical(kind: IdentityKind, content: str) -> str:
    """Return the form in which an identity is known, however it is written."""
    if kind is IdentityKind.MAC:
        return re.sub(r"[^0-9a-f]", "", content.lower())
    if kind is IdentityKind.ADDRESS:
        return str(ipaddress.ip_address(_SUFFIX.split(content)[0]))
    return _plain(unquote(content) if kind is IdentityKind.EMAIL and "%40" in content else content)


def _plain(text: str) -> str:
    # the case of ASCII says nothing; of other letters, some have no other case
    return text.lower() if text.isascii() else text


def _kind_at(fragment: Fragment) -> IdentityKind | None:
    """Return the kind of identity that a fragment is by its key, None where that says nothing."""
    number = fragment.role == "number"
    kind = kind_of(fragment.key, fragment.content, fragment.within, number=number)
    if fragment.role == "name" and (
        kind not in _NAMES or len(re.findall(r"\d", fragment.content)) < _WITHIN
    ):
        return None
    return kind
