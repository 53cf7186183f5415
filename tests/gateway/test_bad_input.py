"""With any response of a gateway the exporter runs on, serves only true values, and recovers."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator.faults import (
    Edit,
    Fault,
    body,
    error_object,
    login_page,
    redirect,
    status,
)
from tests.faults.table import every
from tests.polled_gateway import PolledGateway, polled_gateway

ENSEMBLE, TARIFF = "/ivp/ensemble/inventory", "/admin/lib/tariff"


def number(value: float) -> Callable[[Any], Any]:
    """Return a change of every number to this one."""
    return lambda document: value if type(document) in (int, float) else document


BAD: Mapping[str, Callable[[], Fault]] = {
    **{f"status {code}": partial(status, code) for code in (401, 403, 404, 429, 503)},
    "a page to log in": login_page,
    "a redirect": lambda: redirect("/elsewhere"),
    "an error object": error_object,
    "nothing": lambda: body(b""),
    "null": lambda: body(b"null"),
    "a number": lambda: body(b"7"),
    "a list of numbers": lambda: body(b"[1, 2, 3]"),
    "everything null": lambda: Edit(every(lambda document: None)),
    "everything text": lambda: Edit(every(str)),
    "everything a list": lambda: Edit(every(lambda document: [document])),
    "negative numbers": lambda: Edit(every(number(-5))),
    "absurd numbers": lambda: Edit(every(number(-1e30))),
    "huge whole numbers": lambda: Edit(every(number(2**63 - 1))),
}


@pytest.mark.parametrize(
    "home",
    [
        "battery-home",
        *(pytest.param(home, marks=pytest.mark.proof) for home in ("generator", "acb", "collar")),
    ],
)
@pytest.mark.parametrize("bad", BAD)
async def test_nothing_untrue_is_served_of_bad_answers(home: str, bad: str, tmp_path: Path) -> None:
    """Every sample stays within what is possible, and all is as before once the gateway is well."""
    async with polled_gateway(home, tmp_path) as watched:
        await watched.pass_time(30)
        before = watched.names()
        counters = energies(watched)
        watched.gateway.faults["*"] = BAD[bad]()
        for _ in range(8):
            await watched.pass_time(60)
            assert_possible(watched)
            for series, total in energies(watched).items():
                assert total >= counters.get(series, 0)
        watched.gateway.faults.clear()
        await watched.pass_time(700)
        assert watched.names() >= before
        for series, total in energies(watched).items():
            assert total - counters.get(series, 0) < 1e9


def energies(watched: PolledGateway) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every energy counter by name and labels."""
    return {
        (name, labels): value
        for name, series in watched.samples().items()
        if name.endswith("_joules_total")
        for labels, value in series.items()
    }


def assert_possible(watched: PolledGateway) -> None:
    """Fail on a sample that no site could have."""
    for name, series in watched.samples().items():
        for value in series.values():
            assert math.isfinite(value)
            if name.endswith("_ratio"):
                assert (-1 if "power_factor" in name else 0) <= value <= 1, name
            if name.endswith("_celsius"):
                assert -100 <= value <= 300, name
            if name.endswith(("_watts", "_volt_amperes")):
                assert abs(value) <= 1e8, name


def renamed(key: str) -> Callable[[Any], Any]:
    """Return a change of the value of every such key to an unknown word."""

    def edit(document: Any) -> Any:
        if isinstance(document, dict):
            return {k: "sideways" if k == key else edit(value) for k, value in document.items()}
        return [edit(value) for value in document] if isinstance(document, list) else document

    return edit


@pytest.mark.parametrize(
    ("endpoint", "key", "metric"),
    [
        (ENSEMBLE, "mains_oper_state", "enphase_enpower_mains_oper_state"),
        (ENSEMBLE, "mains_admin_state", "enphase_enpower_mains_admin_state"),
        (ENSEMBLE, "Enpwr_grid_mode", "enphase_enpower_grid_mode"),
        (TARIFF, "mode", "enphase_storage_mode"),
        ("/ivp/ensemble/dry_contacts", "status", "enphase_dry_contact_status"),
        ("/ivp/meters", "meteringStatus", "enphase_meter_metering_status"),
    ],
)
async def test_an_unknown_word_is_the_state_unknown(
    endpoint: str, key: str, metric: str, tmp_path: Path
) -> None:
    """An enumeration that grew with a firmware is exported as `unknown`, and costs nothing else."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(30)
        before = watched.names()
        watched.gateway.faults[endpoint] = Edit(renamed(key))
        # Settings are read every five minutes, and later while much is read for the first time.
        await watched.pass_time(700)
        states = {
            dict(labels).get("state")
            or dict(labels).get("mode")
            or dict(labels).get("status"): value
            for labels, value in watched.samples()[metric].items()
        }
        assert {state for state, value in states.items() if value} == {"unknown"}
        gone = before - watched.names()
        assert gone <= {"enphase_grid_connected", "enphase_grid_disconnect_commanded"} | {
            "enphase_dry_contact_closed"
        }
        assert set(watched.samples()["enphase_collector_up"].values()) == {1}
