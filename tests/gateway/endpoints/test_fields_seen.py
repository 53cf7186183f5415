"""A key that is missing where it was there before is counted, and what never was there is not."""

from typing import Any

import orjson
import pytest

from exporter.gateway.endpoints import ENDPOINTS, fields_seen
from exporter.gateway.endpoints.base import Parsed

INVERTERS = "/api/v1/production/inverters"
HOME = "/home"


def inverter(serial: int, **others: Any) -> dict[str, Any]:
    """Return what the gateway says of one inverter."""
    return {
        "serialNumber": str(serial),
        "lastReportDate": 1,
        "devType": 1,
        "lastReportWatts": 5,
        "maxReportWatts": 300,
        **others,
    }


def parsed(path: str, *documents: Any) -> Parsed:
    """Return the last of these answers, read after the others."""
    before: Parsed | None = None
    for document in documents:
        before = ENDPOINTS[path].parse(orjson.dumps(document), before)
    assert before is not None
    return before


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object without a key."""
    return {name: value for name, value in document.items() if name != key}


ONE, TWO = inverter(1), inverter(2)


def test_a_key_that_was_there_is_missed() -> None:
    """In the first answer without it, in each after that, and not when it is back."""
    less = without(TWO, "devType")
    assert parsed(INVERTERS, [ONE, TWO], [ONE, less]).unreadable == {"inverters.devType": 1}
    assert parsed(INVERTERS, [ONE, TWO], [ONE, less], [ONE, less]).unreadable == {
        "inverters.devType": 1
    }
    assert parsed(INVERTERS, [ONE, TWO], [ONE, less], [ONE, TWO]).unreadable == {}


def test_a_key_that_never_was_there_is_not_missed() -> None:
    """Nor one that comes later."""
    less = without(TWO, "devType")
    assert parsed(INVERTERS, [ONE, less], [ONE, less]).unreadable == {}
    assert parsed(INVERTERS, [ONE, less], [ONE, TWO]).unreadable == {}


def test_a_device_that_is_gone_takes_its_keys_along() -> None:
    """The inventory misses it; what the others lack is counted all the same."""
    assert parsed(INVERTERS, [ONE, TWO], [ONE]).unreadable == {}
    assert parsed(INVERTERS, [ONE, TWO], [ONE], [ONE, TWO], [ONE, TWO]).unreadable == {}
    three = inverter(3)
    less = without(TWO, "devType"), without(three, "devType")
    assert parsed(INVERTERS, [ONE, TWO, three], less).unreadable == {"inverters.devType": 2}


def test_what_counts_by_itself_counts_once() -> None:
    """A key that is required is unreadable where it is missing, and is not missed besides."""
    less = without(TWO, "lastReportWatts")
    assert parsed(INVERTERS, [ONE, TWO], [ONE, less]).unreadable == {"inverters.lastReportWatts": 1}
    wrong = {**TWO, "devType": "?"}
    assert parsed(INVERTERS, [ONE, TWO], [ONE, wrong]).unreadable == {"inverters.devType": 1}


def test_an_object_that_was_there_is_missed() -> None:
    """By its place, where it is no device."""
    whole = {"timezone": "Europe/London", "enpower": {"connected": True}}
    assert parsed(HOME, whole, without(whole, "enpower")).unreadable["enpower"] == 1


def test_what_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another firmware or set-up may do without it for good."""
    monkeypatch.setattr(fields_seen, "_PATIENCE", 3)
    less = without(ONE, "devType")
    assert parsed(INVERTERS, [ONE], *[[less]] * 2).unreadable == {"inverters.devType": 1}
    assert parsed(INVERTERS, [ONE], *[[less]] * 3).unreadable == {}
    assert parsed(INVERTERS, [ONE], *[[less]] * 4).unreadable == {}


def test_a_list_that_is_in_no_inventory_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Radios that are listed no more are unreadable until they are back, or given up."""
    monkeypatch.setattr(fields_seen, "_PATIENCE", 3)
    whole = {"wireless_connection": [{"type": "BLE", "connected": True}]}
    none: dict[str, Any] = {"wireless_connection": []}
    missed = {"network": 1, "radio": 1}
    network = {"network": 1}
    assert parsed(HOME, whole, *[none] * 2).unreadable == missed
    assert parsed(HOME, whole, *[none] * 3).unreadable == network
    assert parsed(HOME, whole, *[none] * 4).unreadable == network
    assert parsed(HOME, whole, none, none, whole).unreadable == network
    assert parsed(HOME, whole, none, none, whole, none, none).unreadable == missed


@pytest.mark.parametrize(
    ("path", "good", "spoilt", "field"),
    [
        (HOME, {"timezone": "Europe/London"}, {"timezone": "?"}, "timezone"),
        (HOME, {"timezone": "Europe/London"}, {"timezone": "../x"}, "timezone"),
        (
            "/ivp/ensemble/relay",
            {"mains_admin_state": "closed", "mains_oper_state": "closed"},
            {"mains_admin_state": "?", "mains_oper_state": "closed"},
            "mains_admin_state",
        ),
        (
            "/ivp/ensemble/status",
            {"inventory": {"serial_nums": {"1": {"procload": {"assembly_number": "2.6.1"}}}}},
            {"inventory": {"serial_nums": {"1": {"procload": {"assembly_number": "?"}}}}},
            "serial_nums.procload.assembly_number",
        ),
    ],
)
def test_a_word_that_means_nothing_is_counted(
    path: str, good: Any, spoilt: Any, field: str
) -> None:
    """Where there is a number for each word, or a form that all have."""
    assert field not in parsed(path, good).unreadable
    assert parsed(path, spoilt).unreadable[field] == 1


def test_what_is_remembered_is_bounded_by_the_models() -> None:
    """However many devices come and go with however many fields."""
    answers = [[inverter(n * 10 + k, **{f"x{n}": 1}) for k in range(n)] for n in range(1, 20)]
    seen = parsed(INVERTERS, *answers).seen
    assert len(seen) == 1
    (fields,) = seen.values()
    assert (fields.total, len(fields.counts), len(fields.shapes)) == (19, 5, 1)
