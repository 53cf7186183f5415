"""No secret appears in logs, pages or errors."""

import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.logging import LogfmtFormatter
from exporter.simulator import tokens
from exporter.simulator.access import CHECK_JWT, TokenAccessCheck
from exporter.simulator.faults import body, status
from exporter.simulator.homes import SAMPLE_HOMES
from tests.fake_cloud import MANAGER_TOKEN, PASSWORD, SESSION, USER, CloudMode, serving_cloud
from tests.polled_gateway import START, PolledGateway, polled_gateway

SERIAL = SAMPLE_HOMES["battery-home"].serial
DAY = 86400.0


async def every_failure(watched: PolledGateway) -> set[str]:
    """Go through refusals, forgotten sessions, garbage, a revoked token; return the cookies."""
    gateway = watched.gateway
    assert isinstance(gateway.login, TokenAccessCheck)
    await watched.pass_time(60)
    client = watched.poller._client._http
    assert client is not None
    cookies = {cookie.value for cookie in client.cookie_jar}
    gateway.login.forget()
    gateway.faults["*"] = status(401, times=3)
    await watched.pass_time(60)
    gateway.faults["*"] = body(b"{", times=30)
    gateway.faults[CHECK_JWT] = status(500, times=1)
    await watched.pass_time(600)
    for token in (gateway.token, watched.poller._memory.token):
        gateway.login.revoke(token or "")
    await watched.pass_time(600)
    return cookies


@pytest.mark.parametrize("mode", ["ok", "mfa", "wrong password", "not registered", "html", "error"])
async def test_no_secret_is_logged_or_served(
    mode: CloudMode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever happens on the way in, and at whatever level of the log; ours need no masking."""
    for name in ("", "exporter", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    clock = VirtualClock(START)
    token = tokens.make(SERIAL, now=START, lifetime=DAY)
    own: dict[str, Any] = {"token": token, "username": USER, "password": PASSWORD}
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = mode
        async with polled_gateway("battery-home", tmp_path, clock, **own) as watched:
            cookies = await every_failure(watched)
            assert watched.gateway.count(CHECK_JWT) > 2
            page = watched.text()
    secrets = {PASSWORD, SESSION, MANAGER_TOKEN, token, *cloud.tokens, *cookies}
    assert len(secrets) >= 5
    format_ = LogfmtFormatter().format
    for record in caplog.records:
        line = format_(record)
        assert not [secret for secret in secrets if secret in line]
        if record.name.startswith("exporter"):
            plain = f"{record.getMessage()} {vars(record)}"
            if record.exc_info:
                plain += "".join(traceback.format_exception(record.exc_info[1]))
            assert not [secret for secret in secrets if secret in plain]
    assert not [secret for secret in secrets if secret in page]
