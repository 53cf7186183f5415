"""Decoding bodies and validating models: one odd value costs itself and nothing else."""

import contextlib
import json
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from exporter.errors import LoginRedirectError, NotJsonError
from exporter.gateway.endpoints.base import (
    MAX_ENTRIES,
    MAX_TEXT,
    Endpoint,
    Model,
    Notes,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.fields import (
    Code,
    EpochText,
    Flag,
    FlagText,
    Percent,
    Text,
    Watts,
    Words,
)
from exporter.gateway.endpoints.leniency import parse


class Device(Model):
    """A device as a test needs it."""

    required: ClassVar[frozenset[str]] = frozenset({"soc"})
    nullable: ClassVar[frozenset[str]] = frozenset({"note"})

    soc: Percent = None
    watts_now: Watts = Field(None, alias="wNow")
    state: Code = None
    name: Text = None
    note: Text = None
    ready: Flag = None
    override: FlagText = None
    installed: EpochText = None
    conditions: Words = None


GOOD = {
    "soc": 50,
    "wNow": -12.5,
    "state": 6,
    "name": "garage",
    "note": None,
    "ready": True,
    "override": "false",
    "installed": "1714000000",
    "conditions": ["a", "b"],
}


def read(**changes: object) -> tuple[Device, dict[str, int]]:
    """Return the device with some values changed, and what could not be read of it."""
    notes = Notes()
    device = Device.read({**GOOD, **changes}, notes, "devices")
    assert device is not None
    return device, dict(notes.fields)


def test_a_good_object_is_read_whole() -> None:
    """Names of the gateway become attributes, and nothing is unreadable."""
    device, unreadable = read()
    assert unreadable == {}
    assert (device.soc, device.watts_now, device.state, device.name) == (50, -12.5, 6, "garage")
    assert (device.ready, device.override, device.installed) == (True, False, 1714000000)
    assert device.conditions == ["a", "b"]


@pytest.mark.parametrize("key", [key for key in GOOD if key != "note"])
@pytest.mark.parametrize("odd", [None, {}, {"a": 1}, 10**400, float("nan"), float("inf")])
def test_an_odd_value_costs_itself_alone(key: str, odd: object) -> None:
    """The value is absent and counted once by its name; all others are as before."""
    device, unreadable = read(**{key: odd})
    good, _ = read()
    attribute = "watts_now" if key == "wNow" else key
    assert getattr(device, attribute) is None
    assert unreadable == {f"devices.{key}": 1}
    assert device.model_copy(update={attribute: getattr(good, attribute)}) == good


@pytest.mark.parametrize(
    ("key", "odd"),
    [
        ("soc", "a word"),
        ("soc", True),
        ("soc", 101),
        ("soc", -1),
        ("soc", "1e400"),
        ("soc", "9" * 5000),
        ("wNow", 1e30),
        ("state", True),
        ("state", 6.5),
        ("ready", 2),
        ("ready", "perhaps"),
        ("installed", "yesterday"),
        ("conditions", "a"),
    ],
)
def test_what_has_no_plain_meaning_is_refused(key: str, odd: object) -> None:
    """A bool is no number, a number out of range is no measurement."""
    device, unreadable = read(**{key: odd})
    assert getattr(device, "watts_now" if key == "wNow" else key) is None
    assert unreadable == {f"devices.{key}": 1}


@pytest.mark.parametrize(
    ("key", "odd", "meaning"),
    [
        ("soc", "12.5", 12.5),
        ("state", "6", 6),
        ("state", 6.0, 6),
        ("ready", 0, False),
        ("ready", 1, True),
        ("ready", "true", True),
        ("override", 1, True),
        ("installed", 1714000000, 1714000000),
        ("name", 17, "17"),
    ],
)
def test_what_has_a_plain_meaning_is_read(key: str, odd: object, meaning: object) -> None:
    """Numbers as text and booleans as 0 and 1 are what they stand for."""
    device, unreadable = read(**{key: odd})
    assert getattr(device, key) == meaning
    assert unreadable == {}


def test_an_odd_item_of_a_list_costs_itself_alone() -> None:
    """The other items stay, and the field is counted."""
    device, unreadable = read(conditions=["a", None, 7, "b"])
    assert device.conditions == ["a", "b"]
    assert unreadable == {"devices.conditions": 1}


def test_long_text_is_cut_and_counted() -> None:
    """A label value has a bounded length."""
    device, unreadable = read(name="x" * 5000)
    assert device.name == "x" * MAX_TEXT
    assert unreadable == {"devices.name": 1}


def test_a_missing_required_field_is_counted() -> None:
    """What every firmware sends is missed; what some send is not."""
    notes = Notes()
    assert Device.read({"name": "x"}, notes, "devices") == Device(name="x")
    assert dict(notes.fields) == {"devices.soc": 1}


@pytest.mark.parametrize("raw", [None, [], "text", 1, True])
def test_what_is_no_object_is_counted(raw: object) -> None:
    """There is no model of it."""
    notes = Notes()
    assert Device.read(raw, notes, "devices") is None
    assert dict(notes.fields) == {"devices": 1}


def test_entries_are_objects_of_a_list() -> None:
    """Empty objects and other things are counted and left out."""
    notes = Notes()
    listed = [{"a": 1}, {}, None, 5, {"b": 2}]
    assert list(entries(listed, notes, "devices")) == [{"a": 1}, {"b": 2}]
    assert dict(notes.fields) == {"devices": 3}


def test_a_list_is_read_up_to_its_bound() -> None:
    """A gateway that lists a million devices costs no more than the largest site."""
    notes = Notes()
    assert len(list(entries([{"a": 1}] * (MAX_ENTRIES + 7), notes, "d"))) == MAX_ENTRIES
    assert dict(notes.fields) == {"d": 7}


@pytest.mark.parametrize(
    ("value", "serial"),
    [("123", "123"), (123, "123"), (" 123 ", "123"), ("", None), (None, None), (True, None)],
)
def test_a_serial_is_its_digits(value: object, serial: str | None) -> None:
    """A number and its text are the same device; nothing is invented for anything else."""
    notes = Notes()
    entries = by_identity([{"sn": value}], "sn", notes, "devices")
    assert list(entries) == ([serial] if serial else [])
    assert dict(notes.fields) == ({} if serial else {"devices.sn": 1})


def test_a_device_without_serial_is_the_one_that_is_missing() -> None:
    """Where only one can be meant it keeps its name; where two can be, none is guessed."""
    listed: list[dict[str, object]] = [{"sn": "1"}, {"sn": None}, {"sn": "3"}]
    before = Notes()
    by_identity([{"sn": "1"}, {"sn": "2"}, {"sn": "3"}], "sn", before, "devices")
    assert set(by_identity(listed, "sn", Notes(before.identities), "devices")) == {"1", "2", "3"}
    assert set(by_identity(listed, "sn", Notes(), "devices")) == {"1", "3"}
    assert set(by_identity(listed[:2], "sn", Notes(before.identities), "devices")) == {"1"}


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"name": "K\u00fcche"}'.encode(), {"name": "K\u00fcche"}),
        (b'{"name": "K\xfcche"}', {"name": "K\u00fcche"}),
        ('{"a": "\u00e9", "b": "'.encode() + b'\xe9"}', {"a": "\u00e9", "b": "\u00e9"}),
        (b'{"a": NaN, "b": 2}', {"a": None, "b": 2}),
        (b'{"a": -Infinity, "b": 2}', {"a": None, "b": 2}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        (b'{"a": "\\ud800", "b": 2}', {"a": "?", "b": 2}),
        (b'{"a": 1e999}', {"a": float("inf")}),
    ],
)
def test_a_body_is_read_as_far_as_its_meaning_is_plain(body: bytes, document: object) -> None:
    """A byte of another encoding or a bare NaN does not cost the answer."""
    assert parse(body) == document


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": ', b"nonsense", b"<html>404</html>", b"[" * 100_000, b"\xff\xfe"]
)
def test_a_body_that_is_no_json_is_an_error(body: bytes) -> None:
    """Cut off, nested without end or another kind of document: one clear error."""
    with pytest.raises(NotJsonError):
        parse(body)


def test_a_login_page_is_a_refused_login() -> None:
    """The owner is sent to the credentials, not to the network."""
    with pytest.raises(LoginRedirectError):
        parse(b"<!DOCTYPE html><html><head><title>Login</title></head></html>")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_an_error(body: bytes) -> None:
    """No other exception leaves the decoder."""
    with contextlib.suppress(NotJsonError, LoginRedirectError):
        parse(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, JSON)))
def test_any_values_make_a_model(raw: dict[str, object]) -> None:
    """Whatever stands in the fields, there is a model and no exception."""
    notes = Notes()
    assert Device.read(raw, notes) is not None


def test_an_endpoint_reports_what_it_could_not_read() -> None:
    """Data and unreadable fields of one answer come together."""
    endpoint = Endpoint(
        "/devices",
        "devices",
        lambda document, notes: {"device": Device.read(document, notes)},
    )
    parsed = endpoint.parse(json.dumps({**GOOD, "soc": "?"}).encode())
    assert parsed.data["device"].watts_now == -12.5
    assert parsed.unreadable == {"soc": 1}
    assert not parsed.empty
    assert Endpoint("/x", "x", lambda document, notes: {"a": {}}).parse(b"[]").empty


@pytest.mark.parametrize(
    ("change", "reliable"), [({}, True), ({"name": 5.5}, True), ({"soc": None}, False)]
)
def test_an_answer_is_reliable_where_only_minor_values_are_spoilt(
    change: dict[str, object], reliable: bool
) -> None:
    """A field that some firmware always spoils does not keep the answer from being remembered."""
    endpoint = Endpoint("/d", "d", lambda document, notes: {"d": Device.read(document, notes)})
    assert endpoint.parse(json.dumps({**GOOD, **change}).encode()).reliable is reliable


def test_an_answer_with_a_nameless_device_is_not_reliable() -> None:
    """The next one could not be completed by it."""
    notes = Notes()
    by_identity([{"sn": None}], "sn", notes, "devices")
    assert not notes.reliable
