"""Each fault does what it says, until it is over."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from exporter.simulator import faults
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.log_asserts import logged_errors

PATH = "/ivp/meters"
#: seconds a client waits for what never comes
PATIENCE = aiohttp.ClientTimeout(total=0.5)


@pytest.fixture(params=["three-phase", "legacy"])
async def running(request: pytest.FixtureRequest) -> AsyncIterator[RunningGateway]:
    """Serve a gateway with TLS, and one without."""
    async with serve(sample_home(request.param, lambda: 1_800_000_000.0)) as gateway:
        yield gateway


async def _get(
    client: aiohttp.ClientSession, running: RunningGateway, path: str = PATH
) -> tuple[int, bytes]:
    """Get a path with the login the gateway wants, without following redirects."""
    digest = aiohttp.DigestAuthMiddleware("envoy", running.gateway.serial[-6:])
    async with client.get(
        running.url + path,
        headers={"Authorization": f"Bearer {running.token}"} if running.gateway.uses_tls else {},
        middlewares=() if running.gateway.uses_tls else (digest,),
        allow_redirects=False,
    ) as response:
        return response.status, await response.read()


def _right(running: RunningGateway) -> bytes:
    answer = running.gateway.answer(PATH)
    assert answer is not None
    return answer.body


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.status(503), (503, b"")),
        (faults.status(500, b"<html>"), (500, b"<html>")),
        (faults.body(b"\x00\xff{"), (200, b"\x00\xff{")),
        (faults.body(b""), (200, b"")),
        (faults.error_object(), (200, b'{"error":"not ready"}')),
        (faults.redirect("https://localhost/"), (301, b"")),
        (faults.Edit(lambda answer: [*answer, None]), None),
    ],
)
async def test_another_answer_is_given(
    fault: faults.Fault,
    expected: tuple[int, bytes] | None,
    client: aiohttp.ClientSession,
    running: RunningGateway,
) -> None:
    """A faulty path answers something else, and is right again when the fault is gone."""
    running.faults[PATH] = fault
    faulty = await _get(client, running)
    del running.faults[PATH]

    if expected is None:
        expected = (
            200,
            json.dumps([*json.loads(_right(running)), None], separators=(",", ":")).encode(),
        )
    assert faulty == expected
    assert await _get(client, running) == (200, _right(running))


async def test_an_echo_holds_what_the_client_sent(client: aiohttp.ClientSession) -> None:
    """The token comes back in the body, where a client must not take it for data."""
    async with serve(sample_home("three-phase", lambda: 1_800_000_000.0)) as running:
        running.faults[PATH] = faults.Echo()
        status, content = await _get(client, running)
        assert (status, running.token in content.decode()) == (200, True)


@pytest.mark.parametrize("fault", [faults.SlowDrip(pause=0.05), faults.OversizedBody(64)])
async def test_a_client_that_goes_away_is_no_error(
    fault: faults.Fault, client: aiohttp.ClientSession
) -> None:
    """Who hangs up in the middle of an answer leaves nothing in the log."""
    with logged_errors("aiohttp") as errors:
        async with serve(sample_home("legacy", lambda: 1_800_000_000.0)) as running:
            running.faults["/info"] = fault
            async with client.get(f"{running.url}/info") as response:
                await response.content.readany()
                response.close()
            await asyncio.sleep(0.3)
    assert errors == []


@pytest.mark.parametrize(
    "fault", [faults.status(503), faults.body(b"null"), faults.OversizedBody(1)]
)
async def test_every_answer_has_the_date_of_the_gateway(fault: faults.Fault) -> None:
    """Whatever is answered, it is by the gateway's clock and not by that of the machine."""
    async with (
        serve(
            sample_home("legacy", lambda: 1_800_000_000.0), now=lambda: 1_800_000_000.0
        ) as running,
        aiohttp.ClientSession() as client,
    ):
        running.faults["/info"] = fault
        async with client.get(f"{running.url}/info") as response:
            assert response.headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


async def test_a_login_page_is_no_json(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """A page that asks for a password comes with status 200."""
    running.faults[PATH] = faults.login_page()
    code, body = await _get(client, running)
    assert code == 200
    assert body.startswith(b"<!DOCTYPE html>")


async def test_a_truncated_answer_is_complete_for_http(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """The body ends early and the protocol does not notice."""
    path = "/api/v1/production/inverters"
    _, right = await _get(client, running, path)
    running.faults[path] = faults.Truncated(0.5)
    assert await _get(client, running, path) == (200, right[: len(right) // 2])


async def test_faults_can_be_counted(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """A fault for two answers is over after two; the challenge of a login is no answer."""
    running.faults[PATH] = faults.status(503, times=2)
    codes = [(await _get(client, running))[0] for _ in range(3)]
    assert codes == [503, 503, 200]
    assert running.faults == {}


async def test_the_most_particular_fault_counts(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """A target goes before its path, and a path before `*`."""
    running.faults |= {
        "*": faults.status(500),
        "/production.json": faults.status(502),
        "/production.json?details=1": faults.status(503),
    }
    paths = ("/info", "/production.json", "/production.json?details=1", "/production.json?x")
    assert [(await _get(client, running, path))[0] for path in paths] == [500, 502, 503, 502]


async def test_a_fault_meets_no_stranger(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """Who may not ask is refused as usual, and the fault is not used up."""
    running.faults[PATH] = faults.status(503, times=1)
    async with client.get(running.url + PATH) as response:
        assert response.status == 401
    assert (await _get(client, running))[0] == 503


async def test_a_late_answer_is_the_right_one(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """A delay alone changes nothing but the time."""
    running.faults[PATH] = faults.Fault(delay=0.05)
    assert await _get(client, running) == (200, _right(running))


@pytest.mark.parametrize(
    "fault", [faults.Hang(), faults.Stall(), faults.Fault(delay=3600), faults.SlowDrip(1, 3600)]
)
async def test_nothing_more_comes(
    fault: faults.Fault, client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """A client that waits for the whole answer waits in vain, and the gateway serves the next."""
    running.faults["/api/v1/production"] = fault
    url = f"{running.url}/api/v1/production"
    headers = {"Authorization": f"Bearer {running.token}"} if running.gateway.uses_tls else {}
    with pytest.raises(TimeoutError):
        async with client.get(url, headers=headers, timeout=PATIENCE) as response:
            await response.read()
    assert (await _get(client, running))[0] == 200


async def test_a_stalled_answer_begins(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """Headers and the first half of the body arrive before the silence."""
    running.faults["/info"] = faults.Stall(0.5)
    async with client.get(f"{running.url}/info") as response:
        assert response.status == 200
        length = response.content_length or 0
        assert len(await response.content.readexactly(length // 2)) == length // 2


async def test_a_trickle_is_complete_in_the_end(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """All bytes of the answer arrive, a few at a time."""
    running.faults[PATH] = faults.SlowDrip(100, 0.001)
    assert await _get(client, running) == (200, _right(running))


async def test_a_reset_before_the_answer(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """The connection breaks without a single header."""
    running.faults["*"] = faults.Reset()
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await client.get(f"{running.url}/info")


async def test_a_reset_within_the_answer(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """Headers may arrive, the whole body never does."""
    running.faults["*"] = faults.Reset(0.5)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(f"{running.url}/info") as response:
            await response.read()


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_huge_answer_is_valid_json(
    compressed: bool, client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """Two megabytes arrive, or a few kilobytes that become two megabytes."""
    running.faults["/info"] = faults.OversizedBody(2, compressed=compressed)
    async with client.get(f"{running.url}/info") as response:
        assert response.headers.get("Content-Encoding") == ("gzip" if compressed else None)
        body = await response.read()
    assert len(body) == 2 * 1024 * 1024 + 2
    assert json.loads(body) == []


async def test_a_client_may_leave_a_huge_answer(
    client: aiohttp.ClientSession, running: RunningGateway
) -> None:
    """Nobody has to read it all, and the gateway goes on."""
    running.faults["/info"] = faults.OversizedBody(4096)
    async with client.get(f"{running.url}/info") as response:
        await response.content.readexactly(1000)
    assert (await _get(client, running))[0] == 200
