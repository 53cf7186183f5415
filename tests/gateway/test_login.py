"""The exporter logs in to a gateway with tokens once, and again only when needed."""

import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exporter.gateway.paths import CHECK_JWT
from exporter.simulator import tokens
from exporter.simulator.access import TokenAccessCheck
from exporter.simulator.faults import Fault, Hang, PendingResponse, plain, status
from exporter.simulator.homes import SAMPLE_HOMES
from tests.fake_cloud import PASSWORD, USER, CloudMode, serving_cloud
from tests.log_asserts import text_of
from tests.polled_gateway import START, PolledGateway, impatient, polled_gateway

__all__ = ["impatient"]

DAY = 86400.0
SERIAL = SAMPLE_HOMES["battery-home"].serial
INVENTORY = "/ivp/ensemble/inventory"


def failures(watched: PolledGateway, reason: str, collector: str = "gateway") -> float:
    """Return how often a collector failed for this reason."""
    counted = watched.value("enphase_collector_failures_total", collector=collector, reason=reason)
    return counted or 0


def expiry(watched: PolledGateway) -> float | None:
    """Return when the token in use expires, in seconds from the start."""
    timestamp = watched.value("enphase_token_expiry_timestamp_seconds")
    return timestamp and timestamp - START


def login(watched: PolledGateway) -> TokenAccessCheck:
    """Return the access check of the gateway."""
    assert isinstance(watched.gateway.login, TokenAccessCheck)
    return watched.gateway.login


async def test_a_configured_token_is_checked_once(tmp_path: Path) -> None:
    """One check of the token opens a session that spares the gateway all others."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(500)
        assert watched.value("enphase_up") == 1
        assert expiry(watched) == 365 * DAY
        assert watched.gateway.token_checks == watched.gateway.count(CHECK_JWT) == 1


async def test_a_session_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """The gateway's sessions last ten minutes; beyond, each request would cost a check."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(3600)
        assert watched.gateway.token_checks == 7


async def test_no_new_session_costs_no_data(tmp_path: Path) -> None:
    """Where no session can be had, the token alone still lets in."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        watched.gateway.faults[CHECK_JWT] = status(500)
        await watched.pass_time(1000)
        assert watched.value("enphase_collector_up", collector="ensemble") == 1
        assert "enphase_collector_failures_total" not in watched.samples()
        watched.gateway.faults.clear()
        await watched.pass_time(60)
        before = watched.gateway.token_checks
        await watched.pass_time(400)
        assert watched.gateway.token_checks == before


async def test_a_401_is_answered_with_one_login(tmp_path: Path) -> None:
    """A gateway that has forgotten us is logged in to once, and no answer is missed."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(100)
        login(watched).forget()
        watched.gateway.faults["*"] = status(401, times=1)
        await watched.pass_time(200)
        assert watched.gateway.count(CHECK_JWT) == 2
        assert "enphase_collector_failures_total" not in watched.samples()


@pytest.mark.parametrize("code", [401, 403])
async def test_an_endpoint_that_always_refuses_causes_no_logins(code: int, tmp_path: Path) -> None:
    """An endpoint that never worked causes no login; one that did causes a single one."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/power"] = status(code)
        await watched.pass_time(200)
        assert watched.gateway.count(CHECK_JWT) == 1
        watched.gateway.faults[INVENTORY] = status(code)
        await watched.pass_time(200)
        assert watched.gateway.count(CHECK_JWT) == 2
        assert failures(watched, "not_permitted", "ensemble") >= 3
        assert watched.value("enphase_collector_up", collector="meters") == 1
        watched.gateway.faults.clear()
        await watched.pass_time(300)
        assert watched.value("enphase_collector_up", collector="ensemble") == 1


async def test_a_token_check_sends_no_session_cookie(tmp_path: Path) -> None:
    """An open session is not sent with a token, or the gateway might check it instead."""
    sent: list[tuple[str, bool]] = []

    class Listen(Fault):
        async def send(self, call: PendingResponse) -> web.StreamResponse:
            sent.append((call.request.path, "sessionId" in call.request.cookies))
            return plain(call.answer)

    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["*"] = Listen()
        await watched.pass_time(600)
        assert {cookie for path, cookie in sent if path == CHECK_JWT} == {False}
        assert watched.gateway.count(CHECK_JWT) == 2
        assert {cookie for path, cookie in sent if path == INVENTORY} == {True}


async def test_a_token_revoked_while_everything_is_refused(tmp_path: Path) -> None:
    """Even where no endpoint lets us in, the end of a token is noticed and a new one found."""
    file = tmp_path / "token"
    file.write_text(tokens.make(SERIAL, now=START))
    async with polled_gateway("battery-home", tmp_path, token_file=file) as watched:
        await watched.pass_time(100)
        watched.gateway.faults |= {"*": status(401), "/info": Fault(), CHECK_JWT: Fault()}
        await watched.pass_time(300)
        assert watched.value("enphase_up") == 0
        watched.gateway.faults.clear()
        login(watched).revoke(file.read_text())
        file.write_text(watched.gateway.issue())
        await watched.pass_time(900)
        assert watched.value("enphase_up") == 1


async def test_a_bad_file_does_not_cost_the_token_in_use(tmp_path: Path) -> None:
    """What is in use and still valid lets in again, whatever the file holds by then."""
    file = tmp_path / "token"
    file.write_text(tokens.make(SERIAL, now=START))
    async with polled_gateway("battery-home", tmp_path, token_file=file) as watched:
        await watched.pass_time(100)
        file.write_text("nonsense")
        watched.gateway.faults["*"] = status(401, times=1)
        await watched.pass_time(60)
        assert watched.gateway.count(CHECK_JWT) == 2
        assert "enphase_collector_failures_total" not in watched.samples()


@pytest.mark.usefixtures("impatient")
async def test_a_login_that_is_cut_short_is_made_up_for(tmp_path: Path) -> None:
    """A gateway that refuses and then hangs is logged in to when it is back."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(100)
        watched.gateway.faults |= {"/info": Hang(), CHECK_JWT: Hang(), "*": status(401)}
        await watched.pass_time(60)
        assert watched.value("enphase_up") == 0
        watched.gateway.faults.clear()
        watched.gateway.faults["*"] = status(401, times=8)
        await watched.pass_time(300)
        assert watched.value("enphase_up") == 1
        assert watched.value("enphase_collector_up", collector="ensemble") == 1


async def test_a_revoked_token_backs_off_and_a_new_file_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pauses double up to five minutes; a new token in the file is used without a restart."""
    file = tmp_path / "token"
    file.write_text(tokens.make(SERIAL, now=START))
    async with polled_gateway("battery-home", tmp_path, token_file=file) as watched:
        await watched.pass_time(100)
        login(watched).revoke(file.read_text())
        await watched.pass_time(60)
        assert watched.value("enphase_up") == 0
        assert failures(watched, "login_refused") >= 1
        checks = watched.gateway.count(CHECK_JWT)
        await watched.pass_time(1800)
        # after 15, 30, 60, 120 and 240 s, then every five minutes
        assert watched.gateway.count(CHECK_JWT) - checks <= 8
        records = [r for r in caplog.records if "refuses the token" in text_of(r)]
        assert len({record.collector for record in records}) == len(records)  # type: ignore[attr-defined] # passed as extra
        assert SERIAL in text_of(records[0])

        file.write_text(watched.gateway.issue())
        await watched.pass_time(301)
        assert watched.value("enphase_up") == 1


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (tokens.make("999999999999", now=START), f"made for another gateway (this one is {SERIAL}"),
        (tokens.make(SERIAL, now=START, lifetime=-5), "the token ended on 2026-06-"),
        ("nonsense", "configured token is not a valid JWT"),
        (None, "firmware 8.2.4401 wants a token: set a new `token`, or `username`"),
    ],
)
async def test_a_token_that_does_not_do(
    token: str | None, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says in one line why there is no way in, and for which gateway."""
    async with polled_gateway("battery-home", tmp_path, token=token) as watched:
        await watched.pass_time(40)
        assert failures(watched, "login_refused") > 1
        messages = [text_of(r) for r in caplog.records if r.levelno >= logging.WARNING]
        assert message in " ".join(messages)
        assert len(set(messages)) <= 2


@pytest.mark.parametrize(("shorter", "lived"), [("config", 365), ("state", 20)])
async def test_the_longer_lived_token_is_tried_first(
    shorter: str, lived: int, tmp_path: Path
) -> None:
    """Of the tokens at hand that with the longest life is used, and a refused one is skipped."""
    long = tokens.make(SERIAL, now=START)
    short = tokens.make(SERIAL, now=START, lifetime=20 * DAY)
    async with polled_gateway("battery-home", tmp_path, token=long) as watched:
        watched.poller._memory.token = short
    async with polled_gateway("battery-home", tmp_path, token=long) as watched:
        if shorter == "state":
            login(watched).revoke(long)
        await watched.pass_time(1)
        assert watched.gateway.token_checks == (2 if shorter == "state" else 1)
        assert expiry(watched) == lived * DAY


async def test_a_token_of_the_cloud_survives_a_restart(tmp_path: Path) -> None:
    """An expired token is replaced from the cloud, and the new one is kept for the next start."""
    old = tokens.make(SERIAL, now=START, lifetime=-5)
    own: dict[str, Any] = {"token": old, "username": USER, "password": PASSWORD}
    async with serving_cloud(lambda: START) as cloud:
        for mode in ("ok", "wrong password"):
            cloud.mode = mode
            async with polled_gateway("battery-home", tmp_path, **own) as watched:
                await watched.pass_time(1)
                assert watched.value("enphase_up") == 1
                assert expiry(watched) == 365 * DAY
        assert cloud.logins == 1
    file = tmp_path / "home.token"
    assert file.stat().st_mode & 0o777 == 0o600
    assert cloud.tokens[0] in file.read_text()


async def test_a_token_of_the_cloud_is_kept_until_the_gateway_can_judge_it(tmp_path: Path) -> None:
    """A gateway that fails at the wrong moment does not cost the token that the cloud has given."""
    async with (
        serving_cloud(lambda: START) as cloud,
        polled_gateway("battery-home", tmp_path, username=USER, password=PASSWORD) as watched,
    ):
        watched.gateway.faults[CHECK_JWT] = status(503, times=1)
        await watched.pass_time(60)
        assert watched.value("enphase_up") == 1
        assert cloud.logins == 1


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("mfa", "second factor (MFA)"),
        ("wrong password", "refuses username and password"),
        ("slow", "the Enphase cloud does not answer"),
    ],
)
async def test_a_cloud_that_gives_no_token(
    mode: CloudMode, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a token the failure is reported as `cloud`, and logins are rare."""
    async with (
        serving_cloud(lambda: START, patience=0.3 if mode == "slow" else 30) as cloud,
        polled_gateway("battery-home", tmp_path, username=USER, password=PASSWORD) as watched,
    ):
        cloud.mode = mode
        await watched.pass_time(1000)
        assert cloud.logins == 1
        assert failures(watched, "cloud") > 3
        assert message in text_of(caplog.records[-1])
        cloud.mode = "ok"
        await watched.pass_time(600)
        assert watched.value("enphase_up") == 1


async def test_a_refused_token_of_the_cloud(tmp_path: Path) -> None:
    """A refused token of the cloud is reported as refused, without another cloud login."""
    async with (
        serving_cloud(lambda: START) as cloud,
        polled_gateway("battery-home", tmp_path, username=USER, password=PASSWORD) as watched,
    ):
        cloud.serial = "999999999999"
        await watched.pass_time(600)
        assert cloud.logins == 1
        assert failures(watched, "cloud") == 0
        assert failures(watched, "login_refused") > 2
        cloud.serial = None
        await watched.pass_time(1200)
        assert watched.value("enphase_up") == 1
