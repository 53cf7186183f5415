"""A diagnosis explains why a login fails, and what to do about it."""

import time
from typing import Any

import pytest

from exporter.gateway.state_model import GatewayState
from exporter.simulator import tokens
from exporter.simulator.access import TokenAccessCheck
from exporter.simulator.faults import status
from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve
from tests.diagnostics_helper import FAILED, OK, SERIAL, SKIPPED, battery_home, checked, with_status
from tests.fake_cloud import PASSWORD, USER, CloudMode, serving_cloud


def a_token(**options: Any) -> str:
    """Return a token for the gateway, made now."""
    return tokens.make(options.pop("serial", SERIAL), now=time.time(), **options)


@pytest.mark.parametrize(
    ("token", "message", "remedy"),
    [
        (None, "this firmware needs a token, and none is configured", "enphase-exporter init"),
        ("nonsense", "the configured token is not a valid token", "starts with eyJ"),
        (
            a_token(serial="999999999999"),
            f"the token is for gateway 999999999999, this one is {SERIAL}",
            f"choose the gateway with the serial number {SERIAL}",
        ),
        (a_token(lifetime=-5), "the token has expired", "https://entrez.enphaseenergy.com"),
    ],
)
async def test_a_token_that_does_not_do(token: str | None, message: str, remedy: str) -> None:
    """The result explains why the token is useless, and where to get the right one."""
    async with battery_home() as running:
        results = await checked(running.host, token=token)
    assert with_status(results, FAILED) == {"login"}
    assert with_status(results, SKIPPED) == {"features", "poll", "cloud", "token"}
    assert message in results["login"].message
    assert remedy in results["login"].remedy
    assert str(token) not in str(results)


async def test_a_revoked_token() -> None:
    """A token of this gateway that it refuses was revoked."""
    async with battery_home() as running:
        assert isinstance(running.login, TokenAccessCheck)
        running.login.revoke(running.token)
        results = await checked(running.host, token=running.token)
    assert results["login"].message == "the gateway rejects the token"
    assert "revoked" in results["login"].remedy


@pytest.mark.parametrize(
    ("mode", "message", "remedy"),
    [
        ("mfa", "second factor (MFA)", "valid for a year"),
        ("wrong password", "rejects the user name or password", "lock the account"),
        ("not registered", f"has no gateway {SERIAL}", "registered to this account"),
        ("slow", "does not answer", "reach the internet"),
        ("down", "does not answer", "reach the internet"),
        ("html", "", "try later"),
    ],
)
async def test_an_account_that_gives_no_token(mode: CloudMode, message: str, remedy: str) -> None:
    """What the cloud refuses is reported with its remedy."""
    patience = 0.3 if mode == "slow" else 30
    async with serving_cloud(time.time, patience=patience) as cloud, battery_home() as running:
        cloud.mode = mode
        results = await checked(running.host, username=USER, password=PASSWORD)
    assert with_status(results, FAILED) == {"login"}
    assert message in results["login"].message
    assert remedy in results["login"].remedy
    assert PASSWORD not in str(results)


async def test_a_token_of_an_installer() -> None:
    """A token with ten hours left that nothing renews fails; the message has the usual lifetime."""
    async with battery_home() as running:
        results = await checked(running.host, token=a_token(lifetime=36000))
    assert with_status(results, FAILED) == {"token"}
    assert "in 10 h, and nothing renews it" in results["token"].message
    assert "those of owners for a year" in results["token"].remedy


@pytest.mark.parametrize("endpoint", ["/ivp/ss/gen_config", "/ivp/ensemble/dry_contacts"])
async def test_an_endpoint_that_the_token_may_not_read(endpoint: str) -> None:
    """One refused endpoint is a matter of permissions, not of a changed password."""
    async with battery_home() as running:
        running.faults[endpoint] = status(401)
        results = await checked(running.host, token=running.token)
    assert results["login"].status is OK
    hints = " ".join(result.remedy for result in results.values())
    assert "an owner's token may not read some endpoints" in hints
    assert "password" not in hints


async def test_words_of_the_advice_are_not_masked() -> None:
    """A password that is a common word does not black out fixed texts."""
    async with serve(sample_home("legacy", time.time)) as running:
        running.login.refuse = True
        results = await checked(running.host, username="envoy", password="password")
    assert "`password`" in results["login"].remedy


async def test_an_account_that_works() -> None:
    """A token comes from the account, without a warning about its expiry."""
    async with serving_cloud(time.time) as cloud, battery_home() as running:
        memory = GatewayState()
        results = await checked(running.host, memory, username=USER, password=PASSWORD)
        assert with_status(results, OK) == results.keys()
        assert "renewed from the account" in results["token"].message
        assert memory.token == cloud.tokens[0]


@pytest.mark.parametrize(
    ("login", "remedy"),
    [({}, "may have been changed"), ({"username": "envoy", "password": "x"}, "remove both")],
)
async def test_local_users_that_are_refused(login: dict[str, Any], remedy: str) -> None:
    """Old firmware that refuses its own users is reported as such after one request."""
    async with serve(sample_home("legacy", time.time)) as running:
        running.login.refuse = True
        results = await checked(running.host, **login)
        assert len(running.requests) <= 6
    assert with_status(results, FAILED) == {"login"}
    assert "is refused with status 401" in results["login"].message
    assert remedy in results["login"].remedy
