"""What a simulated gateway refuses, from which user, and that nothing has happened then."""

import json
import time
from functools import cache
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyenphase import Envoy
from pyenphase.exceptions import EnvoyHTTPStatusError
from pyenphase.models.tariff import EnvoyStorageMode

from exporter.simulator import faults
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.homes import SAMPLE_HOME_NAMES, sample_home
from exporter.simulator.live import LiveGateway
from exporter.simulator.server import RunningGateway, serve
from exporter.simulator.writes import WRITE_ENDPOINTS
from tests.simulator.physics.sample_simulations import house

_HOMES = ("battery-home", "acb", "generator")


@cache
def _live(name: str) -> LiveGateway:
    return LiveGateway(house(name, past_days=0))


_CONTACT: dict[str, Any] = {
    "id": "NC1",
    "type": "LOAD",
    "grid_action": "apply",
    "micro_grid_action": "shed",
    "gen_action": "shed",
    "override": "false",
    "manual_override": "false",
    "load_name": "Heat pump",
    "mode": "soc",
    "soc_low": 30.0,
    "soc_high": 70.0,
    "pv_serial_nb": [],
}
_SCHEDULE: dict[str, Any] = {
    "exercise_config": {"freq_in_weeks": 1, "start": 600, "duration": 20, "day": "Mon"},
    "default_soc": {"start_soc": 30, "stop_soc": 70},
    "schedule": {},
}
_SLEEP = {"serial_num": "129900000001", "sleep_min_soc": 10, "sleep_max_soc": 20}


def _without(whole: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name != key}


def _settings(**storage: Any) -> dict[str, Any]:
    return {"tariff": {"storage_settings": storage}}


_WRONG_CONTACTS: list[Any] = [
    {"id": "NC9", "status": "open"},
    {"id": "*", "status": "open"},
    {"id": "NC1", "status": "shut"},
    {"id": "NC1"},
    [],
]
_WRONG_SLEEPS: list[Any] = [
    [],
    [_SLEEP | {"serial_num": "129900000009"}],
    [_SLEEP, _SLEEP | {"sleep_min_soc": 30}],
    [_SLEEP | {"sleep_max_soc": 20.5}],
    [_without(_SLEEP, "sleep_min_soc")],
]

_WRONG_TARIFFS: list[Any] = [
    {},
    {"tariff": []},
    _settings(mode="party"),
    _settings(reserved_soc=101),
    _settings(reserved_soc=-1),
    _settings(reserved_soc="20"),
    _settings(very_low_soc=True),
    _settings(charge_from_grid="true"),
    _settings(opt_schedules=0),
]

#: home, method, target, body
_WRONG: list[tuple[str, str, str, Any]] = [
    ("battery-home", "POST", "/ivp/ensemble/relay", {}),
    ("battery-home", "POST", "/ivp/ensemble/relay", {"mains_admin_state": "ajar"}),
    ("battery-home", "POST", "/ivp/ensemble/relay", ["open"]),
    *(
        ("battery-home", "POST", "/ivp/ensemble/dry_contacts", {"dry_contacts": wrong})
        for wrong in _WRONG_CONTACTS
    ),
    *(
        ("battery-home", "POST", "/ivp/ss/dry_contact_settings", {"dry_contacts": wrong})
        for wrong in (
            *(_without(_CONTACT, key) for key in _CONTACT),
            _CONTACT | {"id": "NC9"},
            _CONTACT | {"type": "PV"},
            _CONTACT | {"mode": "auto"},
            _CONTACT | {"soc_low": 80.0},
            _CONTACT | {"soc_high": 101.0},
            _CONTACT | {"override": "yes"},
            _CONTACT | {"override": []},
            _CONTACT | {"load_name": ""},
        )
    ),
    *(("battery-home", "PUT", "/admin/lib/tariff", wrong) for wrong in _WRONG_TARIFFS),
    *(("acb", "PUT", "/admin/lib/acb_config", {"acb_sleep": wrong}) for wrong in _WRONG_SLEEPS),
    ("acb", "DELETE", "/admin/lib/acb_config", {"acb_sleep": [{"serial_num": "1"}]}),
    ("generator", "POST", "/ivp/ss/gen_mode", {"gen_cmd": "On"}),
    ("generator", "POST", "/ivp/ss/gen_config", {"charge_from_generator": False}),
    *(
        ("generator", "POST", "/ivp/ss/gen_schedule", wrong)
        for wrong in (
            *(_without(_SCHEDULE, key) for key in _SCHEDULE),
            _SCHEDULE | {"default_soc": {"start_soc": 70, "stop_soc": 70}},
            _SCHEDULE | {"exercise_config": {"freq_in_weeks": 5}},
        )
    ),
]


@pytest.mark.parametrize(("name", "method", "target", "body"), _WRONG)
def test_a_wrong_body_changes_nothing(name: str, method: str, target: str, body: Any) -> None:
    """A body with something missing or wrong gets 400 and a word why, and all stays as it was."""
    gateway = _live(name)
    before = gateway.house.state()
    answer = gateway.command(method, target, json.dumps(body).encode())

    assert answer is not None
    assert answer.status == 400
    assert json.loads(answer.body)["error"]
    gateway.house.advance(gateway.house.now)
    assert gateway.house.state() == before


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


@given(
    st.sampled_from(sorted(WRITE_ENDPOINTS)),
    st.binary() | _JSON.map(lambda it: json.dumps(it).encode()),
)
def test_no_body_breaks_a_gateway(command: tuple[str, str], body: bytes) -> None:
    """Whatever is sent gets an answer from the gateway that knows the command."""
    answers = [_live(name).command(*command, body) for name in _HOMES]
    assert {answer.status for answer in answers if answer} <= {200, 400}
    assert any(answers)


@pytest.mark.parametrize("name", ["solar-only", "legacy"])
def test_what_is_not_there_accepts_no_writes(name: str) -> None:
    """A home without the hardware has no commands for it; what concerns panels is there."""
    gateway = LiveGateway(house(name, past_days=0))
    accepted = {
        target for method, target in WRITE_ENDPOINTS if gateway.command(method, target, b"{}")
    }
    of_every_home = {
        "/admin/lib/tariff",
        "/ivp/livedata/stream",
        "/ivp/mod/603980032/mode/power",
        "/ivp/ss/dpel",
    }
    assert accepted == (of_every_home if name == "solar-only" else set())


async def _status(
    client: aiohttp.ClientSession, running: RunningGateway, method: str, target: str, **how: Any
) -> int:
    headers = {"Authorization": f"Bearer {running.token}"} if running.gateway.uses_tls else {}
    url = running.url + target
    async with client.request(method, url, data=b"{}", **{"headers": headers, **how}) as response:
        return response.status


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
async def test_a_home_of_a_table_takes_no_writes(name: str, client: aiohttp.ClientSession) -> None:
    """A fixed sample home refuses writes: 405 where it can be read, 404 or 403 elsewhere."""
    async with serve(sample_home(name, time.time)) as running:
        digest = aiohttp.DigestAuthMiddleware("envoy", running.gateway.serial[-6:])
        how = {} if running.gateway.uses_tls else {"middlewares": (digest,)}
        for method, target in WRITE_ENDPOINTS:
            there = running.gateway.answer(target) is not None
            expected = 405 if there else 404
            if running.gateway.installer_only(target):
                expected = 403  # an owner may not
            assert await _status(client, running, method, target, **how) == expected


async def test_a_capture_takes_no_writes(captures_dir: Any, client: aiohttp.ClientSession) -> None:
    """A recorded gateway refuses commands it never recorded, and goes on."""
    from exporter.simulator.replay import load_capture

    async with serve(load_capture(captures_dir / "8.3.5169_with_generator")) as running:
        assert await _status(client, running, "POST", "/ivp/ss/gen_mode") == 405
        assert await _status(client, running, "PUT", "/admin/lib/acb_config") == 404
        assert await _status(client, running, "GET", "/ivp/ss/gen_mode") == 200


async def test_a_write_needs_a_login(client: aiohttp.ClientSession) -> None:
    """Without a token every command is refused, whatever it is."""
    it = house(past_days=0)
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        relay = "/ivp/ensemble/relay"
        assert await _status(client, running, "POST", relay, headers={}) == 401
    assert it.get("switch.commanded") == "closed"


async def test_faults_can_be_for_writes_only(client: aiohttp.ClientSession) -> None:
    """A gateway can fail to answer a write it has taken, while it goes on being read."""
    it = house(past_days=0)
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        running.faults["PUT /admin/lib/tariff"] = faults.status(503)
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token)
        await envoy.update()
        with pytest.raises(EnvoyHTTPStatusError, match="503"):
            await envoy.set_storage_mode(EnvoyStorageMode.BACKUP)
        tariff = (await envoy.update()).tariff
    assert tariff is not None
    assert tariff.storage_settings is not None
    assert tariff.storage_settings.mode == EnvoyStorageMode.BACKUP


def test_a_gateway_accepts_no_writes_by_default() -> None:
    """By default no command is known."""
    gateway: SimulatedGateway = sample_home("generator", time.time)
    assert gateway.command("POST", "/ivp/ss/gen_mode", b'{"gen_cmd": "on"}') is None
