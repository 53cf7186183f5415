"""What identities look like wherever they stand: in a header, in the middle of a sentence."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporter.capture.identity_rules import GENERIC, IdentityKind

_HEX = "[0-9A-Fa-f]"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
#: a day and a minute, which some name their builds by
_MOMENT = re.compile(r"20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d")
#: addresses that everybody has
_COMMON = frozenset({"0.0.0.0", "255.255.255.255", "::", "::1"})  # noqa: S104 - nothing listens
#: keys of what looks like an address and counts versions
_VERSIONS = re.compile(r"ver|fw|firmware|software|img|pnum|build|release|ptpn|assembly|part|boot")


@dataclass(frozen=True, slots=True)
class IdentityMatch:
    """An identity in a text."""

    start: int
    end: int
    kind: IdentityKind
    content: str


def _address(content: str) -> bool:
    try:
        address = ipaddress.ip_address(content)
    except ValueError:
        return False
    mask = content.startswith("255.")
    return content not in _COMMON and not address.is_loopback and not mask


def _hardware(content: str) -> bool:
    return set(bare_hex(content)) not in ({"0"}, {"f"})


#: the first counts where two overlap; none begins again in what another attempt has looked at
_PATTERNS: tuple[tuple[IdentityKind, re.Pattern[str], Callable[[str], bool]], ...] = (
    (IdentityKind.SECRET, re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*)*", re.A), bool),
    (IdentityKind.SECRET, re.compile(r"(?<=://)[^\s/@\"]+(?=@)"), bool),
    (
        IdentityKind.OPAQUE,
        re.compile(rf"(?<![\w+/=]){_HEX}{{64,}}(?![\w+/=])|(?<![\w+/=-])[\w+/]{{96,}}=*", re.A),
        bool,
    ),
    (IdentityKind.EMAIL, re.compile(r"[\w.%+-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+"), bool),
    (
        IdentityKind.SITE,
        re.compile(rf"(?<![\w-]){_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}(?![\w-])"),
        _hardware,
    ),
    (
        IdentityKind.MAC,
        re.compile(
            rf"(?<![\w:-])(?:(?:{_HEX}{{2}}:){{5}}|(?:{_HEX}{{2}}-){{5}}){_HEX}{{2}}(?![\w:-])"
            rf"|(?<![\w.]){_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}{{4}}(?![\w.])"
        ),
        _hardware,
    ),
    (
        IdentityKind.ADDRESS,
        re.compile(rf"(?<![\w:.])(?:{_HEX}{{0,4}}:){{2,7}}(?:{_HEX}{{1,4}})?(?![\w:.])"),
        _address,
    ),
    (
        IdentityKind.ADDRESS,
        # behind a slash and a word it is the version of a product
        re.compile(rf"(?<![\w.-])(?<![A-Za-z]/)(?:{_OCTET}\.){{3}}{_OCTET}(?![\w-]|\.\d)"),
        _address,
    ),
    (
        IdentityKind.HOST,
        re.compile(
            r"(?<![\w@.-])(?:[\w-]+\.)+(?:local|lan|home|internal|localdomain|home\.arpa|fritz\.box)"
            r"(?![\w-]|\.\w)",
            re.I,
        ),
        lambda content: content.lower() not in GENERIC,
    ),
    (IdentityKind.PHONE, re.compile(r"(?<![\w.])\+\d[\d ()/-]{6,}\d(?![\w.])"), bool),
    (
        IdentityKind.SERIAL,
        re.compile(r"(?<!\d)\d{12}(?!\d)"),
        lambda content: len(set(content)) > 1 and not _MOMENT.fullmatch(content),
    ),
)


def find(text: str, key: str = "") -> Iterator[IdentityMatch]:
    """Yield what stands in a text; `key` is the one that it stands under, if any.

    Nothing that is yielded overlaps, and all of it is in the order of the text.
    """
    matches: list[IdentityMatch] = []
    for kind, pattern, fits in _PATTERNS:
        if kind is IdentityKind.ADDRESS and _VERSIONS.search(key.lower()):
            continue
        for match in pattern.finditer(text):
            start, end = match.span()
            if fits(match[0]) and all(end <= one.start or start >= one.end for one in matches):
                matches.append(IdentityMatch(start, end, kind, match[0]))
    return iter(sorted(matches, key=lambda one: one.start))


def is_loopback(content: str) -> bool:
    """Return whether it is an address of this very machine, which everybody has."""
    try:
        return ipaddress.ip_address(content).is_loopback
    except ValueError:
        return False


def bare_hex(content: str) -> str:
    """Return the digits of a hardware address, in lower case."""
    return re.sub(r"[^0-9a-f]", "", content.lower())
