"""The life cycle of a token: its end, failed renewals, and the warnings about them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from pyenphase.auth import EnvoyTokenAuth

from exporter.clock import VirtualClock
from exporter.diagnostics.saved_state import load_saved_state
from exporter.errors import CloudLoginError
from exporter.gateway import cloud as module
from exporter.gateway.cloud import CloudLogin
from exporter.gateway.cloud_backoff import Account
from exporter.gateway.paths import CHECK_JWT
from exporter.simulator import tokens
from exporter.simulator.access import TokenAccessCheck
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.state import State
from tests.fake_cloud import PASSWORD, USER, CloudMode, SimulatedCloud, serving_cloud
from tests.log_asserts import text_of
from tests.polled_gateway import START, PolledGateway, polled_gateway
from tests.raw_server import http, serving

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SERIAL = SAMPLE_HOMES["battery-home"].serial
PRODUCED = "enphase_production_joules_total"
ACCOUNT: dict[str, Any] = {"username": USER, "password": PASSWORD}


def token(lifetime: float) -> str:
    """Return a token of this life."""
    return tokens.make(SERIAL, now=START, lifetime=lifetime)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the messages at warning or above."""
    return [text_of(r) for r in caplog.records if r.levelno >= logging.WARNING]


@asynccontextmanager
async def renewing(
    state: Path, lifetime: float, mode: CloudMode
) -> AsyncIterator[tuple[PolledGateway, SimulatedCloud]]:
    """Watch a gateway let in by a token of this life, with a cloud that behaves like this."""
    clock = VirtualClock(START)
    async with (
        serving_cloud(clock.time, patience=0.2 if mode == "slow" else 30) as cloud,
        polled_gateway("battery-home", state, clock, token=token(lifetime), **ACCOUNT) as watched,
    ):
        cloud.mode = mode
        await watched.pass_time(60)
        yield watched, cloud


async def days(watched: PolledGateway, count: int) -> None:
    """Let days pass of which a few minutes are lived, four times a day."""
    for _ in range(count * 4):
        await watched.clock.sleep(6 * HOUR - 6 * MINUTE)
        await watched.pass_time(6 * MINUTE)
        for task in asyncio.all_tasks():
            if task.get_name() == "renewal":
                await task


@pytest.mark.parametrize("mode", ["down", "slow", "mfa", "wrong password", "error"])
async def test_a_failed_renewal_is_logged_and_costs_nothing(
    mode: CloudMode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure and its reason are logged every day, while the old token stays in use."""
    async with renewing(tmp_path, 40 * DAY, mode) as (watched, cloud):
        await watched.clock.sleep(30 * DAY)
        for day in range(3):
            caplog.clear()
            await days(watched, 2 if day == 0 else 1)
            messages = [
                line for line in warnings(caplog) if "could not be renewed: the Enp" in line
            ]
            assert messages
            assert len(messages) <= 16
        assert watched.value("enphase_up") == 1
        assert "enphase_collector_failures_total" not in watched.samples()
        assert cloud.logins <= 4 * 4


async def test_a_token_without_an_account_is_warned_of_once_a_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an account only the owner can; in its last quarter the log says when it ends."""
    async with polled_gateway("battery-home", tmp_path, token=token(33 * DAY)) as watched:
        await watched.pass_time(60)
        await watched.clock.sleep(23 * DAY)
        await days(watched, 1)
        assert warnings(caplog) == []
        await days(watched, 4)
        messages = warnings(caplog)
        assert 2 <= len(messages) <= 4
        assert set(messages) == {
            "the token ends on 2026-07-24 and cannot be renewed:"
            " set a new `token`, or `username` and `password` of the Enphase account"
        }
        assert watched.value("enphase_up") == 1


async def test_a_token_that_ends_while_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Data goes on to the end, then the log says what ended; a new file is enough to go on."""
    file = tmp_path / "token"
    file.write_text(token(HOUR))
    async with polled_gateway("battery-home", tmp_path, token_file=file) as watched:
        await watched.pass_time(HOUR - 60)
        assert watched.value("enphase_up") == 1
        before = watched.value(PRODUCED)
        await watched.pass_time(20 * MINUTE)
        assert watched.value("enphase_up") == 0
        assert PRODUCED not in watched.samples()
        assert any("the token ended on 2026-06-" in line for line in warnings(caplog))
        file.write_text(watched.gateway.issue())
        await watched.pass_time(6 * MINUTE)
        assert watched.value("enphase_up") == 1
        after = watched.value(PRODUCED)
        assert before is not None
        assert after is not None
        assert before <= after < before + HOUR * 20_000


async def test_a_revoked_token_is_replaced_from_the_cloud(tmp_path: Path) -> None:
    """With an account at hand, a token that is taken back costs a login and no data."""
    async with renewing(tmp_path, 365 * DAY, "ok") as (watched, cloud):
        login = watched.gateway.login
        assert isinstance(login, TokenAccessCheck)
        login.revoke(token(365 * DAY))
        for secret in (watched.poller.config.credentials().token, watched.poller._memory.token):
            login.revoke(secret or "")
        await watched.pass_time(2 * MINUTE)
        assert cloud.logins == 1
        assert watched.value("enphase_up") == 1
        assert watched.value("enphase_collector_up", collector="ensemble") == 1
    assert load_saved_state(tmp_path, "home").token == cloud.tokens[0]


async def test_a_token_for_the_gateway_that_was_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the serial number to get a token for; with it, counters go on in step."""
    file = tmp_path / "token"
    file.write_text(token(365 * DAY))
    async with polled_gateway("battery-home", tmp_path, token_file=file) as watched:
        await watched.pass_time(MINUTE)
        before = watched.value(PRODUCED)
        assert before is not None
        watched.gateway.gateway = sample_home("generator", watched.clock.time)
        await watched.pass_time(20 * MINUTE)
        other = SAMPLE_HOMES["generator"].serial
        assert watched.value("enphase_up") == 0
        assert any(
            "made for another gateway" in line and other in line for line in warnings(caplog)
        )
        file.write_text(watched.gateway.issue())
        await watched.pass_time(10 * MINUTE)
        assert watched.value("enphase_gateway_info", serial=other) == 1
        after = watched.value(PRODUCED)
        assert after is not None
        assert before <= after < before + HOUR * 20_000


async def test_a_corrected_password_is_taken_up_soon(tmp_path: Path) -> None:
    """However long the pauses have become, a new password in the file is tried within minutes."""
    file = tmp_path / "password"
    file.write_text("wrong")
    clock = VirtualClock(START)
    async with (
        serving_cloud(clock.time) as cloud,
        polled_gateway(
            "battery-home", tmp_path, clock, username=USER, password_file=file
        ) as watched,
    ):
        await watched.pass_time(11 * HOUR)
        # at once, after 20 min, 1 h, 2 h 20, 5 h, 10 h 20
        assert cloud.logins == 6
        requests = len(watched.gateway.requests)
        assert requests < 11 * 15
        file.write_text(PASSWORD)
        await watched.pass_time(5 * MINUTE + 1)
        assert cloud.logins == 7
        assert watched.value("enphase_up") == 1


async def test_a_cloud_that_is_not_reached_is_tried_again_soon(tmp_path: Path) -> None:
    """After a power cut the router is later than we are; what was never sent locks no account."""
    clock = VirtualClock(START)
    async with (
        serving_cloud(clock.time) as cloud,
        polled_gateway("battery-home", tmp_path, clock, **ACCOUNT) as watched,
    ):
        cloud.mode = "down"
        await watched.pass_time(3 * MINUTE)
        assert watched.value("enphase_up") == 0
        cloud.mode = "ok"
        await watched.pass_time(5 * MINUTE)
        assert watched.value("enphase_up") == 1


async def test_gateways_of_one_account_share_its_pauses() -> None:
    """A password that is wrong for one gateway is wrong for all, and is not tried for each."""
    clock = VirtualClock(START)
    gateways = [CloudLogin(f"gateway-{number}", clock) for number in range(20)]
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = "wrong password"
        for _ in range(4 * 60):
            tried = (gateway.fetch(USER, PASSWORD, SERIAL) for gateway in gateways)
            for failed in await asyncio.gather(*tried, return_exceptions=True):
                assert isinstance(failed, CloudLoginError)
                assert "check both" in str(failed)
            await clock.sleep(MINUTE)
        # at once, after 20 min, 1 h, 2 h 20
        assert cloud.logins == 4

        cloud.mode = "ok"
        await clock.sleep(6 * HOUR)
        for gateway in gateways:
            await gateway.fetch(USER, PASSWORD, SERIAL)
        assert len(cloud.tokens) == len(gateways)


async def test_a_gateway_of_another_account_costs_the_others_nothing() -> None:
    """A gateway that is not registered is no fault of the account's."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        cloud.serials = (SERIAL,)
        with pytest.raises(CloudLoginError, match="registered to this account"):
            await CloudLogin("strange", clock).fetch(USER, PASSWORD, "999999999999")
        await CloudLogin("ours", clock).fetch(USER, PASSWORD, SERIAL)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 2000)), max_size=60))
@settings(max_examples=30)
def test_no_account_fails_four_times_an_hour(steps: list[tuple[str, float]]) -> None:
    """Whatever passwords are tried, and whenever."""
    clock = VirtualClock(START)
    account = Account(clock)
    failures: list[float] = []
    for password, pause in steps:
        asyncio.run(clock.sleep(pause))
        if account.wait(password) <= 0:
            account.began(password)
            account.failed("refused")
            failures.append(clock.monotonic())
    assert all(later - first >= HOUR for first, later in zip(failures, failures[3:], strict=False))


async def test_a_login_that_breaks_off_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud has had the password by then; an immediate retry is what locks accounts."""
    logins = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal logins
        logins += b"POST" in await reader.read(65536)
        writer.close()

    async with serving(hang_up) as host:
        monkeypatch.setattr(EnvoyTokenAuth, "JSON_LOGIN_URL", f"http://{host}/login.json?")
        monkeypatch.setattr(module, "_DEADLINE", 2)
        with pytest.raises(CloudLoginError, match="cannot be read"):
            await CloudLogin("host", VirtualClock(START)).fetch(USER, PASSWORD, SERIAL)
    assert logins == 1


@pytest.mark.parametrize("code", [302, 307])
async def test_a_password_follows_no_redirect(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent only to the cloud, not to the target of a redirect."""
    seen: list[bytes] = []

    async def thief(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(65536))
        writer.write(http(b"{}"))
        writer.close()

    async with serving(thief) as elsewhere:

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            there = f"Location: http://{elsewhere}/"
            writer.write(http(b"", there, status=f"{code} {web.HTTPFound.__name__}"))
            writer.close()

        async with serving(redirect) as host:
            monkeypatch.setattr(EnvoyTokenAuth, "JSON_LOGIN_URL", f"http://{host}/login.json?")
            with pytest.raises(CloudLoginError, match=f"status {code}"):
                await CloudLogin("host", VirtualClock(START)).fetch(USER, PASSWORD, SERIAL)
    assert seen == []


@pytest.mark.parametrize("content", ['{"token": "eyJ', "", "\0\0\0", '{"token": 5}', '["token"]'])
async def test_a_broken_state_file_costs_one_login(content: str, tmp_path: Path) -> None:
    """A token that was lost with it is got again, and the next file is whole."""
    State(tmp_path, "home").path.write_text(content)
    clock = VirtualClock(START)
    async with (
        serving_cloud(clock.time) as cloud,
        polled_gateway("battery-home", tmp_path, clock, **ACCOUNT) as watched,
    ):
        await watched.pass_time(MINUTE)
        assert watched.value("enphase_up") == 1
        assert cloud.logins == 1
    assert load_saved_state(tmp_path, "home").token == cloud.tokens[0]


async def test_a_token_that_cannot_be_kept_is_used_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing can be written there is one error line, and data; when it can, it is kept."""
    directory = tmp_path / "state"
    directory.write_text("in the way")
    clock = VirtualClock(START)
    async with (
        serving_cloud(clock.time) as cloud,
        polled_gateway("battery-home", directory, clock, **ACCOUNT) as watched,
    ):
        await watched.pass_time(HOUR)
        assert watched.value("enphase_up") == 1
        assert cloud.logins == 1
        assert watched.gateway.count(CHECK_JWT) <= 8
        (messages,) = [line for line in warnings(caplog) if "state cannot be written" in line]
        assert "lost at the next restart; make the state directory writable" in messages
        directory.unlink()
        await watched.pass_time(6 * MINUTE)
    assert load_saved_state(directory, "home").token == cloud.tokens[0]
