"""What the batteries are used for, and what a kilowatt-hour costs now."""

import copy
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from awesomeversion import AwesomeVersion

from exporter.gateway.endpoints import ENDPOINTS, assemble, tariff
from exporter.gateway.endpoints.context import Context

PATH = "/admin/lib/tariff"
ZONE = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=ZONE)


def _days(day: float, night: float) -> list[dict[str, Any]]:
    return [
        {
            "id": "weekdays",
            "days": "Mon,Tue,Wed,Thu,Fri",
            "periods": [{"start": 420, "rate": day}, {"start": 1380, "rate": night}],
        },
        {"id": "weekend", "days": "Sat,Sun", "periods": [{"start": 0, "rate": night}]},
    ]


TARIFF: dict[str, Any] = {
    "currency": {"code": "EUR"},
    "logger": "mylogger",
    "date": "1780000000",
    "storage_settings": {
        "mode": "self-consumption",
        "operation_mode_sub_type": "",
        "reserved_soc": 30.0,
        "very_low_soc": 5,
        "charge_from_grid": True,
        "date": "1780000000",
    },
    "single_rate": {"rate": 0.0, "sell": 0.05},
    "seasons": [
        {"id": "summer", "start": "6/1", "days": _days(0.30000001192092896, 0.2)},
        {"id": "winter", "start": "10/1", "days": _days(0.4, 0.25)},
    ],
    "seasons_sell": [],
}


def read(document: Any, now: datetime | None = NOON) -> dict[str, Any]:
    """Return the data of a tariff at a local time."""
    parsed = ENDPOINTS[PATH].parse(json.dumps({"tariff": document}).encode())
    return assemble("tariff", {PATH: parsed}, Context(gateway_time=0.0, local_time=now))


def price(data: dict[str, Any]) -> float | None:
    """Return the price of a kilowatt-hour bought, or None."""
    in_force: float | None = data["import_price"]["EUR"].value if "import_price" in data else None
    return in_force


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 7, 1, 12, 0, tzinfo=ZONE), 0.3),
        (datetime(2026, 7, 1, 6, 59, tzinfo=ZONE), 0.2),
        (datetime(2026, 7, 1, 23, 0, tzinfo=ZONE), 0.2),
        (datetime(2026, 7, 4, 12, 0, tzinfo=ZONE), 0.2),
        (datetime(2026, 1, 5, 12, 0, tzinfo=ZONE), 0.4),
        (datetime(2026, 5, 29, 12, 0, tzinfo=ZONE), 0.4),
        (datetime(2026, 6, 1, 12, 0, tzinfo=ZONE), 0.3),
    ],
)
def test_the_price_in_force_follows_season_day_and_hour(now: datetime, expected: float) -> None:
    """A season lasts until the next one, and a night until the morning."""
    assert price(read(TARIFF, now)) == expected


def test_the_price_sold_is_the_flat_one_without_seasons() -> None:
    """Selling has seasons of its own, or none."""
    assert read(TARIFF)["export_price"]["EUR"].value == 0.05


def test_a_price_that_depends_on_an_unknown_time_is_unknown() -> None:
    """Without the time zone of the house the hour is unknown."""
    assert price(read(TARIFF, None)) is None


def test_a_tariff_that_was_never_set_up_has_no_price() -> None:
    """Its rate is 0 and there are no seasons."""
    data = read({**TARIFF, "seasons": [], "single_rate": {"rate": 0.0, "sell": 0.0}})
    assert "import_price" not in data
    assert "export_price" not in data
    assert data["tariff"].storage_settings.mode == "self-consumption"


def test_tiers_have_the_single_rate() -> None:
    """The tier depends on the energy used so far, which is unknown here."""
    tiers = [{"id": "s", "start": "1/1", "days": [], "tiers": [{"rate": 0.3}]}]
    assert price(read({**TARIFF, "seasons": tiers, "single_rate": {"rate": 0.21}})) == 0.21


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a tariff with another value at a place."""
    changed = copy.deepcopy(document)
    node = changed
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    "path",
    [
        ("seasons", 0, "start"),
        ("seasons", 1, "start"),
        ("seasons", 0, "days", 0, "periods", 1, "start"),
        ("seasons", 0, "days", 0, "periods", 0, "rate"),
        ("seasons", 0, "days", 0, "days"),
        ("seasons", 1),
        ("seasons", 0, "days", 0, "periods", 1),
        ("currency", "code"),
        ("currency",),
    ],
)
@pytest.mark.parametrize("odd", [None, {}, "odd/day", 1e30])
def test_a_price_that_hangs_on_something_unreadable_is_unknown(
    path: tuple[Any, ...], odd: Any
) -> None:
    """The wrong price would look as right as any other; the settings stay."""
    if path == ("currency", "code") and isinstance(odd, str):
        pytest.skip("any word can be a currency")
    data = read(put(TARIFF, path, odd))
    assert price(data) is None
    assert data["tariff"].storage_settings.reserved_soc == 30


@pytest.mark.parametrize("path", [("seasons", 1, "days"), ("seasons", 0, "days", 1, "periods")])
def test_what_is_not_in_force_costs_nothing(path: tuple[Any, ...]) -> None:
    """The winter's days and the weekend's hours do not apply on a summer Wednesday."""
    assert price(read(put(TARIFF, path, None))) == 0.3


def test_a_mode_that_is_not_known_is_kept() -> None:
    """Firmware may learn another word tomorrow."""
    data = read(put(TARIFF, ("storage_settings", "mode"), "moon-phase"))
    assert data["tariff"].storage_settings.mode == "moon-phase"


@pytest.mark.parametrize("settings", [None, {}, "odd"])
def test_a_tariff_without_settings_has_prices(settings: Any) -> None:
    """A site without batteries has a price of energy."""
    data = read({**TARIFF, "storage_settings": settings})
    assert data["tariff"].storage_settings is None
    assert price(data) == 0.3


@pytest.mark.parametrize(
    ("firmware", "current"),
    [
        ("7.6.175", True),
        ("8.2.4224", True),
        ("8.2.4225", False),
        ("8.2.4382", False),
        ("8.3.1598", True),
        ("8.3.5289", False),
        ("9.0.1", False),
        (None, None),
    ],
)
def test_newer_firmware_leaves_old_settings_behind(
    firmware: str | None, current: bool | None
) -> None:
    """The response does not contain the settings in force."""
    version = AwesomeVersion(firmware) if firmware else None
    assert tariff.settings_are_current(version) is current
