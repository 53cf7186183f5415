"""A scenario that plays at its own date looks like today from outside."""

import re

import orjson

from exporter.simulator.homes import sample_home
from exporter.simulator.scenario.time_shift import TimeShiftedGateway

THEN, NOW = 1_700_000_000.0, 1_782_000_000.0


def test_time_stamps_move() -> None:
    """Every time stamp is as old as it was, the date of the answer included."""
    old = sample_home("battery-home", lambda: THEN)
    gateway = TimeShiftedGateway(old, lambda: THEN, lambda: NOW)
    for target, key in (("/home", "network"), ("/ivp/ensemble/inventory", "")):
        before, after = old.answer(target), gateway.answer(target)
        assert before is not None
        assert after is not None
        stamps = [re.findall(rb"\b1[67]\d{8}\b", body) for body in (before.body, after.body)]
        assert len(stamps[0]) == len(stamps[1]) > 0
        assert {int(b) - int(a) for a, b in zip(*stamps, strict=True)} <= {0, int(NOW - THEN)}
        content = orjson.loads(after.body)
        if key:
            age = NOW - content[key]["last_enlighten_report_time"]
            assert 0 <= age < 600
    info = gateway.answer("/info")
    assert info is not None
    assert f"<time>{NOW:.0f}</time>".encode() in info.body
    assert info.headers["Date"] == "Sun, 21 Jun 2026 00:00:00 GMT"


def test_who_it_is_stays() -> None:
    """Serial number and firmware are those of the gateway itself, and so is what it lacks."""
    old = sample_home("collar", lambda: THEN)
    gateway = TimeShiftedGateway(old, lambda: THEN, lambda: NOW)
    assert (gateway.serial, gateway.firmware) == (old.serial, old.firmware)
    assert gateway.powered
    assert gateway.answer("/nothing/here") is None
    assert gateway.command("PUT", "/nothing/here", b"") is None
