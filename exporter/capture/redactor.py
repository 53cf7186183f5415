"""Replaces who a capture belongs to: first all answers are studied, then each is rewritten."""

import ipaddress
import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.capture import pseudonyms
from exporter.capture.fragments import Piece, pieces
from exporter.capture.identity_index import NUMBERED, Knowledge, canonical, kind_at
from exporter.capture.identity_rules import NOBODY, Kind, is_kept
from exporter.capture.patterns import Found, bare_hex, is_loopback
from exporter.capture.pseudonyms import StandIns

_SHAPES: dict[Kind, pseudonyms.Shape] = {
    Kind.EMAIL: pseudonyms.email,
    Kind.HOST: pseudonyms.host,
    Kind.POSITION: pseudonyms.position,
}
#: how deep JSON is looked for in the texts of JSON
_DEPTH = 4
#: digits and letters up to f, some of each: an id, and no word
_HEXADECIMAL = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f-]{6,}")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Replaced:
    """How much of a kind was replaced: different ones, and places where they stood."""

    kind: Kind
    distinct: int
    places: int


class Redactor:
    """Stand-ins for all identities of one capture; the salt is random and kept nowhere."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._known = Knowledge()
        self._stand_ins = StandIns(salt or secrets.token_bytes(32))
        self._places: Counter[Kind] = Counter()
        self._distinct: dict[Kind, set[str]] = {}

    def know(self, kind: Kind, said: str) -> None:
        """Learn an identity that is known from elsewhere; what everybody is called is none."""
        if said.lower() not in NOBODY and not is_loopback(said):
            self._known.add(kind, said)

    def learn(self, texts: Iterable[str]) -> None:
        """Study all answers; to be done before the first of them is rewritten."""
        for text in texts:
            self._learn(text, _DEPTH)
        for original, kind in self._known.originals:
            # all addresses of a network begin alike
            self._stand_ins.avoid(original, within=kind is not Kind.ADDRESS)

    def redact(self, text: str) -> str:
        """Return an answer with stand-ins, every other character as it was."""
        return self._redact(text, _DEPTH)

    def value(self, key: str, said: str) -> str:
        """Return a text with stand-ins; `key` is what it stands under, if anything."""
        return self._rewritten(Piece(0, len(said), "string", said, key), 0)

    def report(self) -> list[Replaced]:
        """Return what was replaced so far, in the order of the kinds."""
        return [
            Replaced(kind, len(self._distinct[kind]), self._places[kind])
            for kind in Kind
            if kind in self._distinct
        ]

    def _learn(self, text: str, depth: int) -> None:
        for piece in pieces(text):
            if depth and _nested(piece):
                self._learn(piece.said, depth - 1)
            else:
                self._known.study(piece)

    def _redact(self, text: str, depth: int) -> str:
        parts: list[str] = []
        end = 0
        for piece in pieces(text):
            said = self._rewritten(piece, depth)
            if said != piece.said:
                parts += (text[end : piece.start], piece.written(said))
                end = piece.end
        return "".join((*parts, text[end:]))

    def _rewritten(self, piece: Piece, depth: int) -> str:
        if depth and _nested(piece):
            return self._redact(piece.said, depth - 1)
        if is_kept(piece.key):
            return piece.said
        kind = kind_at(piece)
        if piece.role == "number":
            kind = kind or self._known.number(piece.said)
            return piece.said if kind is None else self._stand_in(kind, piece.said)
        found = self._known.spans(piece.said, piece.key, name=piece.role == "name")
        if kind is not None and not (kind in NUMBERED and found):
            found = [Found(0, len(piece.said), kind, piece.said)]
        return self._replaced(piece.said, found)

    def _replaced(self, said: str, found: Iterable[Found]) -> str:
        parts: list[str] = []
        end = 0
        for one in found:
            parts += (said[end : one.start], self._stand_in(one.kind, one.said))
            end = one.end
        return "".join((*parts, said[end:]))

    def _stand_in(self, kind: Kind, said: str) -> str:
        kind = self._known.kinds.get(canonical(said), kind)
        original, made = self._made(kind, said)
        if made != said:
            self._places[kind] += 1
            self._distinct.setdefault(kind, set()).add(original)
        return made

    def _made(self, kind: Kind, said: str) -> tuple[str, str]:
        """Return what an identity is known by, and its stand-in in the form of the original."""
        of = self._stand_ins.of
        if kind is Kind.MAC:
            original = bare_hex(said)
            return original, _formed(of(pseudonyms.hardware, original), said)
        if kind is Kind.ADDRESS and (match := _ADDRESS.match(said)):
            original = str(ipaddress.ip_address(match[0]))
            return original, of(pseudonyms.address, original) + said[match.end() :]
        if said.isascii() and said.isdigit():
            return said, of(pseudonyms.digits, said)
        if kind is Kind.POSITION:
            return said, of(pseudonyms.position, said)
        original = canonical(said)
        made = of(_SHAPES.get(kind) or _shape(original), original)
        return original, pseudonyms.cased(made, said) if said.isascii() else made


def _nested(piece: Piece) -> bool:
    if piece.role != "string" or piece.said[:1] not in ("{", "["):
        return False
    try:
        json.loads(piece.said)
    except (ValueError, RecursionError):
        return False
    return True


def _shape(said: str) -> pseudonyms.Shape:
    """Return hexadecimal for what is, where letters beyond f would show that it is not."""
    return pseudonyms.hexadecimal if _HEXADECIMAL.fullmatch(said) else pseudonyms.words


def _formed(digits: str, said: str) -> str:
    """Return the digits of a hardware address with the separators and the case of another."""
    following = iter(digits.upper() if said != said.lower() else digits)
    return "".join(next(following) if character.isalnum() else character for character in said)
