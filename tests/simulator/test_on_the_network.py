"""A simulated gateway that is unplugged, replaced, restarted or refuses everybody."""

import asyncio
import time
from dataclasses import dataclass, replace

import aiohttp
import pytest
from aiohttp import web
from pyenphase import Envoy
from pyenphase.exceptions import EnvoyAuthenticationRequired

from exporter.errors import ExporterError
from exporter.simulator import faults, tokens
from exporter.simulator.access import CHECK_JWT, TokenAccessCheck
from exporter.simulator.homes import SAMPLE_HOMES, build_home, sample_home
from exporter.simulator.live import LiveGateway
from exporter.simulator.server import RunningGateway, serve
from tests.simulator.physics.sample_simulations import house

NOW = 1_800_000_000.0
HOUR = 3600.0


@dataclass(frozen=True)
class _ObservedHang(faults.Hang):
    """No answer, and word of it."""

    arrived: asyncio.Event

    async def send(self, call: faults.PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        self.arrived.set()
        return await faults.Hang.send(self, call)


async def _status(
    client: aiohttp.ClientSession, running: RunningGateway, path: str, token: str | None = None
) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with client.get(running.url + path, headers=headers) as response:
        await response.read()
        return response.status


@pytest.mark.parametrize(("user", "hours"), [("owner", 365 * 24), ("installer", 12)])
async def test_a_token_ends_by_the_gateways_clock(
    user: str, hours: int, client: aiohttp.ClientSession
) -> None:
    """An owner's token is accepted for a year, an installer's for twelve hours."""
    now = [NOW]
    async with serve(sample_home("solar-only", lambda: now[0]), now=lambda: now[0]) as running:
        token = running.issue("installer" if user == "installer" else "owner")
        now[0] += hours * HOUR - 1
        assert await _status(client, running, CHECK_JWT, token) == 200
        now[0] += 1
        assert await _status(client, running, CHECK_JWT, token) == 401
        assert await _status(client, running, CHECK_JWT, running.issue()) == 200


async def test_a_clock_that_is_ahead_ends_tokens_early(client: aiohttp.ClientSession) -> None:
    """What counts is what the gateway takes for the time."""
    it = house("solar-only", past_days=0)
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        token = running.issue(lifetime=HOUR)
        assert await _status(client, running, "/home", token) == 200
        it.set("gateway.clock_offset", HOUR)
        assert running.time() == it.now + HOUR
        assert await _status(client, running, "/home", token) == 401


async def test_a_revoked_token_is_refused_at_once(client: aiohttp.ClientSession) -> None:
    """Revoked, a token lets nobody in, not even who is in a session; others still do."""
    async with serve(sample_home("solar-only", time.time)) as running:
        assert isinstance(running.login, TokenAccessCheck)
        other = running.issue()
        assert await _status(client, running, CHECK_JWT, running.token) == 200
        running.login.revoke(running.token)
        assert await _status(client, running, "/home", running.token) == 401
        assert await _status(client, running, CHECK_JWT, running.token) == 401
        assert await _status(client, running, "/home", other) == 200


async def test_a_restart_forgets_sessions(client: aiohttp.ClientSession) -> None:
    """After a restart the cookie is worth nothing, the token what it was."""
    async with serve(sample_home("solar-only", time.time)) as running:
        await _status(client, running, CHECK_JWT, running.token)
        assert await _status(client, running, "/home") == 200
        running.login.forget()
        assert await _status(client, running, "/home") == 401
        assert await _status(client, running, "/home", running.token) == 200


async def test_old_firmware_asks_for_the_password_again_after_a_restart() -> None:
    """A client with digest goes on after a restart, by answering the new challenge."""
    async with (
        serve(sample_home("legacy", time.time)) as running,
        aiohttp.ClientSession() as client,
    ):
        envoy = Envoy(running.host, client)
        await envoy.setup()
        await envoy.authenticate()
        await envoy.update()
        running.login.forget()
        assert len((await envoy.update()).inverters) == 20


@pytest.mark.parametrize("name", ["solar-only", "legacy"])
async def test_a_gateway_can_refuse_everybody(name: str, client: aiohttp.ClientSession) -> None:
    """While it refuses it only tells who it is; then all is well again."""
    async with serve(sample_home(name, time.time)) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token if running.gateway.uses_tls else None)
        await envoy.update()
        running.login.refuse = True
        with pytest.raises(EnvoyAuthenticationRequired):
            await envoy.update()
        assert await _status(client, running, "/info") == 200
        running.login.refuse = False
        await envoy.update()


async def test_another_gateway_takes_the_place(client: aiohttp.ClientSession) -> None:
    """At the same address there is another serial number, which the old token does not open."""
    async with serve(sample_home("solar-only", time.time)) as running:
        host, old = running.host, running.token
        assert await _status(client, running, CHECK_JWT, old) == 200

        running.gateway = build_home(
            replace(SAMPLE_HOMES["solar-only"], serial="122199000042"), time.time
        )
        assert running.host == host
        assert await _status(client, running, "/home", old) == 401
        assert running.token != old
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        assert envoy.serial_number == "122199000042"
        await envoy.authenticate(token=running.token)
        await envoy.update()


async def test_another_old_gateway_takes_the_place(client: aiohttp.ClientSession) -> None:
    """With the serial number, the password changes as well."""
    async with serve(sample_home("legacy", time.time)) as running:
        running.gateway = build_home(
            replace(SAMPLE_HOMES["legacy"], serial="121699000042"), time.time
        )
        url = f"{running.url}/home"
        for password, status in (("000007", 401), ("000042", 200)):
            digest = aiohttp.DigestAuthMiddleware("envoy", password)
            async with client.get(url, middlewares=(digest,)) as response:
                assert response.status == status


async def test_a_house_can_get_another_gateway(client: aiohttp.ClientSession) -> None:
    """Replaced within the house, it is another gateway to whoever asks."""
    it = house("solar-only", past_days=0)
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        old = running.token
        assert await _status(client, running, CHECK_JWT, old) == 200
        it.replace_gateway("122199000042")
        assert await _status(client, running, "/home", old) == 401
        assert await _status(client, running, "/home", running.token) == 200


@pytest.mark.parametrize(("old", "new"), [("legacy", "solar-only"), ("solar-only", "legacy")])
async def test_the_protocol_cannot_change_while_it_runs(old: str, new: str) -> None:
    """An address that speaks HTTP cannot go on in HTTPS; the error says what to do."""
    async with serve(sample_home(old, time.time)) as running:
        before = running.gateway
        refused = r"firmware \S+ cannot take the place.*start a new server"
        with pytest.raises(ExporterError, match=refused):
            running.gateway = sample_home(new, time.time)
        assert running.gateway is before


@pytest.mark.parametrize(("name", "firmware"), [("legacy", "7.0.0"), ("solar-only", "5.0.70")])
def test_an_update_cannot_change_the_protocol(name: str, firmware: str) -> None:
    """Nor can the firmware of a house cross that line, and anything that is none is refused."""
    it = house(name, past_days=0)
    with pytest.raises(ExporterError, match=rf"cannot become {firmware} in place.*another house"):
        it.set("gateway.firmware", firmware)
    with pytest.raises(ExporterError, match="takes a version such as"):
        it.set("gateway.firmware", "the newest")
    assert LiveGateway(it).firmware == SAMPLE_HOMES[name].firmware


async def test_an_update_is_announced(client: aiohttp.ClientSession) -> None:
    """After an update, who asks for the firmware gets the new one."""
    it = house("solar-only", past_days=0)
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        it.set("gateway.firmware", "8.2.4000")
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        assert envoy.firmware == "8.2.4000"


@pytest.mark.parametrize("name", ["solar-only", "legacy"])
async def test_unplugged_it_cannot_be_connected_to(
    name: str, client: aiohttp.ClientSession
) -> None:
    """Off the network, connections are refused; back on it, it is where it was."""
    async with serve(sample_home(name, time.time)) as running:
        for _ in range(2):
            assert await _status(client, running, "/info") == 200
            running.up = False
            assert not running.up
            with pytest.raises(aiohttp.ClientConnectorError) as caught:
                await _status(client, running, "/info")
            assert isinstance(caught.value.os_error, ConnectionRefusedError)
            running.up = True
            assert running.up
        assert await _status(client, running, "/info") == 200


@pytest.mark.parametrize("name", ["solar-only", "legacy"])
async def test_unplugging_resets_who_is_connected(name: str, client: aiohttp.ClientSession) -> None:
    """Who waits for an answer while the cable is pulled gets a reset connection."""
    async with serve(sample_home(name, time.time)) as running:
        arrived = asyncio.Event()
        running.faults["/info"] = _ObservedHang(arrived)
        waiting = asyncio.ensure_future(_status(client, running, "/info"))
        await arrived.wait()
        running.up = False
        with pytest.raises(aiohttp.ClientOSError):
            await waiting


async def test_it_can_end_while_unplugged() -> None:
    """However quickly it was plugged and unplugged before, stopping does not need the network."""
    async with serve(sample_home("legacy", time.time)) as running:
        running.up = False
    async with serve(sample_home("legacy", time.time)) as running:
        running.up = False
        running.up = True
    async with serve(sample_home("legacy", time.time)) as running:
        running.up = False
        running.up = True
        running.up = False


async def test_listening_everywhere_it_can_be_unplugged(client: aiohttp.ClientSession) -> None:
    """All addresses are closed and opened together."""
    async with serve(sample_home("legacy", time.time), host="") as running:
        running.up = False
        with pytest.raises(aiohttp.ClientConnectorError):
            await _status(client, running, "/info")
        running.up = True
        assert await _status(client, running, "/info") == 200


async def test_without_power_it_answers_nobody(client: aiohttp.ClientSession) -> None:
    """In a blackout without batteries, the gateway is dark as well."""
    it = house("solar-only", past_days=0)
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        it.set("grid.up", False)
        with pytest.raises(aiohttp.ClientError):
            await _status(client, running, "/info")
        it.set("grid.up", True)
        assert await _status(client, running, "/info") == 200


def test_tokens_of_other_gateways_can_be_made() -> None:
    """A token for another serial number is a token all the same, only not for this one."""
    token = tokens.make("122199000042", now=NOW, user="installer")
    assert tokens.accepts(token, serial="122199000042", now=NOW)
    assert not tokens.accepts(token, serial=SAMPLE_HOMES["solar-only"].serial, now=NOW)
