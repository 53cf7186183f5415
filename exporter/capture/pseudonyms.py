"""Makes what takes the place of an identity: of the same shape, and of nobody.

What is equal stays equal and what differs goes on to differ. A pseudonym follows from the original
and a random salt that is thrown away with this object, so nobody can tell back from it, be it by
trying all serial numbers there are.
"""

import hmac
import ipaddress
import random
import re
import string
from collections.abc import Callable, Iterable, Iterator

#: attempts at one length before a pseudonym gets longer: of single letters there are 26
_TRIES = 60
#: attempts after which a part that every pseudonym keeps, such as a domain, may be an original
_STRICT = 5 * _TRIES
#: networks that are everybody's; an address stays in its own, since that tells what is wrong
_NETWORKS = [
    *map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")),
    *map(ipaddress.ip_network, ("100.64.0.0/10", "fe80::/64", "fc00::/7")),
]
#: where other addresses go: to networks of benchmarks and documentation, which lead nowhere
_NOWHERE = {4: ipaddress.ip_network("198.18.0.0/15"), 6: ipaddress.ip_network("2001:db8::/32")}
#: digits and letters up to f, some of each: an id, and no word
_HEXADECIMAL = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f-]{6,}")
_DEGREES = re.compile(r"-?(?:1[0-7]\d|[1-8]\d|\d)\.\d*[1-9]")

Shape = Callable[[random.Random, str], str]


class Pseudonyms:
    """Pseudonyms by shape and original."""

    def __init__(self, salt: bytes, taken: Iterable[str]) -> None:
        """Make pseudonyms that follow from a salt; none is one of those `taken`, in lower case."""
        self._salt = salt
        self._taken = set(taken)
        self._made: dict[tuple[Shape, str], str] = {}
        self._originals: set[str] = set()
        self._telling: list[str] = []

    def avoid(self, originals: Iterable[str], telling: Iterable[str]) -> None:
        """Let no pseudonym be one of the originals, nor contain one of the `telling` ones."""
        self._originals = {original.lower() for original in originals}
        self._telling = [original.lower() for original in telling]

    def of(self, shape: Shape, original: str) -> str:
        """Return the pseudonym of an original, the same each time."""
        key = shape, original
        if key not in self._made:
            tries = enumerate(self._candidates(shape, original))
            made = next(one for count, one in tries if self._is_free(one.lower(), count < _STRICT))
            self._made[key] = made
            self._taken.add(made.lower())
        return self._made[key]

    def _candidates(self, shape: Shape, original: str) -> Iterator[str]:
        value = f"{shape.__name__}\0{original}".encode("utf-8", "surrogatepass")
        # not for secrecy: that is the salt's
        source = random.Random(int.from_bytes(hmac.digest(self._salt, value, "sha256")))  # noqa: S311
        while True:
            for _ in range(_TRIES):
                yield shape(source, original)
            if shape in (words, host, email):
                original = f"{1 if original.isdigit() else 'x'}{original}"

    def _is_free(self, made: str, strictly: bool) -> bool:
        if made in self._taken or not strictly:
            return made not in self._taken
        return made not in self._originals and not any(part in made for part in self._telling)


def words(source: random.Random, original: str) -> str:
    """Return letters for letters, digits for digits, and the rest as it is."""
    # letters beyond f would show that a number is not hexadecimal
    letters = "abcdef" if _HEXADECIMAL.fullmatch(original) else string.ascii_lowercase

    def other(match: re.Match[str]) -> str:
        return source.choice(string.digits if match[0] in string.digits else letters)

    made = re.sub(r"[0-9A-Za-z]|[^\0-\x7f]", other, original)
    # a number in JSON must not begin with a zero
    return source.choice("123456789") + made[1:] if made.isdigit() else made


def email(source: random.Random, original: str) -> str:
    """Return an address that nobody can have."""
    return f"{words(source, original.rpartition('@')[0])}@example.invalid"


def host(source: random.Random, original: str) -> str:
    """Return another name in the same domain, such as `local`."""
    name, dot, domain = original.rpartition(".")
    return words(source, name) + dot + domain if name else words(source, original)


def hardware(source: random.Random, original: str) -> str:
    """Return twelve hexadecimal digits of an address that no manufacturer gives."""
    return "02" + "".join(source.choices("0123456789abcdef", k=10))


def address(source: random.Random, original: str) -> str:
    """Return an IP address of the same network that everybody has, else of one that nobody has."""
    value = ipaddress.ip_address(original)
    networks = (network for network in _NETWORKS if value in network)
    network = next(networks, _NOWHERE[value.version])
    # neither the network's own address nor, where there is one, its broadcast
    return str(network[source.randrange(1, network.num_addresses - 1)])


def position(source: random.Random, original: str) -> str:
    """Return a degree with the same sign and as many digits."""
    tries = iter(lambda: words(source, original), "")
    return next(made for made in tries if _DEGREES.fullmatch(made))


def cased(made: str, original: str) -> str:
    """Return a pseudonym of lower case in the case of the original, letter by letter."""
    return "".join(
        letter.upper() if index < len(original) and original[index].isupper() else letter
        for index, letter in enumerate(made)
    )
