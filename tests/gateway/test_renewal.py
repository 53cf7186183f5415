"""A token is renewed in time and in the background; what fails on the way costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.diagnostics.saved_state import load_saved_state
from exporter.gateway.auth import accept_serial
from exporter.gateway.paths import CHECK_JWT
from exporter.simulator import tokens
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from tests.fake_cloud import PASSWORD, USER, CloudMode, SimulatedCloud, serving_cloud
from tests.log_asserts import text_of
from tests.polled_gateway import START, PolledGateway, polled_gateway

HOUR = 3600.0
DAY = 86400.0
SERIAL = SAMPLE_HOMES["battery-home"].serial
PRODUCED = "enphase_production_joules_total"
ACCOUNT: dict[str, Any] = {"username": USER, "password": PASSWORD}


def token(lifetime: float) -> str:
    """Return a token of this life."""
    return tokens.make(SERIAL, now=START, lifetime=lifetime)


def expiry(watched: PolledGateway) -> float:
    """Return when the token in use expires, in seconds from the start."""
    timestamp = watched.value("enphase_token_expiry_timestamp_seconds")
    assert timestamp is not None
    return timestamp - START


def renewals() -> list[asyncio.Task[Any]]:
    """Return the renewals under way."""
    return [task for task in asyncio.all_tasks() if task.get_name() == "renewal"]


@asynccontextmanager
async def renewing(
    state: Path, lifetime: float
) -> AsyncIterator[tuple[PolledGateway, SimulatedCloud]]:
    """Watch a gateway that has been let in by a token of this life, with a cloud."""
    clock = VirtualClock(START)
    async with (
        serving_cloud(clock.time) as cloud,
        polled_gateway("battery-home", state, clock, token=token(lifetime), **ACCOUNT) as watched,
    ):
        await watched.pass_time(60)
        yield watched, cloud


async def leave_alone(watched: PolledGateway, seconds: float) -> None:
    """Let time pass in which nobody does anything, then a while of work."""
    await watched.clock.sleep(seconds)
    await watched.pass_time(60)
    # renewing ends when the servers have answered, which is not in virtual time
    for task in renewals():
        await task
    await watched.pass_time(15)


@pytest.mark.parametrize(
    ("lifetime", "too_early", "due"),
    [(365 * DAY, 334 * DAY, 335 * DAY), (12 * HOUR, 8.9 * HOUR, 9 * HOUR)],
)
async def test_a_token_is_renewed_before_its_end(
    lifetime: float, too_early: float, due: float, tmp_path: Path
) -> None:
    """An owner's token 30 days before, an installer's in its last quarter; both are then kept."""
    async with renewing(tmp_path, lifetime) as (watched, cloud):
        cloud.lifetime = lifetime
        await watched.pass_time(60)
        await leave_alone(watched, too_early - 200)
        assert expiry(watched) == lifetime
        assert cloud.logins == 0

        await leave_alone(watched, due - too_early + 200)
        assert expiry(watched) == pytest.approx(lifetime + due, abs=900)
        assert cloud.logins == 1
        assert watched.value("enphase_up") == 1
        assert "enphase_collector_failures_total" not in watched.samples()
    assert load_saved_state(tmp_path, "home").token == cloud.tokens[0]


async def test_polling_goes_on_during_a_renewal(tmp_path: Path) -> None:
    """A slow cloud does not delay polling, and there are never two requests at once."""
    async with renewing(tmp_path, 20 * HOUR) as (watched, cloud):
        cloud.mode = "slow"
        await watched.pass_time(60)
        await watched.clock.sleep(16 * HOUR)
        await watched.pass_time(1)
        before = watched.gateway.count("/ivp/ensemble/relay")
        await watched.pass_time(120)
        assert watched.gateway.count("/ivp/ensemble/relay") > before + 2
        assert cloud.logins == 1
        assert cloud.tokens == []

        cloud.mode = "ok"
        cloud.released.set()
        await leave_alone(watched, 0)
        assert len(cloud.tokens) == 1
        assert expiry(watched) > 300 * DAY
        assert watched.gateway.max_concurrency == 1
        assert "enphase_collector_failures_total" not in watched.samples()


@pytest.mark.parametrize("mode", ["wrong password", "mfa", "error", "cut off", "html"])
async def test_a_renewal_that_fails_for_days_keeps_the_token(
    mode: CloudMode, tmp_path: Path
) -> None:
    """As long as the old token is valid, a failing cloud costs no data, and logins are rare."""
    async with renewing(tmp_path, 100 * DAY) as (watched, cloud):
        cloud.mode = mode
        await watched.pass_time(60)
        await leave_alone(watched, 76 * DAY)
        for _ in range(24):
            await leave_alone(watched, 3 * HOUR)
        assert 5 <= cloud.logins <= 4 * 4
        assert expiry(watched) == 100 * DAY
        assert watched.value("enphase_up") == 1
        assert "enphase_collector_failures_total" not in watched.samples()


async def test_a_new_token_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    """The old token and its session stay in use, so that the gateway has no more checks to do."""
    async with renewing(tmp_path, 100 * DAY) as (watched, cloud):
        cloud.serial = "999999999999"
        await watched.pass_time(60)
        await leave_alone(watched, 76 * DAY)
        assert len(cloud.tokens) == 1
        before = watched.gateway.token_checks
        await watched.pass_time(300)
        assert watched.gateway.token_checks <= before + 1
        assert expiry(watched) == 100 * DAY
        assert watched.value("enphase_up") == 1
    assert load_saved_state(tmp_path, "home").token is None


async def test_a_new_token_in_the_file_is_used_when_it_is_time(tmp_path: Path) -> None:
    """A token renewed by hand ends the warnings about the old one, without a restart."""
    file = tmp_path / "token"
    file.write_text(token(100 * DAY))
    async with polled_gateway("battery-home", tmp_path, token_file=file) as watched:
        await watched.pass_time(60)
        await leave_alone(watched, 76 * DAY)
        assert expiry(watched) == 100 * DAY
        file.write_text(token(365 * DAY))
        await leave_alone(watched, 300)
        assert expiry(watched) == 365 * DAY
        assert "enphase_collector_failures_total" not in watched.samples()


async def test_a_gateway_that_is_gone_is_not_renewed_for(tmp_path: Path) -> None:
    """No token is fetched while the gateway cannot check it."""
    async with renewing(tmp_path, 100 * DAY) as (watched, cloud):
        await watched.pass_time(60)
        watched.gateway.up = False
        await leave_alone(watched, 76 * DAY)
        await watched.pass_time(5 * HOUR)
        assert cloud.logins == 0
        watched.gateway.up = True
        await watched.pass_time(60)
        await leave_alone(watched, 0)
        assert expiry(watched) > 400 * DAY


async def test_an_expired_token_is_replaced_from_the_cloud(tmp_path: Path) -> None:
    """A token that ends while the exporter runs costs one login, not the data."""
    async with renewing(tmp_path, DAY) as (watched, cloud):
        cloud.mode = "error"
        await watched.pass_time(60)
        await leave_alone(watched, 0.8 * DAY)
        cloud.mode = "ok"
        await leave_alone(watched, 0.5 * DAY)
        assert watched.value("enphase_up") == 1
        assert expiry(watched) > 300 * DAY


async def test_a_renewal_ends_with_the_watch(tmp_path: Path) -> None:
    """Closing waits for no cloud, and leaves no task behind."""
    async with renewing(tmp_path, 20 * HOUR) as (watched, cloud):
        cloud.mode = "slow"
        await watched.pass_time(60)
        await watched.clock.sleep(16 * HOUR)
        await watched.pass_time(60)
        assert renewals()
        # The request travels in real time.
        while not cloud.logins:  # noqa: ASYNC110 # the cloud counts, and signals nothing
            await asyncio.sleep(0.01)
        await watched.poller.close()
        assert renewals() == []


async def test_a_replaced_gateway_gets_a_token_once_the_owner_accepts_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another gateway is reported and gets no token; once it is accepted, counters continue."""
    async with renewing(tmp_path, 365 * DAY) as (watched, cloud):
        before = watched.value(PRODUCED)
        assert before is not None
        watched.gateway.gateway = sample_home("generator", watched.clock.time)
        other = SAMPLE_HOMES["generator"].serial
        checks, swapped = watched.gateway.count(CHECK_JWT), watched.clock.time()
        await watched.pass_time(3600)
        assert cloud.logins == 0
        assert watched.gateway.count(CHECK_JWT) == checks
        assert watched.value("enphase_up") == 0
        assert any(
            f"gateway {other} answers where {SERIAL} was before" in text_of(record)
            for record in caplog.records
        )
        replaced = watched.value("enphase_gateway_replaced_timestamp_seconds")
        assert replaced == pytest.approx(swapped, abs=310)
        assert watched.value("enphase_gateway_info", serial=other) == 1

        accept_serial(tmp_path, "home", other)
        # The next login is tried within five minutes, and then all is read.
        await watched.pass_time(400)
        assert tokens.accepts(cloud.tokens[0], serial=other, now=START)
        assert cloud.logins == 1
        assert watched.value("enphase_up") == 1
        assert watched.value("enphase_gateway_info", serial=other) == 1
        assert watched.value("enphase_gateway_replaced_timestamp_seconds") == replaced

        await watched.pass_time(600)
        after = watched.value(PRODUCED)
        assert after is not None
        assert before <= after < before + 6000 * 20_000
