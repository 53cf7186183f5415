"""Cloud logins are counted over restarts, kills and processes, because accounts get locked."""

import asyncio
import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import orjson
import pytest

from exporter import files
from exporter.clock import VirtualClock
from exporter.errors import CloudLoginError
from exporter.gateway import cloud as module
from exporter.gateway.cloud import CloudLogin
from exporter.simulator.homes import SAMPLE_HOMES
from tests.fake_cloud import PASSWORD, USER, serving_cloud
from tests.polled_gateway import START, polled_gateway

SERIAL = SAMPLE_HOMES["battery-home"].serial
ACCOUNT: dict[str, Any] = {"username": USER, "password": PASSWORD}
MINUTE, HOUR = 60.0, 3600.0


async def test_kills_cost_no_logins(tmp_path: Path) -> None:
    """A token is on disk as soon as the cloud has given it, whatever happens a moment later."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        for _ in range(6):
            async with polled_gateway("battery-home", tmp_path, clock, **ACCOUNT) as watched:
                await watched.pass_time(2 * MINUTE)
                assert watched.value("enphase_up") == 1
                # killed: nothing that it would save at its end is saved
                watched.poller.state.path.unlink(missing_ok=True)
        assert cloud.logins == 1


async def test_a_wrong_password_is_not_tried_at_each_start(tmp_path: Path) -> None:
    """Three attempts an hour are all that may fail, however often the exporter starts."""
    clock = VirtualClock(START)
    attempts: list[float] = []
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = "wrong password"
        for _ in range(6 * 60):
            login = CloudLogin("host", clock, tmp_path, "home")
            with pytest.raises(CloudLoginError, match="check both"):
                await login.fetch(USER, PASSWORD, SERIAL)
            if len(attempts) < cloud.logins:
                attempts.append(clock.time())
            await clock.sleep(MINUTE)
        # at once, after 20 min, 1 h, 2 h 20, 5 h
        assert [round((at - START) / MINUTE) for at in attempts] == [0, 20, 60, 140, 300]


async def test_a_login_that_was_cut_short_counts(tmp_path: Path) -> None:
    """The password has gone out by then: what ended the process is no reason to try again."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = "slow"
        task = asyncio.create_task(
            CloudLogin("host", clock, tmp_path, "home").fetch(USER, PASSWORD, SERIAL)
        )
        while not cloud.logins:  # noqa: ASYNC110 - the cloud has no event
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        cloud.mode = "ok"
        again = CloudLogin("host", clock, tmp_path, "home")
        assert await again.wait(USER, PASSWORD) > 19 * MINUTE
        with pytest.raises(CloudLoginError):
            await again.fetch(USER, PASSWORD, SERIAL)
        assert cloud.logins == 1


async def test_other_credentials_are_tried_at_once(tmp_path: Path) -> None:
    """A corrected password does not wait for the pause of the wrong one, after a restart either."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        with pytest.raises(CloudLoginError):
            await CloudLogin("host", clock, tmp_path, "home").fetch(USER, "wrong", SERIAL)
        token = await CloudLogin("host", clock, tmp_path, "home").fetch(USER, PASSWORD, SERIAL)
        assert token.serial == SERIAL
        assert cloud.logins == 2


async def test_processes_do_not_log_in_at_the_same_time(tmp_path: Path) -> None:
    """The second process waits, and uses the result of the first."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = "wrong password"
        # each with a clock of its own, as another process would have
        logins = [
            CloudLogin("host", VirtualClock(START), tmp_path, f"home-{number}")
            for number in range(5)
        ]
        fetches = (login.fetch(USER, PASSWORD, SERIAL) for login in logins)
        for failure in await asyncio.gather(*fetches, return_exceptions=True):
            assert isinstance(failure, CloudLoginError)
        assert cloud.logins == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"failures": 1e999}', b"\xff" * 5000])
async def test_a_broken_file_costs_one_attempt(content: bytes, tmp_path: Path) -> None:
    """An unreadable file does not prevent logins."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time):
        await CloudLogin("host", clock, tmp_path, "home").fetch(USER, PASSWORD, SERIAL)
        for path in tmp_path.iterdir():  # noqa: ASYNC240 - a folder of three files
            path.write_bytes(content)
        login = CloudLogin("host", VirtualClock(START), tmp_path, "home")
        await login.fetch(USER, PASSWORD, SERIAL)


@pytest.mark.parametrize("restarted", [True, False])
async def test_a_clock_that_is_set_back_makes_no_pause_longer(
    restarted: bool, tmp_path: Path
) -> None:
    """What is left of a pause ends by and by, however often it is looked at."""
    async with serving_cloud(lambda: START) as cloud:
        cloud.mode = "wrong password"
        clock = _WrongClock(START)
        clock.ahead = 1e9
        login = CloudLogin("host", clock, tmp_path, "home")
        with pytest.raises(CloudLoginError):
            await login.fetch(USER, PASSWORD, SERIAL)
        clock.ahead = 0.0
        if restarted:
            clock = _WrongClock(START)
            login = CloudLogin("host", clock, tmp_path, "home")
        for passed in range(20):
            assert await login.wait(USER, PASSWORD) == pytest.approx((20 - passed) * MINUTE, abs=1)
            await clock.sleep(MINUTE)
        assert await login.wait(USER, PASSWORD) == 0


class _WrongClock(VirtualClock):
    """A wall clock that is some seconds ahead until it is set."""

    ahead = 0.0

    def time(self) -> float:
        """Return the wrong wall clock."""
        return super().time() + self.ahead


async def test_three_failures_of_the_future_end_within_an_hour(tmp_path: Path) -> None:
    """Attempts by a clock that was ahead keep the account back no longer than others."""
    future = VirtualClock(START + 1e9)
    async with serving_cloud(lambda: START) as cloud:
        cloud.mode = "wrong password"
        for attempt in range(3):
            login = CloudLogin("host", future, tmp_path, f"home-{attempt}")
            with pytest.raises(CloudLoginError):
                await login.fetch(USER, f"wrong {attempt}", SERIAL)
        clock = VirtualClock(START)
        login = CloudLogin("host", clock, tmp_path, "home")
        for _ in range(60):
            assert 0 < await login.wait(USER, PASSWORD) <= HOUR
            await clock.sleep(MINUTE)
        assert await login.wait(USER, PASSWORD) == 0


async def test_an_older_file_that_cannot_be_replaced_ends_no_pause(tmp_path: Path) -> None:
    """When the disk becomes read-only, the account is not tried again and again."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time) as cloud:
        cloud.mode = "wrong password"
        login = CloudLogin("host", clock, tmp_path, "home")
        with pytest.raises(CloudLoginError):
            await login.fetch(USER, PASSWORD, SERIAL)
        await clock.sleep(HOUR)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "open_private", _read_only)
            patch.setattr(files, "write", _read_only)
            for _ in range(30):
                with pytest.raises(CloudLoginError):
                    await login.fetch(USER, PASSWORD, SERIAL)
                await clock.sleep(MINUTE)
        assert cloud.logins == 2


def _read_only(*_: object) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


async def test_no_password_is_in_the_files(tmp_path: Path) -> None:
    """What the files know credentials by cannot be turned into a password quickly."""
    clock = VirtualClock(START)
    async with serving_cloud(clock.time):
        await CloudLogin("host", clock, tmp_path, "home").fetch(USER, PASSWORD, SERIAL)
    contents = [path.read_bytes() for path in tmp_path.iterdir()]  # noqa: ASYNC240 - a small folder
    assert len(contents) == 2
    for content in contents:
        assert PASSWORD.encode() not in content
        assert USER.encode() not in content
        assert len(orjson.loads(content)["credentials"]) == 64
    assert module._digest(USER, PASSWORD) != module._digest(USER + "x", PASSWORD)
