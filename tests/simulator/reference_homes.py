"""Simulated homes with the hardware of real captures, and the shape of what gateways answer."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import CHECK_JWT, INFO
from exporter.simulator.gateway import HttpResponse, SimulatedGateway, WrappedGateway
from exporter.simulator.homes.device_states import CloudState, MeterState
from exporter.simulator.homes.home_gateway import HomeGateway
from exporter.simulator.homes.models import UNUSED_CTS, HomeHardware
from exporter.simulator.homes.sample_state import sample_state
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.replay import load_capture

NOW = 1_800_000_000.0

#: everything that the exporter reads as JSON
TARGETS = sorted(set(ENDPOINTS) - {INFO, CHECK_JWT})

#: path of a key, and the JSON type that is there
Shape = set[tuple[str, str]]

_TYPES = {
    dict: "object",
    list: "array",
    str: "text",
    int: "number",
    float: "number",
    bool: "flag",
    type(None): "null",
}


def shape(gateway: SimulatedGateway, target: str) -> Shape:
    """Return the shape of an answer; empty where there is none in JSON."""
    return document_shape(content(gateway, target))


def document_shape(document: Any) -> Shape:
    """Return the shape of a JSON document; empty for None."""
    return set(_paths(document, "")) - {("", "null")}


def content(gateway: SimulatedGateway, target: str) -> Any:
    """Return an answer as JSON, None where there is none."""
    answer = gateway.answer(target)
    if answer is None or answer.status != 200:
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def _paths(node: Any, at: str) -> Iterator[tuple[str, str]]:
    """Yield all paths; items of a list go by what kind of thing they are, as far as they say."""
    yield at, _TYPES[type(node)]
    if isinstance(node, dict):
        for key, value in node.items():
            kind = value.get("devName", "") if isinstance(value, dict) else ""
            yield from _paths(value, f"{at}.{f'<{kind}>' if key.isdigit() else key}")
    elif isinstance(node, list):
        for item in node:
            yield from _paths(item, f"{at}[{_kind(item) if 'contacts' not in at else ''}]")


def _kind(item: Any) -> str:
    kind = (item.get("measurementType") or item.get("type", "")) if isinstance(item, dict) else ""
    return str(kind)


class Recorded(WrappedGateway):
    """A gateway of which no more is known than what was recorded of another."""

    def __init__(self, gateway: SimulatedGateway, capture: Path) -> None:
        super().__init__(gateway)
        self._capture = load_capture(capture)
        # some recordings of the production report were made without details
        self._details = "lines" in str(content(self._capture, "/production.json?details=1"))

    def answer(self, target: str) -> HttpResponse | None:
        """See `SimulatedGateway.answer`."""
        recorded = self._capture.answer(target)
        if recorded is None or recorded.status != 200:
            return recorded
        return self._inner.answer(target if self._details else target.partition("?")[0])


def twins(capture: Path) -> list[SimulatedGateway]:
    """Return homes with the hardware of a capture: one of a table, and one that lives."""
    recorded = load_capture(capture)
    site, disabled = _site(recorded)
    state = replace(
        sample_state(site, NOW),
        meters={kind: MeterState(enabled=kind not in disabled, flags=_FLAGS) for kind in site.cts},
        cloud=CloudState(reported=int(NOW) - 100, cellular=True),
    )
    house = HomeSimulation(site, seed=1, start=NOW, past_days=0)
    house.set("cloud.cellular", True)
    for kind in site.cts:
        house.set(f"meter.{kind}.enabled", kind not in disabled)
        house.set(f"meter.{kind}.flags", list(_FLAGS))
    return [HomeGateway(site, lambda: state), LiveGateway(house)]


_FLAGS = ("production-imbalance",)


def _site(recorded: SimulatedGateway) -> tuple[HomeHardware, frozenset[str]]:
    """Return the hardware that a capture shows, and which CTs are disabled."""
    groups = content(recorded, "/ivp/ensemble/inventory")
    counts = {each["type"]: len(each["devices"]) for each in groups or [] if "devices" in each}
    listed = content(recorded, "/api/v1/production/inverters") or []
    production = content(recorded, "/production.json?details=1") or {}
    meters = content(recorded, "/ivp/meters") or _meters(production)
    info = recorded.answer(INFO)
    assert info is not None
    number = re.search(rb"<pn>(\S+)</pn>", info.body)
    assert number is not None
    site = HomeHardware(
        serial="202499000077",
        firmware=recorded.firmware,
        part_number=number[1].decode(),
        cts=tuple(meter["measurementType"] for meter in meters),
        legs=max((meter["phaseCount"] for meter in meters), default=1),
        volts=120.0,
        inverters=sum(each.get("devType", 1) == 1 for each in listed) or 3,
        device_data=content(recorded, "/ivp/pdm/device_data") is not None,
        batteries=counts.get("ENCHARGE", 0),
        acbs=max((each["activeCount"] for each in production.get("storage", [])), default=0),
        controller="ENPOWER" in counts,
        collar="COLLAR" in counts,
        combiner="C6 COMBINER CONTROLLER" in counts,
        generator=bool(content(recorded, "/ivp/ss/gen_mode")),
        time_of_use=True,
    )
    disabled = {meter["measurementType"] for meter in meters if meter["state"] != "enabled"}
    return site, frozenset(disabled | UNUSED_CTS)


def _meters(production: Any) -> list[dict[str, Any]]:
    """Return the CTs, by the production report of firmware whose CTs were not recorded."""
    sections = [
        section
        for part in ("production", "consumption")
        for section in production.get(part, [])
        if section["type"] == "eim" and section.get("measurementType") != "total-consumption"
    ]
    return [
        {
            "measurementType": section["measurementType"],
            "state": "enabled" if section["activeCount"] else "disabled",
            "phaseCount": len(section.get("lines", ["L1"])),
        }
        for section in sections
    ]
