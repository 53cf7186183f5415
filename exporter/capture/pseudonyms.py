"""Makes what takes the place of an identity: of the same shape, and of nobody.

What is equal stays equal and what differs goes on to differ. A pseudonym follows from the original
and a random salt that is thrown away with this object, so nobody can tell back from it, be it by
trying all serial numbers there are.
"""

import hmac
import ipaddress
import random
import string
from collections.abc import Callable, Iterator

from exporter.capture.identity_rules import GENERIC

#: attempts at one length before a pseudonym gets longer: of single letters there are 26
_TRIES = 60
#: attempts after which a part that every pseudonym keeps, such as a domain, may be an original
_STRICT = 5 * _TRIES
#: shorter originals may be within anything
_LEAST = 4
_LETTERS = string.ascii_lowercase
#: networks that are everybody's; an address stays in its own, since that tells what is wrong
_NETWORKS = tuple(
    ipaddress.ip_network(value)
    for value in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
) + tuple(ipaddress.ip_network(value) for value in ("100.64.0.0/10", "fe80::/64", "fc00::/7"))
#: where other addresses go: to networks of benchmarks and documentation, which lead nowhere
_NOWHERE = {4: ipaddress.ip_network("198.18.0.0/15"), 6: ipaddress.ip_network("2001:db8::/32")}

#: degrees by their number of digits
_DEGREES = {1: (0, 10), 2: (10, 90), 3: (100, 180)}

Shape = Callable[[random.Random, str], str]


class Pseudonyms:
    """Stand-ins by shape and original."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._made: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()
        self._originals: set[str] = set()
        self._specific: set[str] = set()

    def avoid(self, original: str, *, within: bool) -> None:
        """Let no pseudonym be this, nor hold it `within` where it is long enough to be telling."""
        self._originals.add(original.lower())
        if within and len(original) >= _LEAST:
            self._specific.add(original.lower())

    def of(self, shape: Shape, original: str) -> str:
        """Return the pseudonym of an original, the same each time."""
        key = shape.__name__, original
        if key not in self._made:
            made = next(
                one
                for count, one in enumerate(self._candidates(shape, original))
                if self._is_free(one, strictly=count < _STRICT)
            )
            self._made[key] = made
            self._used.add(made.lower())
        return self._made[key]

    def _candidates(self, shape: Shape, original: str) -> Iterator[str]:
        value = original.encode("utf-8", "surrogatepass")
        seed = hmac.digest(self._salt, shape.__name__.encode() + b"\0" + value, "sha256")
        # not for secrecy: that is the salt's
        source = random.Random(int.from_bytes(seed))  # noqa: S311
        longer = ""
        while True:
            for _ in range(_TRIES):
                yield shape(source, longer + original)
            if shape in (words, digits, host, email):
                longer += "1" if original.isdigit() else "x"

    def _is_free(self, made: str, *, strictly: bool) -> bool:
        lower = made.lower()
        if lower in self._used or lower in GENERIC:
            return False
        if not strictly:
            return True
        return lower not in self._originals and not any(one in lower for one in self._specific)


def digits(source: random.Random, original: str) -> str:
    """Return as many digits; a number in JSON must not begin with a zero."""
    first = source.choice("123456789")
    return first + "".join(source.choices(string.digits, k=len(original) - 1))


def words(source: random.Random, original: str) -> str:
    """Return letters for letters, digits for digits, and the rest as it is."""
    return "".join(_character(source, character) for character in original)


def email(source: random.Random, original: str) -> str:
    """Return an address that nobody can have."""
    return f"{words(source, original.rpartition('@')[0])}@example.invalid"


def host(source: random.Random, original: str) -> str:
    """Return another name in the same domain, such as `local`."""
    name, dot, domain = original.rpartition(".")
    return words(source, name) + dot + domain if name else words(source, original)


def hexadecimal(source: random.Random, original: str) -> str:
    """Return digits for digits, letters up to f for letters, the rest as it is."""
    return "".join(_character(source, character, "abcdef") for character in original)


def hardware(source: random.Random, original: str) -> str:
    """Return twelve hexadecimal digits of an address that no manufacturer gives."""
    return "02" + "".join(source.choices("0123456789abcdef", k=10))


def address(source: random.Random, original: str) -> str:
    """Return an IP address of the same network that everybody has, else of one that nobody has."""
    value = ipaddress.ip_address(original)
    networks = (n for n in _NETWORKS if n.version == value.version and value in n)
    network = next(networks, _NOWHERE[value.version])
    # neither the network's own address nor, where there is one, its broadcast
    return str(network[source.randrange(1, network.num_addresses - 1)])


def position(source: random.Random, original: str) -> str:
    """Return a degree with the same sign and as many digits."""
    whole, dot, part = original.lstrip("-").partition(".")
    sign = "-" if original.startswith("-") else ""
    degrees = source.randrange(*_DEGREES[len(whole)])
    decimals = "".join(source.choices(string.digits, k=max(0, len(part) - 1)))
    return f"{sign}{degrees}{dot}{decimals}{source.choice('123456789')}"


def cased(made: str, original: str) -> str:
    """Return a pseudonym of lower case in the case of the original, letter by letter."""
    return "".join(
        letter.upper() if index < len(original) and original[index].isupper() else letter
        for index, letter in enumerate(made)
    )


def _character(source: random.Random, character: str, letters: str = _LETTERS) -> str:
    if character.isascii() and character.isdigit():
        return source.choice(string.digits)
    if character.isalpha() or not character.isascii():
        return source.choice(letters)
    return character
