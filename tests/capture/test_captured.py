"""A capture holds the same data as the gateway, but not whose it is."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from exporter.capture.folder import file_name
from exporter.capture.recorder import NO_RESPONSE_STATUS, TARGETS, Recorder
from exporter.capture.redactor import Redactor
from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.errors import CaptureError
from exporter.gateway.endpoints import ENDPOINTS, plc_levels
from exporter.gateway.paths import CHECK_JWT
from exporter.gateway.rate_limit import BURST, PER_MINUTE, WINDOW
from exporter.gateway.state_model import GatewayState
from exporter.simulator import replay as captures
from exporter.simulator.faults import Hang, Reset, body, status
from exporter.simulator.gateway import HttpResponse, SimulatedGateway, WrappedGateway
from exporter.simulator.homes import SAMPLE_HOME_NAMES, build_home, sample_home
from exporter.simulator.server import serve
from tests.capture.recorded import capture
from tests.gateway.test_rate_limit import EVERYTHING, Times
from tests.polled_gateway import START, impatient, polled_gateway

__all__ = ["impatient"]

#: series that depend on the exporter and the time of its requests, not on the gateway's content
_ENUMERATIONS = re.compile(r"enphase_(exporter|collector|gateway_requests|gateway_clock|counter)_")

Comparable = dict[str, dict[frozenset[tuple[str, str]], float]]


async def value(
    gateway: SimulatedGateway, state: Path, redactor: Redactor | None = None
) -> Comparable:
    """Return the exporter's series of a gateway, with pseudonyms in the labels."""
    async with polled_gateway(gateway, state, VirtualClock(START)) as watched:
        await watched.pass_time(30)
        exported = watched.samples()
    return {
        name: {
            frozenset(
                (key, redactor.value(key, content) if redactor else content)
                for key, content in labels
            ): value
            for labels, value in series.items()
        }
        for name, series in exported.items()
        if name.startswith("enphase_") and not _ENUMERATIONS.match(name)
    }


def identities(gateway: SimulatedGateway) -> Iterator[str]:
    """Yield the identities of a simulated gateway and its devices."""
    yield gateway.serial
    for target in TARGETS:
        answer = gateway.answer(target)
        yield from _serials(answer.body if answer else b"")


def _serials(content: bytes) -> Iterator[str]:
    yield from re.findall(r"(?<!\d)\d{12}(?!\d)", content.decode())
    yield from re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", content.decode())
    yield from re.findall(r'"load_name":"(\w[^"]+)"', content.decode())
    yield from re.findall(r'"ip":"([\d.]+)"', content.decode())


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
async def test_a_replay_repeats_the_responses_of_the_gateway(name: str, tmp_path: Path) -> None:
    """Every metric has the same value, under pseudonyms; no identity is found in any byte."""
    gateway = sample_home(name, lambda: START)
    async with serve(gateway, now=lambda: START) as running:
        captured = await capture(running, tmp_path / "capture", VirtualClock(START))
        token = running.token if gateway.uses_tls else "no token"
    replayed = captures.load_capture(captured.folder)
    assert replayed.firmware == gateway.firmware
    expected = await value(gateway, tmp_path / "before", captured.redactor)
    assert await value(replayed, tmp_path / "after") == expected
    assert len(expected) > 20

    written = captured.bytes().decode()
    originals = {*identities(gateway)}
    assert len(originals) > 10
    assert [one for one in originals if one in written] == []
    assert not any(part in written for part in token.split(".")[1:])


async def test_a_capture_of_a_replay_has_the_same_values(capture_of: Path, tmp_path: Path) -> None:
    """The content of real gateways is unchanged, except for what identifies them."""
    gateway = captures.load_capture(capture_of)
    try:
        async with serve(gateway, now=lambda: START) as running:
            captured = await capture(running, tmp_path / "capture", VirtualClock(START))
    finally:
        serial = gateway.serial
    replayed = captures.load_capture(captured.folder)
    expected = await value(gateway, tmp_path / "before", captured.redactor)
    assert await value(replayed, tmp_path / "after") == expected
    assert serial.encode() not in captured.bytes()
    for answer in captured.answers:
        again = replayed.answer(answer.target)
        assert again is not None
        assert again.status == answer.status
        assert _shape(again.body) == _shape(answer.body)


@pytest.fixture(name="capture_of")
def _capture_of(capture: Path) -> Path:
    """Return the folder of a real capture, which has the name of a function here."""
    return capture


def _shape(content: bytes) -> Any:
    """Return the types in an answer and the numbers of its members, which stay what they are."""
    try:
        return _types(orjson.loads(content))
    except orjson.JSONDecodeError:
        return re.sub(rb"\w", b"x", content)


def _types(content: Any) -> Any:
    if isinstance(content, Mapping):
        return [(len(key), _types(value)) for key, value in content.items()]
    if isinstance(content, list):
        return [_types(value) for value in content]
    return type(content)


class Nosy(WrappedGateway):
    """A gateway that recordings identifying data in every possible place."""

    SERIAL = "202499000001"
    CANARIES: Mapping[str, str] = {
        "serial": SERIAL,
        "mac": "00:1d:c0:12:ab:9f",
        "bare mac": "001dc012ab9f",
        "shouted mac": "00-1D-C0-12-AB-9F",
        "ssid": "Canary Nest 5G",
        "address": "192.168.47.11",
        "address 6": "fe80::21d:c0ff:fe12:ab9f",
        "public": "93.184.216.34",
        "e-mail": "jo.canary@birds.example",
        "host": "canary-pi.lan",
        "load": "Aviary heater",
        "owner": "Jo Canary",
        "street": "12 Feather Lane",
        "site": "4711815",
        "latitude": "-37.81363",
        "longitude": "144.96332",
        "phone": "+61 3 5550 4711",
        "token": "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
        "passphrase": "tweet-tweet-9",
        "uuid": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "blob": "5ea1" * 40,
    }

    def __init__(self) -> None:
        super().__init__(sample_home("battery-home", lambda: START))

    def answer(self, target: str) -> HttpResponse | None:
        """Return responses full of identifying data for endpoints that the home does not have."""
        one = self.CANARIES
        if target == "/ivp/ensemble/status":
            return _json(
                {
                    "site_id": int(one["site"]),
                    "owner": {"first": one["owner"], "mail": one["e-mail"]},
                    "address": {"line": one["street"]},
                    "wifi": {"ssid": one["ssid"], "passphrase": one["passphrase"]},
                    "lat": float(one["latitude"]),
                    "longitude": one["longitude"],
                    "phone": one["phone"],
                    "hostname": one["host"],
                    "load_name": one["load"],
                    "interfaces": [{"mac": one["mac"], "ip": one["address"]}],
                    "serial_nums": {self.SERIAL: {"device_id": self.SERIAL}},
                    "vendor_data": one["blob"],
                    "notes": "",
                }
            )
        if target == "/inv":
            value = " / ".join(one.values())
            return _json(
                {
                    "log": value,
                    "nested": json.dumps(
                        {
                            "log": value,
                            "sn": self.SERIAL,
                            "n": int(self.SERIAL),
                            "deeper": json.dumps([{"ssid": "Canary Cage"}]),
                        }
                    ),
                    one["load"]: 1,
                    f"battery {self.SERIAL}EIM1": 2,
                    "number": int(self.SERIAL),
                    "url": f"https://{one['host']}/#{self.SERIAL}?t={one['token']}",
                    "escaped": one["ssid"].replace("C", "\u0043"),
                }
            )
        if target == "/inventory":
            value = "".join(f"<td title='{content}'>{content}</td>" for content in one.values())
            page = f"<html><h1>{one['owner'].upper()}</h1><tr>{value}</tr><sn>{self.SERIAL}</sn>"
            return HttpResponse(200, page.encode(), {"Content-Type": "text/html"})
        if target == "/ivp/pdm/energy":
            # cut off in the middle
            return HttpResponse(
                200, f'[{{"sn": "{self.SERIAL}", "log": "{self.SERIAL} of'.encode(), {}
            )
        if target == "/ivp/sc/pvlimit":
            headers = {
                "Location": f"https://{one['address']}/{self.SERIAL}",
                "Set-Cookie": "sessionId=canarycanary; Secure",
                "X-Token": one["token"],
            }
            return HttpResponse(302, b"canarycanary", headers)
        return self._inner.answer(target)


def _json(content: Any) -> HttpResponse:
    return HttpResponse(200, orjson.dumps(content), {"Content-Type": "application/json"})


async def test_no_canary_is_found_in_a_capture(tmp_path: Path) -> None:
    """A value learnt in one place is replaced in keys, numbers, markup, URLs, headers and logs.

    What is not about anybody stays: time zone, parts, firmware.
    """
    gateway = Nosy()
    async with serve(gateway, now=lambda: START) as running:
        captured = await capture(running, tmp_path / "capture", VirtualClock(START))
    written = captured.bytes().decode().lower()
    assert "canary" not in written
    assert {name for name, content in Nosy.CANARIES.items() if content.lower() in written} == set()
    assert "set-cookie" not in written
    assert "us/pacific" in written
    assert "800-00555-r03" in written

    kinds = {str(one.kind) for one in captured.redactor.report()}
    assert len(kinds) >= 13
    inv = orjson.loads((captured.folder / "inv").read_bytes())
    nested = orjson.loads(inv["nested"])
    serial = captured.redactor.value("sn", Nosy.SERIAL)
    assert (nested["sn"], nested["n"], inv["number"]) == (serial, int(serial), int(serial))
    assert nested["log"] == inv["log"]
    assert f"battery {serial}EIM1" in inv
    other = orjson.loads((captured.folder / "ivp_ensemble_status").read_bytes())
    assert serial in other["serial_nums"]
    assert other["load_name"] in inv
    parts = inv["log"].split(" / ")
    bare, shouted = (parts[[*Nosy.CANARIES].index(name)] for name in ("bare mac", "shouted mac"))
    assert other["interfaces"][0]["mac"].replace(":", "") == bare
    assert shouted == other["interfaces"][0]["mac"].replace(":", "-").upper()


async def test_two_captures_have_nothing_in_common(tmp_path: Path) -> None:
    """Pseudonyms differ each time, so that two captures of one home cannot be linked."""
    async with serve(sample_home("battery-home", lambda: START), now=lambda: START) as running:
        recordings = [
            await capture(running, tmp_path / str(number), VirtualClock(START))
            for number in range(2)
        ]
    serials = [set(_serials(one.bytes())) for one in recordings]
    assert len(serials[0]) == len(serials[1]) > 30
    assert serials[0].isdisjoint(serials[1])


async def test_failures_are_part_of_a_capture(impatient: None, tmp_path: Path) -> None:
    """Refusals, hangs and garbage do not stop a capture; a replay fails in the same places."""
    gateway = sample_home("battery-home", lambda: START)
    async with serve(gateway, now=lambda: START) as running:
        running.faults |= {
            "/ivp/meters": status(401),
            "/ivp/ensemble/power": status(503),
            "/home": Hang(),
            "/ivp/ensemble/secctrl": Reset(),
            "/admin/lib/tariff": body(b"<html>no</html>"),
        }
        captured = await capture(running, tmp_path / "capture", VirtualClock(START))
    replayed = captures.load_capture(captured.folder)
    answers = {target: replayed.answer(target) for target in TARGETS}
    statuses = {
        "/ivp/meters": 401,
        "/ivp/ensemble/power": 503,
        "/home": NO_RESPONSE_STATUS,
        "/ivp/ensemble/secctrl": NO_RESPONSE_STATUS,
        "/admin/lib/tariff": 200,
        "/ivp/ss/gen_mode": 404,
    }
    assert {target: answer.status for target, answer in answers.items() if answer} | statuses == {
        target: answer.status for target, answer in answers.items() if answer
    }
    log = json.loads((captured.folder / "home_log.json").read_text())
    assert "no complete response in time" in log["failure"]
    readme = (captured.folder / "_readme.md").read_text()
    assert "`home` `/home`: /home: no complete response in time; replayed as 504" in readme


async def test_a_gateway_that_goes_away_ends_a_capture(tmp_path: Path) -> None:
    """A capture ends without waiting for thirty connections to fail."""
    async with serve(sample_home("battery-home", lambda: START), now=lambda: START) as running:
        config = GatewayConfig.model_validate({"host": running.host, "token": running.token})
        recorder = Recorder(config, GatewayState(), VirtualClock(START))
        await recorder.open()
        running.up = False
        with pytest.raises(CaptureError, match="nothing was written"):
            _ = [answer async for answer in recorder.answers()]
        await recorder.close()


@pytest.mark.parametrize("name", ["everything", "legacy"])
async def test_a_capture_respects_the_rate_limit(name: str, tmp_path: Path) -> None:
    """The exporter's own budget holds: a burst, then 14 a minute, one at a time."""
    clock = VirtualClock(START)
    gateway = (
        build_home(EVERYTHING, clock.time)
        if name == "everything"
        else sample_home(name, clock.time)
    )
    async with serve(gateway, now=clock.time) as running:
        times = running.requests = Times(clock)
        await capture(running, tmp_path / "capture", clock)
        assert running.max_concurrency == 1
    sent = sorted((*times.full, *times.small))
    after = [at for at in sent if at > sent[0]]
    assert len(sent) >= len(TARGETS)
    assert len(sent) - len(after) <= BURST
    assert all(sum(start <= at < start + 60 for at in after) <= PER_MINUTE for start in after)
    assert sum(times.most()) <= PER_MINUTE * WINDOW / 60


def test_all_targets_are_requested(captures_dir: Path) -> None:
    """All targets of the exporter and of captures are requested, but for what loads the site."""
    asked = {file_name(target) for target in TARGETS}
    assert set(ENDPOINTS) - {CHECK_JWT, plc_levels.ENDPOINT.path} == set(ENDPOINTS) & set(TARGETS)
    assert len(asked) == len(TARGETS)
    recorded = {
        path.name
        for path in captures_dir.glob("*/*")
        if not path.name.startswith("_") and not path.name.endswith("_log.json")
    }
    # hand-made copies
    assert {name for name in recorded - asked if not re.search(r"(\.json|_1|\.md)$", name)} == set()
    assert not any(re.search(r"acb_config|reboot|reset|upgrade|login", t) for t in TARGETS)
