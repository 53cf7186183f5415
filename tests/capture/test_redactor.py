"""Whatever is replaced, equal stays equal, different stays different, the rest stays as it is."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.capture.fragments import fragments
from exporter.capture.identity_rules import IdentityKind, kind_of, normal
from exporter.capture.redactor import Redactor

SALT = b"salt"

_KEYS = (
    *("serial_num", "sn", "mac", "ip", "ssid", "hostname", "load_name", "owner", "street", "zip"),
    *("site_id", "phone", "token", "latitude", "name", "watts", "percentFull", "type", "uuid"),
    *("firmware", "part_num", "note", "address", "eid", "last_rpt_date"),
)
_digits = st.text(string.digits, min_size=6, max_size=14)
_bytes = st.integers(0, 255)
_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    _digits,
    st.lists(_bytes, min_size=6, max_size=6).map(lambda six: ":".join(f"{b:02x}" for b in six)),
    st.lists(_bytes, min_size=4, max_size=4).map(lambda four: ".".join(map(str, four))),
    st.ip_addresses().map(str),
    st.emails(),
    st.uuids().map(str),
    st.decimals(-180, 180, places=5).map(str),
    st.sampled_from(["unknown", "on", "Off", "backup", "a", "B", "AB", "ab", "NC1", "[x] y", "{"]),
)
_documents = st.recursive(
    st.dictionaries(st.one_of(st.sampled_from(_KEYS), _digits), _values, max_size=6),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)


def redacted(*texts: str) -> list[str]:
    """Return texts with pseudonyms."""
    redactor = Redactor(SALT)
    redactor.collect(texts)
    return [redactor.redact(text) for text in texts]


def shape(content: Any) -> Any:
    """Return the types in a document, and how many members there are."""
    if isinstance(content, dict):
        return [shape(value) for value in content.values()]
    if isinstance(content, list):
        return [shape(value) for value in content]
    return type(content)


@given(_documents)
def test_json_keeps_its_shape(document: Any) -> None:
    """Types, members and their order stay, whatever the formatting."""
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=3)):
        assert shape(json.loads(redacted(text)[0])) == shape(document)


@given(
    st.sampled_from(_KEYS),
    st.lists(_values, unique_by=lambda value: (type(value), value), max_size=12),
)
def test_equal_stays_equal_and_different_stays_different(key: str, values: list[Any]) -> None:
    """Equal values have equal pseudonyms in every place; addresses are compared by value."""
    texts = [json.dumps([{key: value} for value in [*values, *values]])] * 2
    first, second = (json.loads(text) for text in redacted(*texts))
    assert first == second
    replaced = [each[key] for each in first]
    assert replaced[: len(values)] == replaced[len(values) :]
    distinct = {(type(value), value) for value in replaced}
    assert len(distinct) == len(values)


@given(_documents)
def test_the_salt_decides(document: Any) -> None:
    """With the same salt the outcome is the same; the salt of a capture is random."""
    text = json.dumps(document)
    assert redacted(text) == redacted(text)


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    """Text that is not JSON or markup, or is broken, is redacted; fragments keep their place."""
    redacted(text, f'{{"sn": {text}', f"<a>{text}</b", f'["{text}')
    for fragment in fragments(text):
        assert 0 <= fragment.start <= fragment.end <= len(text)


@given(st.text("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ :,[]{}<>", max_size=60))
def test_text_without_an_identity_stays(text: str) -> None:
    """A text without an identity in it stays as it is, byte for byte."""
    assert redacted(text) == [text]


def test_bytes_around_stay() -> None:
    """Spacing, number formats, escapes and duplicates are those of the gateway."""
    text = '{ "sn" :"202499000001",\t"f":0.000, "e": 1E5, "s": "\\/\\u0041", "f":-0.0 }\n'
    serial = json.loads(redacted(text)[0])["sn"]
    assert redacted(text) == [text.replace("202499000001", serial)]
    assert len(serial) == 12
    assert serial.isdigit()
    assert serial != "202499000001"


@pytest.mark.parametrize(
    ("key", "content", "kind"),
    [
        ("serialNum", "202499000001", IdentityKind.SERIAL),
        ("gatewaySerialNumber", "202499000001", IdentityKind.SERIAL),
        ("sn", "122035000000EIM1", IdentityKind.SERIAL),
        ("s", "122035000000", IdentityKind.SERIAL),
        ("sn", "0000000000", None),
        ("ip", "192.0.2.1", IdentityKind.ADDRESS),
        ("ip", "520-00082-r01-v04.30.32", None),
        ("devName", "pcu", None),
        ("filename", "Tariff", None),
        ("type", "ENCHARGE", None),
        ("site_name", "Nest", IdentityKind.PERSON),
        ("hostname", "pi", IdentityKind.HOST),
        ("host", "envoy.local", None),
        ("web-tokens", "true", None),
        ("timezone", "US/Pacific", None),
        ("wNow", "1234567", None),
        ("api_ecagtDevIdToSerial", "abc", None),
    ],
)
def test_keys_and_values_decide_together(key: str, content: str, kind: IdentityKind | None) -> None:
    """A key defines which values are allowed, and the value has to match."""
    assert kind_of(key, content) is kind


def test_keys_are_read_in_any_style() -> None:
    """Camel case, dashes and snake case are equivalent."""
    assert {normal(key) for key in ("serialNum", "serial-num", "SERIAL_NUM", "serial.num")} == {
        "serial_num"
    }


def test_versions_and_times_are_no_identities() -> None:
    """Four numbers with dots may be a version, and twelve digits a minute."""
    text = json.dumps(
        {
            "img_pnum_running": "1.2.3.4",
            "fw_version": "10.0.0.1",
            "build_id": "release-202303231430",
            "date": 1714670312,
            "by": "openresty/1.17.8.1",
            "netmask": "255.255.255.0",
            "zero": "00:00:00:00:00:00",
        }
    )
    assert redacted(text) == [text]


def test_addresses_stay_in_their_network() -> None:
    """Private ones stay private, local ones local; others lead nowhere."""
    value = {
        "a": "192.168.1.7",
        "b": "10.1.2.3",
        "c": "169.254.9.9",
        "d": "8.8.8.8",
        "e": "fe80::7",
    }
    result = json.loads(redacted(json.dumps(value))[0])
    prefixes = {"a": "192.168.", "b": "10.", "c": "169.254.", "d": "198.1", "e": "fe80:"}
    assert {
        key: content.startswith(prefixes[key]) for key, content in result.items()
    } == dict.fromkeys(value, True)
    assert all(result[key] != content for key, content in value.items())


def test_a_load_named_like_a_word_of_the_gateway() -> None:
    """The name of the load is replaced, and the gateway's own words stay."""
    text = '[{"load_name": "Backup", "mode": "backup"}, {"load_name": "NC1", "id": "NC1"}]'
    first, second = json.loads(redacted(text)[0])
    assert (first["mode"], second["id"]) == ("backup", "NC1")
    assert first["load_name"].lower() != "backup"
    assert second["load_name"] != "NC1"


def test_a_time_zone_and_the_words_of_the_gateway_stay() -> None:
    """A city may name a zone, and a load may be called like a part of a type."""
    text = json.dumps(
        [
            {"city": "Amsterdam", "load_name": "Combiner"},
            {"timezone": "Europe/Amsterdam", "type": "C6 COMBINER CONTROLLER"},
            {"content": "the Combiner in AMSTERDAM"},
        ]
    )
    first, second, third = json.loads(redacted(text)[0])
    assert second == {"timezone": "Europe/Amsterdam", "type": "C6 COMBINER CONTROLLER"}
    assert third["content"] == f"the {first['load_name']} in {first['city'].upper()}"
    assert "combiner" not in json.dumps([first, third]).lower()


def test_more_of_them_than_there_are_of_a_shape() -> None:
    """Pseudonyms get longer before two are the same."""
    letters = string.ascii_letters + "äöüß" + string.digits
    value = [
        {"ssid": c, "hostname": f"{c}.lan", "mail": f"{c}@b.de", "site_id": c} for c in letters
    ]
    result = json.loads(redacted(json.dumps(value))[0])
    for key in value[0]:
        originals = {each[key] for each in value}
        assert len({each[key] for each in result}) == len(originals)


def test_the_report_counts_and_reveals_nothing() -> None:
    """It counts values and places by kind, without the original values."""
    redactor = Redactor(SALT)
    text = '[{"sn": "202499000001"}, {"sn": "202499000001"}, {"sn": "202499000002"}]'
    redactor.collect([text])
    redactor.redact(text)
    assert [(one.kind, one.distinct, one.places) for one in redactor.report()] == [
        (IdentityKind.SERIAL, 2, 3)
    ]


@pytest.mark.parametrize(
    ("zone", "kept"),
    [
        ("Europe/Berlin", True),
        ("America/Argentina/Buenos_Aires", True),
        ("PST8PDT", True),
        ("UTC", True),
        ("eyJhbGciOiJFUzI1NiJ9.payload.signature", False),
        ("me@example.com", False),
        ("482200001234", False),
    ],
)
def test_only_time_zones_stay_under_their_keys(zone: str, kept: bool) -> None:
    """A time zone is kept under `timezone`; a token, an address or a serial number is not."""
    for key in ("timezone", "time_zone", "tz"):
        text = json.dumps({key: zone})
        redactor = Redactor()
        redactor.collect([text])
        assert (redactor.redact(text) == text) is kept


def test_an_encoded_email_address() -> None:
    """In a URL an e-mail address is replaced too, by the pseudonym of the plain one."""
    text = json.dumps(
        {
            "url": "/login?user=johanna%2Ehome%40mail.example.org&x=1",
            "a": "johanna.home@mail.example.org",
        }
    )
    redactor = Redactor()
    redactor.collect([text])
    redacted = json.loads(redactor.redact(text))
    assert "johanna" not in redacted["url"]
    assert "mail.example.org" not in redacted["url"]
    assert redacted["url"].count("%40example.invalid") == 1


def test_what_is_cut_off_within_json_within_json() -> None:
    """The parts of an answer that ends in the middle of a nested one are found by their keys."""
    nested = json.dumps({"mac": "00:1d:c0:12:ab:9f", "wifi": [{"ssid": "Canary Nest", "on": 1}]})
    text = json.dumps({"state": nested})
    for end in range(text.index("Nest") + 4, len(text)):
        result = redacted(text[:end])[0]
        assert "ab:9f" not in result
        assert "Canary" not in result
        assert "Nest" not in result


def test_a_secret_is_replaced_among_words_of_the_gateway() -> None:
    """Under keys of enumerations names may be the gateway's own words; a password never is."""
    first, second = json.loads(
        redacted(
            '[{"password": "tweet-nine", "owner": "Combiner"}, {"state": "tweet-nine Combiner"}]'
        )[0]
    )
    assert second["state"] == f"{first['password']} Combiner"
    assert "tweet" not in first["password"]


@pytest.mark.parametrize("part", ["a.", "9", "0:", "@", '"\\u00', "12345. ", "10.0.0.1 ", "a='"])
def test_a_text_that_repeats_itself_is_gone_through_once(part: str) -> None:
    """It takes hours where a pattern begins again in what it has looked at in vain."""
    text = f'{{"log": "{part * 20_000}'
    assert redacted(text)[0].startswith('{"log": "')
