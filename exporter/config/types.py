"""The types of single values in a configuration, each with its check and the remedy."""

import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, SecretStr

from exporter import address
from exporter.config.errors import did_you_mean, field_error
from exporter.errors import ConfigError
from exporter.findings.texts import alert_texts
from exporter.findings.thresholds import thresholds
from exporter.text import printable

#: the collectors, as named in `cadences`, in `deadlines` and in the label `collector`
COLLECTORS = (
    "gateway",
    "grid",
    "ensemble",
    "battery_power",
    "storage",
    "dry_contacts",
    "meters",
    "production",
    "livedata",
    "inverters",
    "acb",
    "generator",
    "home",
    "tariff",
    "devices",
    "device_detail",
    "firmware",
    "settings",
    "ensemble_status",
    "events",
    "meter_reports",
    "pdm_energy",
    "plc",
)
#: seconds; gateways that were asked more often have been seen to hang
_SHORTEST_CADENCE = 5.0
LONGEST_CADENCE = 86400.0
#: seconds
_SHORTEST_DEADLINE, _LONGEST_DEADLINE = 1.0, 600.0
#: in any unit, a roof is smaller
_MAX_COORDINATE = 1e6
#: bytes; a token has about a thousand
_MAX_SECRET = 64 * 1024
#: hexadecimal digits of a SHA-256 hash
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.A)
_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_LOOKS_NUMERIC = re.compile(r"[\d.]+", re.A)
_URL = re.compile(r"https?://[^\s\"'<>{}]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def _seconds(value: Any) -> float:
    text = str(value).strip()
    match = _DURATION.fullmatch(text) if text and not isinstance(value, bool) else None
    if match is None:
        raise field_error(
            f"{_quoted(value)} is not a duration: write 15s, 5m or 1h, or a number of seconds"
        )
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _cadence(value: Any) -> float:
    seconds = _seconds(value)
    if not _SHORTEST_CADENCE <= seconds <= LONGEST_CADENCE:
        raise field_error(
            f"{_quoted(value)} is outside 5s to 24h: a shorter time harms the gateway,"
            " a longer one hides failures"
        )
    return seconds


def _deadline(value: Any) -> float:
    seconds = _seconds(value)
    if not _SHORTEST_DEADLINE <= seconds <= _LONGEST_DEADLINE:
        raise field_error(
            f"{_quoted(value)} is outside 1s to 10m: even a slow gateway answers within minutes"
        )
    return seconds


def _collector(name: str) -> str:
    if name not in COLLECTORS:
        raise field_error(f"unknown collector: {did_you_mean(name, COLLECTORS)}")
    return name


def _threshold(name: str) -> str:
    names = sorted(thresholds())
    if name not in names:
        raise field_error(f"unknown threshold: {did_you_mean(name, names)}")
    return name


def _alert(name: str) -> str:
    names = sorted({alert for alert, _ in alert_texts()})
    if name not in names:
        raise field_error(f"unknown alert: {did_you_mean(name, names)}")
    if name == "EnphaseWatchdog":
        raise field_error("it shows that alerts arrive, and stays as it is")
    return name


def _host(value: str) -> str:
    text = value.strip()
    if "@" in text:
        # not quoted: the text before the @ is usually a password
        raise field_error("must not carry credentials: give them as username and password")
    if "://" in text:
        raise field_error(f"{_quoted(text)} has a scheme: write only what follows ://")
    if "/" in text or "?" in text or "#" in text:
        raise field_error(f"{_quoted(text)} has a path: write only the host, and :port if needed")
    if text.count(":") > 1 and not text.startswith("["):
        raise field_error(f"{_quoted(text)} is a bare IPv6 address: write [{printable(text)}]")
    try:
        host, port = address.split(text)
    except ConfigError as error:
        raise field_error(str(error)) from None
    if not host or port == 0:
        raise field_error(
            f"{_quoted(text)} is not a host: write a name or an address, such as envoy.local"
        )
    if _LOOKS_NUMERIC.fullmatch(host) and not _is_ipv4(host):
        raise field_error(
            f"{_quoted(text)} is not an IPv4 address: write four numbers from 0 to 255"
        )
    if ":" not in host and not _HOST_NAME.fullmatch(host):
        raise field_error(f"{_quoted(text)} is not a host name: use letters, digits, - and .")
    return text


def _name(value: str) -> str:
    text = value.strip()
    if not text:
        raise field_error("is empty: give the gateway a name, or leave the key out")
    if not text.isprintable():
        raise field_error(f"{_quoted(text)} has control characters: use a name that can be printed")
    if len(text) > 200:
        raise field_error("is longer than 200 characters: use a shorter name")
    return text


def _percent(value: Any) -> float:
    number = math.nan if isinstance(value, bool) else _number(str(value).strip().removesuffix("%"))
    if not 0 <= number <= 100:
        raise field_error(f"{_quoted(value)} is not a percentage: write a number from 0 to 100")
    if 0 < number < 1:
        raise field_error(f"{_quoted(value)} is a ratio: write {number * 100:g}, in percent")
    return number


def _number(value: Any) -> float:
    try:
        number = float(str(value).strip())
    except ValueError:
        number = math.nan
    return math.nan if isinstance(value, bool) else number


def _coordinate(value: Any) -> float:
    number = _number(value)
    if not abs(number) <= _MAX_COORDINATE:
        raise field_error(
            f"{_quoted(value)} is not a position: write a number such as 3 or 2.5, up to a million"
        )
    return number


def _finite(value: Any) -> float:
    number = _number(value)
    if not math.isfinite(number):
        raise field_error(f"{_quoted(value)} is not a number: write one such as 0.25 or 600")
    return number


def _bounded(low: float, high: float, example: str) -> Callable[[Any], float]:
    """Return a check for a number from `low` to `high`."""

    def check(value: Any) -> float:
        number = _number(value)
        if not low <= number <= high:
            raise field_error(
                f"{_quoted(value)} is not a number from {low:g} to {high:g}: write one such as"
                f" {example}"
            )
        return number

    return check


def _fingerprint(value: str) -> str:
    digits = value.lower().replace(":", "").replace(" ", "").removeprefix("sha256")
    if not _FINGERPRINT.fullmatch(digits):
        raise field_error(
            f"{_quoted(value)} is not a SHA-256 fingerprint: write its 64 hexadecimal digits"
        )
    return digits


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        zones = sorted(available_timezones())
        remedy = "write one such as Europe/Berlin"
        if not zones:
            remedy = "no time zones are installed: install the package tzdata"
        else:
            hint = did_you_mean(value, zones)
            remedy = hint if hint.startswith("did") else remedy
        raise field_error(f"{_quoted(value)} is not an IANA time zone: {remedy}") from None
    return value


def _listen_address(value: str) -> str:
    try:
        address.parse(value)
    except ConfigError as error:
        raise field_error(str(error)) from None
    return value


def _secret(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise field_error("is empty: give a value, or leave the key out")
    try:
        value.get_secret_value().encode()
    except UnicodeEncodeError:
        raise field_error("is not UTF-8: set it again in a terminal that uses UTF-8") from None
    return value


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if text and not _TOKEN.fullmatch(text):
        raise field_error("has blanks or line breaks inside: paste the token as one word")
    return _secret(SecretStr(text))


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise field_error(f"{_quoted(text)} is not a URL: use http://… or https://…")
    return text.rstrip("/")


def read_secret(path: Path) -> str:
    """Return what a secret file holds, without its last line break; raise ConfigError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SECRET + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{printable(path)} cannot be read ({reason}): check the path and its permissions"
        ) from None
    if len(content) > _MAX_SECRET:
        raise ConfigError(f"{printable(path)} is larger than 64 KiB: name the file with the secret")
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(
            f"{printable(path)} is not UTF-8 text: write the secret as text"
        ) from None
    if not text:
        raise ConfigError(f"{printable(path)} is empty: write the secret into it")
    return text


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _quoted(value: object) -> str:
    return f"'{printable(value)[:80]}'" if not isinstance(value, (dict, list)) else "this"


AlertName = Annotated[str, AfterValidator(_alert)]
CollectorName = Annotated[str, AfterValidator(_collector)]
Cadences = dict[CollectorName, Annotated[float, BeforeValidator(_cadence)]]
Deadlines = dict[CollectorName, Annotated[float, BeforeValidator(_deadline)]]
Thresholds = dict[
    Annotated[str, AfterValidator(_threshold)], Annotated[float, BeforeValidator(_finite)]
]
Amperes = Annotated[float, BeforeValidator(_bounded(1, 10_000, "200"))]
Coordinate = Annotated[float, BeforeValidator(_coordinate)]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
Host = Annotated[str, AfterValidator(_host)]
Latitude = Annotated[float, BeforeValidator(_bounded(-90, 90, "37.77"))]
Longitude = Annotated[float, BeforeValidator(_bounded(-180, 180, "-122.42"))]
Name = Annotated[str, AfterValidator(_name)]
Url = Annotated[str, AfterValidator(_url)]
Percent = Annotated[float, BeforeValidator(_percent)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Token = Annotated[SecretStr, AfterValidator(_token)]
