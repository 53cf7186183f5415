"""What a capture knows of its people and devices, so that it is found wherever it stands.

What stands under a telling key in one answer may stand in the middle of a sentence in another.
"""

import re
from collections.abc import Iterator

from exporter.capture.fragments import Fragment
from exporter.capture.identity_rules import (
    COMMON_WORDS,
    IdentityKind,
    is_enumeration,
    is_kept,
    kind_of,
)
from exporter.capture.patterns import IdentityMatch, bare_hex, find

#: shorter texts are replaced where their key says what they are, and nowhere else
_LEAST = 4
#: the same for numbers, and from when on they are found within longer ones
LEAST_DIGITS, _WITHIN = 6, 9
_CORES = re.compile(rf"\d{{{LEAST_DIGITS},}}")
#: digits, but not behind the point of a fraction
_RUNS = re.compile(rf"(?<!\d\.)(?<!\d)\d{{{LEAST_DIGITS},}}")
_DECIMALS = re.compile(r"(?<![\w.])-?\d{1,3}\.\d{2,}(?![\w.])")
_HEX_RUNS = re.compile(r"[0-9A-Fa-f]{12,}")
_FIELD = re.compile(r"[a-z_][A-Za-z0-9_]*")
#: of the names of members, only these are identities
_NAMES = (IdentityKind.SERIAL, IdentityKind.MAC)
NUMBERED = (IdentityKind.SERIAL, IdentityKind.SITE)


def canonical(content: str) -> str:
    """Return a text as it is known by: the case of ASCII says nothing."""
    return content.lower() if content.isascii() else content


def kind_at(fragment: Fragment) -> IdentityKind | None:
    """Return the kind of identity that a fragment is by its key, None where that says nothing."""
    if fragment.role == "text":
        return None
    if fragment.role == "name":
        kind = kind_of(fragment.key, fragment.content)
        return (
            kind
            if kind in _NAMES and sum(c.isdigit() for c in fragment.content) >= _WITHIN
            else None
        )
    if fragment.role == "attribute" and fragment.key.lower() in ("name", "label", "title", "key"):
        # in markup these name fields
        return None
    return kind_of(
        fragment.key, fragment.content, fragment.within, number=fragment.role == "number"
    )


class IdentityIndex:
    """All identities seen so far."""

    def __init__(self) -> None:
        #: by canonical text, the kind that it was first seen as
        self.kinds: dict[str, IdentityKind] = {}
        self._digits: dict[str, IdentityKind] = {}
        self._lengths: list[int] = []
        self._hardware: set[str] = set()
        self._positions: set[str] = set()
        self._words: re.Pattern[str] | None = None

    @property
    def originals(self) -> Iterator[tuple[str, IdentityKind]]:
        """Everything that must not be found any more."""
        yield from self.kinds.items()
        yield from self._digits.items()
        yield from ((content, IdentityKind.MAC) for content in self._hardware)

    def add(self, kind: IdentityKind, content: str) -> None:
        """Take note of an identity."""
        whole = [one for one in find(content) if (one.start, one.end) == (0, len(content))]
        kind = whole[0].kind if whole else kind
        if kind in NUMBERED and (cores := _CORES.findall(content)):
            for core in cores:
                self._digits.setdefault(core, kind)
                if len(core) >= _WITHIN and len(core) not in self._lengths:
                    self._lengths = sorted((*self._lengths, len(core)), reverse=True)
        elif kind is IdentityKind.MAC:
            self._hardware.add(bare_hex(content))
        elif kind is IdentityKind.POSITION:
            self._positions.add(content)
        else:
            self.kinds.setdefault(canonical(content), kind)
            self._words = None

    def collect(self, fragment: Fragment) -> None:
        """Take note of all that a fragment holds."""
        if is_kept(fragment.key, fragment.content):
            return
        if kind := kind_at(fragment):
            self.add(kind, fragment.content)
        if fragment.role != "number":
            for match in find(fragment.content, fragment.key):
                self.add(match.kind, match.content)

    def number(self, content: str) -> IdentityKind | None:
        """Return the kind of a number that is known, None for any other."""
        return IdentityKind.POSITION if content in self._positions else self._digits.get(content)

    def spans(self, content: str, key: str = "", *, name: bool = False) -> list[IdentityMatch]:
        """Return what is known in a text, in its order; of two that overlap, the longer.

        The `name` of a member that looks like a field's is never that of a person.
        """
        matches = [*find(content, key), *self._numbers(content), *self._bare_hardware(content)]
        if not (_FIELD.fullmatch(content) if name else is_enumeration(key)):
            matches += self._texts(content)
        taken: list[IdentityMatch] = []
        for one in sorted(matches, key=lambda one: (one.start - one.end, one.start)):
            if all(one.end <= other.start or one.start >= other.end for other in taken):
                taken.append(one)
        return sorted(taken, key=lambda one: one.start)

    def _numbers(self, content: str) -> Iterator[IdentityMatch]:
        for match in _RUNS.finditer(content):
            run, at = match[0], match.start()
            if run in self._digits:
                yield IdentityMatch(at, match.end(), self._digits[run], run)
                continue
            for length in self._lengths:
                for start in range(len(run) - length + 1):
                    part = run[start : start + length]
                    if part in self._digits:
                        yield IdentityMatch(
                            at + start, at + start + length, self._digits[part], part
                        )
        for match in _DECIMALS.finditer(content) if self._positions else ():
            if match[0] in self._positions:
                yield IdentityMatch(*match.span(), IdentityKind.POSITION, match[0])

    def _bare_hardware(self, content: str) -> Iterator[IdentityMatch]:
        for match in _HEX_RUNS.finditer(content) if self._hardware else ():
            run, at = match[0].lower(), match.start()
            for start in range(len(run) - 11):
                if run[start : start + 12] in self._hardware:
                    yield IdentityMatch(
                        at + start, at + start + 12, IdentityKind.MAC, match[0][start : start + 12]
                    )

    def _texts(self, content: str) -> Iterator[IdentityMatch]:
        if self._words is None:
            texts = [
                text
                for text, kind in self.kinds.items()
                # addresses are found by what they look like, and versions look like their parts
                if kind is not IdentityKind.ADDRESS
                and len(text) >= _LEAST
                and text not in COMMON_WORDS
            ]
            forms = (_bounded(text) for text in sorted(texts, key=len, reverse=True))
            self._words = re.compile("|".join(forms) or r"(?!)", re.I)
        for match in self._words.finditer(content):
            kind = self.kinds.get(canonical(match[0]))
            if kind is not None:
                yield IdentityMatch(*match.span(), kind, match[0])


def _bounded(text: str) -> str:
    """Return the pattern of a text that is not part of a longer word."""
    before = r"(?<!\w)" if re.match(r"\w", text) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", text) else ""
    return f"{before}{re.escape(text)}{after}"
