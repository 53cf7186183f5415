"""What says who somebody is or where he lives: a row for each kind.

A row has the keys under which the kind stands, what its values look like there, what they look
like anywhere else, and what takes their place. A key counts by its end, `gatewaySerialNumber` as
`serial_number`. Many keys mean several things, so the value has to fit as well: under `ip` stands
an address or the number of a part.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from exporter.capture import pseudonyms


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: values that say nothing of anybody, in lower case
GENERIC = {""} | _words(
    "none null nil unknown n/a na undefined default true false yes no on off localhost envoy"
    " envoy.local enphase installer owner admin user guest root"
)
#: words of the gateway's own; a load or a site called like one of them is replaced where it stands,
#: and nowhere else
COMMON_WORDS = GENERIC | _words(
    "acb active all apply auto backfeed backup battery booting charging check-wiring close closed"
    " collar connected connecting consumption cellular date days device disabled discharging done"
    " economy eim enabled encharge energy enpower esub ethernet evse generac generator grid"
    " grid-tied house idle import export inverter inverters load manual meter metering mode net"
    " net-consumption normal nsrb open panel panels pcu peak phase production pv3p rates schedule"
    " self-consumption shed single_rate solar split standby state status storage tariff three time"
    " time_of_use total-consumption weekdays weekend wifi zigbee"
)

_HEX = "[0-9A-Fa-f]"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
#: looks like an address of hardware, and is none
_BLANK = r"(?![0:.-]{1,36}+(?![\w:.-]))(?![Ff:.-]{1,36}+(?![\w:.-]))"
#: any text but a number
_TEXT = r"(?!-?\d+(?:\.\d+)?\Z).+"
#: a day and a minute, which some name their builds by
_MOMENT = r"20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?!\d)"
#: digits, and more than one sort of characters
_SERIAL = r"(?=.*\d)(?=(?:[\W_]*[^\W_]){6})(?![\W_]*([^\W_])(?:[\W_]|\1)*\Z).+"
_POSITION = r"(?=.*[1-9])-?\d{1,3}\.\d{2,}"


def is_address(text: str) -> bool:
    """Return whether a text is an IP address, with or without a zone or the length of a prefix."""
    try:
        ipaddress.ip_address(re.split("[%/]", text)[0])
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class IdentityRule:
    """How a kind of identity is recognized and replaced; patterns are regular expressions.

    None of them begins again in what another attempt has looked at.
    """

    title: str
    #: ends of keys
    keys: str = "(?!)"
    #: what texts under these keys look like, and numbers; by default no number is one
    text: str = ".+"
    number: str = "(?!)"
    #: what it looks like anywhere
    anywhere: str = "(?!)"
    check: Callable[[str], bool] = bool
    shape: pseudonyms.Shape = pseudonyms.words


class IdentityKind(Enum):
    """A kind of identity; the first that fits counts."""

    SECRET = IdentityRule(
        "tokens and passwords",
        "token jwt password passwd passphrase passcode psk pin secret apikey key session_id"
        " sessionid nonce cookie",
        rf"(?=[^ ]{{6,}}\Z){_TEXT}",
        anywhere=r"\b(?a:eyJ[\w-]{8,}(?:\.[\w-]*)*)|(?<=://)[^\s/@\"]+(?=@)",
    )
    OPAQUE = IdentityRule(
        "data that nobody can read",
        anywhere=rf"(?a:(?<![\w+/=]){_HEX}{{64,}}(?![\w+/=])|(?<![\w+/=-])[\w+/]{{96,}}=*)",
    )
    EMAIL = IdentityRule(
        "e-mail addresses",
        "email mail email_address",
        ".*@.*",
        anywhere=r"[\w.%+-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+",
        shape=pseudonyms.email,
    )
    SITE = IdentityRule(
        "site, account and other ids",
        "site_id siteid system_id systemid site_uid uid uuid guid owner_id user_id customer_id"
        " account_id account account_number account_no contract contract_number installer_id"
        " company_id meter_number meter_no meter_serial site_number site system_number",
        r"(?=.*\d)(?!0+\Z).+",
        r"[1-9]\d*",
        rf"(?<![\w-]){_BLANK}{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}(?![\w-])",
    )
    MAC = IdentityRule(
        "MAC addresses",
        "mac mac_addr mac_address hwaddr bssid",
        rf"(?:{_HEX}{{2}}[:.-]?){{5}}{_HEX}{{2}}",
        anywhere=rf"(?<![\w:-]){_BLANK}{_HEX}{{2}}(?:(?::{_HEX}{{2}}){{5}}|(?:-{_HEX}{{2}}){{5}})"
        rf"(?![\w:-])|(?<![\w.]){_BLANK}{_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}{{4}}(?![\w.])",
        shape=pseudonyms.hardware,
    )
    ADDRESS = IdentityRule(
        "IP addresses",
        "ip ip_addr ip_address address addr dns gateway server",
        # none that everybody has; behind a slash and a word it is the version of a product
        anywhere=rf"(?<![\w:.])(?!::1?(?![\w:.]))(?:{_HEX}{{0,4}}:){{2,7}}(?:{_HEX}{{1,4}})?(?![\w:.])"
        r"|(?<![\w.-])(?<![A-Za-z]/)(?!0\.0\.0\.0|127\.|255\.)"
        rf"(?:{_OCTET}\.){{3}}{_OCTET}(?![\w-]|\.\d)",
        check=is_address,
        shape=pseudonyms.address,
    )
    HOST = IdentityRule(
        "host names",
        "host hostname host_name fqdn domain domain_name mdns_name",
        # a name in somebody's network: not a sentence, and not a public one
        rf"(?!(?i:.*(?:enphaseenergy\.com|enphase\.com|pool\.ntp\.org)\Z))(?=[\w.:-]+\Z){_TEXT}",
        anywhere=r"(?i:(?<![\w@.-])(?!envoy\.local\b)(?:[\w-]+\.)+"
        r"(?:local|lan|home|internal|localdomain|home\.arpa|fritz\.box)(?![\w-]|\.\w))",
        shape=pseudonyms.host,
    )
    PHONE = IdentityRule(
        "phone numbers",
        "phone phone_number phone_no telephone tel mobile fax msisdn",
        r"(?=(?:\D*\d){6})(?!.*[A-Za-z]{3}).+",
        r"\d{6,}",
        r"(?<![\w.])\+\d[\d ()/-]{6,}\d(?![\w.])",
    )
    SERIAL = IdentityRule(
        "serial numbers",
        "serial serials serial_num serial_nums serial_number serial_numbers serial_no serial_nb"
        " serialnum serialnumber sn device_id dev_id generator_id envoy_id euaid eui64 imei imsi"
        " iccid",
        _SERIAL,
        r"\d{9,}",
        rf"(?<!\d)(?!{_MOMENT})(?!(\d)\1{{11}})\d{{12}}(?!\d)",
    )
    NETWORK = IdentityRule("Wi-Fi names", "ssid essid ap_name network_name wifi_name access_point")
    LOAD = IdentityRule("names of loads", "load_name loadname")
    POSITION = IdentityRule(
        "coordinates",
        "lat latitude lon lng long longitude",
        _POSITION,
        _POSITION,
        shape=pseudonyms.position,
    )
    PLACE = IdentityRule(
        "postal addresses",
        "address address1 address2 address_1 address_2 address_line1 address_line2 street location"
        " house_number city town locality suburb county province",
        _TEXT,
    )
    POSTCODE = IdentityRule(
        "postcodes", "zip zipcode zip_code postal_code postcode post_code", number=r"\d{3,}"
    )
    PERSON = IdentityRule(
        "names",
        "owner customer installer company organisation organization contact contact_person alias"
        " nickname username login description label note notes comment comments surname user name",
        _TEXT,
    )

    def __str__(self) -> str:
        return self.value.title


@dataclass(frozen=True, slots=True)
class IdentityMatch:
    """An identity in a text."""

    kind: IdentityKind
    start: int
    end: int


def _ending(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|_)(?:{'|'.join(words.split())})$")


_RULES = [
    (kind, kind.value, _ending(kind.value.keys), re.compile(kind.value.anywhere))
    for kind in IdentityKind
]
#: keys of what has to stay, whatever it looks like: prices and local times hang on the time zone
_TIME_ZONE_KEYS = _ending("timezone time_zone tz")
#: an IANA name or a POSIX abbreviation: under these keys anything else may be personal
_TIME_ZONE = re.compile(
    r"[A-Z][a-z]{1,14}(?:/[A-Za-z][A-Za-z_+-]{1,24}\d{0,2}){1,2}|[A-Z]{3,4}(?:[+-]?\d{1,2}[A-Z]{0,4})?"
)
#: keys whose values are words of the gateway's own, and never those of a person
_ENUMERATIONS = _ending("type mode state status str phase interface unit code")
#: keys that end in `name` and name nobody
_NO_NAMES = _ending("dev_name file_name class_name interface_name type_name")
#: keys of all that there is to know of somebody
_PEOPLE = _ending("owner customer installer contact company account address location")
#: keys of what looks like an address and counts versions
_VERSIONS = re.compile(r"ver|fw|firmware|software|img|pnum|build|release|ptpn|assembly|part|boot")


@lru_cache(maxsize=4096)
def normal(key: str) -> str:
    """Return a key in lower case with its words apart: `serialNum` becomes `serial_num`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def is_kept(key: str, value: str) -> bool:
    """Return whether a value stays: a time zone under a key for one."""
    return bool(_TIME_ZONE_KEYS.search(normal(key)) and _TIME_ZONE.fullmatch(value))


def is_enumeration(key: str) -> bool:
    """Return whether words of the gateway's own stand under a key."""
    return bool(_ENUMERATIONS.search(normal(key)))


def kind_of(
    key: str, text: str, within: Iterable[str] = (), *, number: bool = False
) -> IdentityKind | None:
    """Return the kind of identity that stands under a key, None for anything else.

    `within` are the keys around it: whatever text stands in an `owner` is about the owner.
    """
    # `s` is what `/inv` calls a serial number
    name = "sn" if key == "s" else normal(key)
    specific = text.strip().lower() not in GENERIC and re.search(r"[^\W_]|[^\0-\x7f]", text)
    if not specific or _NO_NAMES.search(name):
        return None
    for kind, rule, keys, _ in _RULES:
        pattern = rule.number if number else rule.text
        if keys.search(name) and re.fullmatch(pattern, text, re.S) and rule.check(text):
            return kind
    if not number and any(_PEOPLE.search(normal(outer)) for outer in within):
        return IdentityKind.PERSON if re.fullmatch(_TEXT, text, re.S) else None
    return None


def find(text: str, key: str = "") -> list[IdentityMatch]:
    """Return what looks like an identity in a text; `key` is what it stands under, if anything."""
    matches = (
        IdentityMatch(kind, *match.span())
        for kind, rule, _, anywhere in _RULES
        if not (kind is IdentityKind.ADDRESS and _VERSIONS.search(key.lower()))
        for match in anywhere.finditer(text)
        if rule.check(match[0])
    )
    return apart(matches, len(text))


def apart(matches: Iterable[IdentityMatch], length: int) -> list[IdentityMatch]:
    """Return the matches that overlap with none before them, in the order of the text."""
    taken = bytearray(length)
    free = []
    for match in matches:
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = b"x" * (match.end - match.start)
            free.append(match)
    return sorted(free, key=lambda match: match.start)
