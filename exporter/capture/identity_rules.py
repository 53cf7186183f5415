"""What says who somebody is or where he lives: its kinds, and the keys under which it stands.

A key counts by its end, `gatewaySerialNumber` as `serial_number`. Many keys mean several things, so
the value has to fit as well: under `ip` stands an address or the number of a part.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class IdentityKind(StrEnum):
    """A kind of identity, in the words of the report."""

    SERIAL = "serial numbers"
    MAC = "MAC addresses"
    ADDRESS = "IP addresses"
    HOST = "host names"
    NETWORK = "Wi-Fi names"
    SECRET = "tokens and passwords"  # noqa: S105 - a heading
    EMAIL = "e-mail addresses"
    SITE = "site, account and other ids"
    PERSON = "names"
    LOAD = "names of loads"
    PLACE = "postal addresses"
    POSITION = "coordinates"
    PHONE = "phone numbers"
    OPAQUE = "data that nobody can read"


#: values that say nothing of anybody, in lower case
GENERIC = frozenset(
    {
        *("", "none", "null", "nil", "unknown", "n/a", "na", "undefined", "default", "true"),
        *("false", "yes", "no", "on", "off", "localhost", "envoy", "envoy.local", "enphase"),
        *("installer", "owner", "admin", "user", "guest", "root"),
    }
)
#: words of the gateway's own; a load or a site called like one of them is replaced where it stands,
#: and nowhere else
COMMON_WORDS = GENERIC | {
    *("acb", "active", "all", "apply", "auto", "backfeed", "backup", "battery", "booting"),
    *("charging", "check-wiring", "close", "closed", "collar", "connected", "connecting"),
    *("consumption", "cellular", "date", "days", "device", "disabled", "discharging", "done"),
    *("economy", "eim", "enabled", "encharge", "energy", "enpower", "esub", "ethernet", "evse"),
    *("generac", "generator", "grid", "grid-tied", "house", "idle", "import", "export"),
    *("inverter", "inverters", "load", "manual", "meter", "metering", "mode", "net"),
    *("net-consumption", "normal", "nsrb", "open", "panel", "panels", "pcu", "peak", "phase"),
    *("production", "pv3p", "rates", "schedule", "self-consumption", "shed", "single_rate"),
    *("solar", "split", "standby", "state", "status", "storage", "tariff", "three", "time"),
    *("time_of_use", "total-consumption", "weekdays", "weekend", "wifi", "zigbee"),
}

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPLIT = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_HEX12 = re.compile(r"(?:[0-9A-Fa-f]{2}[:.-]?){5}[0-9A-Fa-f]{2}")


def _specific(text: str) -> bool:
    return text.strip().lower() not in GENERIC and any(c.isalnum() or ord(c) > 127 for c in text)


def _serial_like(text: str) -> bool:
    """Return whether there are digits, and more than one sort of characters."""
    bare = [c for c in text if c.isalnum()]
    return len(bare) >= 6 and any(c.isdigit() for c in bare) and len(set(bare)) > 1


def _id_like(text: str) -> bool:
    return _specific(text) and text.strip("0") != "" and any(c.isdigit() for c in text)


def _textual(text: str) -> bool:
    return _specific(text) and not _NUMBER.fullmatch(text)


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0].partition("/")[0])
    except ValueError:
        return False
    return True


def _host(text: str) -> bool:
    """Return whether it is a name in somebody's network: not a sentence, and not a public one."""
    public = text.lower().endswith(("enphaseenergy.com", "enphase.com", "pool.ntp.org"))
    return _textual(text) and not public and re.fullmatch(r"[\w.:-]+", text) is not None


def _position(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,3}\.\d{2,}", text) is not None and float(text) != 0


def _phone_number(text: str) -> bool:
    return sum(c.isdigit() for c in text) >= 6 and not re.search(r"[A-Za-z]{3}", text)


def _secret(text: str) -> bool:
    return _textual(text) and len(text) >= 6 and " " not in text


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Keys that end like this hold an identity where the value fits.

    `fits` is asked for texts; `numbers` is the least number of digits of a number that counts, 0
    where numbers never do.
    """

    kind: IdentityKind
    keys: frozenset[str]
    fits: Callable[[str], bool]
    numbers: int = 0


def _rule(kind: IdentityKind, keys: str, fits: Callable[[str], bool], numbers: int = 0) -> KeyRule:
    return KeyRule(kind, frozenset(keys.split()), fits, numbers)


#: the first that fits counts
RULES: tuple[KeyRule, ...] = (
    _rule(
        IdentityKind.MAC,
        "mac mac_addr mac_address hwaddr bssid",
        lambda t: bool(_HEX12.fullmatch(t)),
    ),
    _rule(IdentityKind.ADDRESS, "ip ip_addr ip_address address addr dns gateway server", _address),
    _rule(
        IdentityKind.SERIAL,
        "serial serials serial_num serial_nums serial_number serial_numbers serial_no serial_nb"
        " serialnum serialnumber sn device_id dev_id generator_id envoy_id euaid eui64 imei imsi"
        " iccid",
        _serial_like,
        9,
    ),
    _rule(
        IdentityKind.SITE,
        "site_id siteid system_id systemid site_uid uid uuid guid owner_id user_id customer_id"
        " account_id account account_number account_no contract contract_number installer_id"
        " company_id meter_number meter_no meter_serial site_number site system_number",
        _id_like,
        1,
    ),
    _rule(IdentityKind.EMAIL, "email e_mail mail email_address", lambda t: "@" in t),
    _rule(
        IdentityKind.PHONE,
        "phone phone_number phone_no telephone tel mobile fax msisdn",
        _phone_number,
        6,
    ),
    _rule(
        IdentityKind.NETWORK, "ssid essid ap_name network_name wifi_name access_point", _specific
    ),
    _rule(
        IdentityKind.SECRET,
        "token access_token refresh_token jwt password passwd passphrase passcode psk pin secret"
        " api_key apikey key session_id sessionid nonce cookie private_key",
        _secret,
    ),
    _rule(IdentityKind.HOST, "host hostname host_name fqdn domain domain_name mdns_name", _host),
    _rule(IdentityKind.LOAD, "load_name loadname", _specific),
    _rule(IdentityKind.POSITION, "lat latitude lon lng long longitude", _position),
    _rule(
        IdentityKind.PLACE,
        "address address1 address2 address_1 address_2 address_line1 address_line2 street"
        " street_address location house_number city town locality suburb county province"
        " postal_address",
        _textual,
    ),
    _rule(IdentityKind.PLACE, "zip zipcode zip_code postal_code postcode post_code", _specific, 3),
    _rule(
        IdentityKind.PERSON,
        "owner customer installer company organisation organization contact contact_person alias"
        " nickname username user_name login description label note notes comment comments"
        " full_name first_name last_name surname site_name system_name public_name owner_name"
        " customer_name installer_name company_name array_name zone_name panel_name user name",
        _textual,
    ),
)
#: keys of what has to stay, whatever it looks like: prices and local times hang on the time zone
_KEPT = frozenset({"timezone", "time_zone", "tz"})
#: an IANA name or a POSIX abbreviation: under these keys anything else may be personal
_TIMEZONE = re.compile(
    r"[A-Z][a-z]{1,14}(?:/[A-Za-z][A-Za-z_+-]{1,24}\d{0,2}){1,2}|[A-Z]{3,4}(?:[+-]?\d{1,2}[A-Z]{0,4})?"
)
#: last words of keys whose values are words of the gateway's own, and never those of a person
_ENUMERATIONS = frozenset(
    {"type", "mode", "state", "status", "str", "phase", "interface", "unit", "code"}
)
#: keys that end in `name` and name nobody
_NO_NAMES = frozenset({"dev_name", "file_name", "class_name", "interface_name", "type_name"})
_TAILS = 3
#: keys of all that there is to know of somebody
_PEOPLE = frozenset(
    {"owner", "customer", "installer", "contact", "company", "account", "address", "location"}
)


def normal(key: str) -> str:
    """Return a key in lower case with its words apart: `serialNum` becomes `serial_num`."""
    return "_".join(filter(None, _SPLIT.split(_CAMEL.sub("_", key).lower())))


def is_kept(key: str, value: str) -> bool:
    """Return whether a value stays: a time zone under a key for one."""
    return normal(key) in _KEPT and _TIMEZONE.fullmatch(value) is not None


def is_enumeration(key: str) -> bool:
    """Return whether words of the gateway's own stand under a key."""
    return normal(key).rpartition("_")[2] in _ENUMERATIONS


def kind_of(
    key: str, text: str, within: tuple[str, ...] = (), *, number: bool = False
) -> IdentityKind | None:
    """Return the kind of identity that stands under a key, None for anything else.

    `within` are the keys around it: whatever text stands in an `owner` is about the owner.
    """
    words = normal(key).split("_")
    if "_".join(words[-2:]) in _NO_NAMES:
        return None
    tails = {"_".join(words[-count:]) for count in range(1, _TAILS + 1)}
    if words == ["s"]:
        # what `/inv` calls a serial number
        tails.add("sn")
    for rule in RULES:
        if tails & rule.keys and _fits(rule, text, number):
            return rule.kind
    around = {tail for outer in within for tail in normal(outer).rsplit("_", 1)[-1:]}
    return IdentityKind.PERSON if around & _PEOPLE and not number and _textual(text) else None


def _fits(rule: KeyRule, text: str, number: bool) -> bool:
    if not number or rule.kind is IdentityKind.POSITION:
        return rule.fits(text)
    return 0 < rule.numbers <= len(text) and text.isdigit() and text.strip("0") != ""
