"""Gateways are watched side by side: none holds up another, and none is lost without a word."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from exporter import manager as module
from exporter.clock import SystemClock, VirtualClock
from exporter.config import Config, Gateway
from exporter.gateway.poller import Poller
from exporter.manager import PollerManager
from exporter.simulator.faults import Hang
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State
from tests.polled_gateway import samples

#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 30


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[PollerManager]:
    """Return a manager without gateways."""
    manager = PollerManager(tmp_path, SystemClock())
    yield manager
    async with asyncio.timeout(PATIENCE):
        await manager.close()


@pytest.fixture
async def solar() -> AsyncIterator[RunningGateway]:
    """Return a small gateway."""
    clock = SystemClock()
    async with serve(sample_home("solar-only", clock.time), now=clock.time) as running:
        yield running


@pytest.fixture
async def battery() -> AsyncIterator[RunningGateway]:
    """Return a gateway with a battery."""
    clock = SystemClock()
    async with serve(sample_home("battery-home", clock.time), now=clock.time) as running:
        yield running


def configured(state: Path, **gateways: RunningGateway | str) -> Config:
    """Return a configuration with these gateways, or hosts, by name."""
    return Config(
        state_dir=state,
        gateways=tuple(
            Gateway(name=name, host=there, token=None)
            if isinstance(there, str)
            else Gateway.model_validate({"name": name, "host": there.host, "token": there.token})
            for name, there in gateways.items()
        ),
    )


async def until(true: Callable[[], bool]) -> None:
    """Return when this is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what comes over the network sets no event
            await asyncio.sleep(0.01)


def up(manager: PollerManager) -> dict[str, float]:
    """Return `enphase_up` by gateway."""
    series = samples(manager.exposition.render("", "")[0].decode()).get("enphase_up", {})
    return {dict(labels)["gateway"]: value for labels, value in series.items()}


@pytest.mark.parametrize("mistake", [RuntimeError("a mistake"), asyncio.CancelledError()])
async def test_a_poller_that_breaks_off_is_replaced(
    mistake: BaseException,
    *,
    manager: PollerManager,
    solar: RunningGateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Any crash of a poller is logged, and polling goes on with a new one."""
    mistakes = [mistake]

    class Breaking(Poller):
        async def run(self) -> None:
            if mistakes:
                await self.close()
                raise mistakes.pop()
            await super().run()

    monkeypatch.setattr(module, "Poller", Breaking)
    monkeypatch.setattr(module, "_RESTART_DELAY", 0)
    await manager.apply_config(configured(tmp_path, home=solar))
    await until(lambda: up(manager) == {"home": 1})
    (record,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert record.getMessage() == "poller crashed"
    assert record.exc_info is not None


async def test_a_poller_that_cannot_even_begin(
    manager: PollerManager,
    solar: RunningGateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A gateway whose poller cannot be made does not take the others with it."""
    opened = Poller.open

    async def open_poller(config: Gateway, *rest: Any, **options: Any) -> Poller:
        if config.name == "odd":
            raise ValueError("odd")
        return await opened(config, *rest, **options)

    monkeypatch.setattr(Poller, "open", open_poller)
    await manager.apply_config(configured(tmp_path, odd="127.0.0.1:1", home=solar))
    await until(lambda: up(manager).get("home") == 1)
    assert "poller crashed" in caplog.text
    assert not manager.ready


async def test_a_poller_that_fails_to_stop_is_logged(
    manager: PollerManager,
    solar: RunningGateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What fails while stopping is in the log, and stopping goes on."""

    class Failing(Poller):
        async def close(self) -> None:
            await super().close()
            raise RuntimeError("no")

    monkeypatch.setattr(module, "Poller", Failing)
    await manager.apply_config(configured(tmp_path, home=solar))
    await until(lambda: up(manager) == {"home": 1})
    await manager.apply_config(configured(tmp_path))
    assert "poller failed to stop" in caplog.text
    assert up(manager) == {}


async def test_a_dead_gateway_costs_itself(
    manager: PollerManager, solar: RunningGateway, battery: RunningGateway, tmp_path: Path
) -> None:
    """One that hangs and one that is not there leave the third alone."""
    solar.faults["*"] = Hang()
    await manager.apply_config(configured(tmp_path, gone="127.0.0.1:1", home=battery, hung=solar))
    await until(lambda: up(manager).get("home") == 1)
    assert up(manager) == {"gone": 0, "home": 1, "hung": 0}
    assert not manager.ready
    assert not [r for r in battery.requests if r.method != "GET"]


async def test_what_stays_the_same_is_not_touched(
    manager: PollerManager, solar: RunningGateway, battery: RunningGateway, tmp_path: Path
) -> None:
    """Gateways come and go; those that stay are not logged in to again."""
    await manager.apply_config(configured(tmp_path, stays=battery))
    await until(lambda: manager.ready)
    await manager.apply_config(configured(tmp_path, stays=battery, comes=solar))
    assert not manager.ready
    await until(lambda: manager.ready and up(manager) == {"stays": 1, "comes": 1})
    await manager.apply_config(configured(tmp_path, stays=battery))
    assert up(manager) == {"stays": 1}
    assert State(tmp_path, "comes").load()["serial"] == solar.gateway.serial
    assert battery.token_checks == 1

    await manager.apply_config(configured(tmp_path, stays=battery, comes=solar))
    assert not manager.ready
    await until(lambda: manager.ready)
    assert [gateway.name for gateway in manager.gateways] == ["stays", "comes"]


async def test_what_changed_is_restarted(
    manager: PollerManager, solar: RunningGateway, battery: RunningGateway, tmp_path: Path
) -> None:
    """Another host under the same name is another gateway, and the old one is left alone."""
    await manager.apply_config(configured(tmp_path, home=solar))
    await until(lambda: up(manager) == {"home": 1})
    await manager.apply_config(configured(tmp_path, home=battery))
    asked = len(solar.requests)
    await until(lambda: "enphase_encharge_info" in manager.exposition.render("", "")[0].decode())
    assert len(solar.requests) == asked
    assert up(manager) == {"home": 1}


async def test_pollers_start_one_after_the_other(
    manager: PollerManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polls are spread over a cadence and stay so; waiting gateways are exported as down."""
    waits: list[float] = []
    many = {f"site-{number:03}": "127.0.0.1:1" for number in range(300)}

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.Event().wait()

    monkeypatch.setattr(manager._clock, "sleep", wait)
    monkeypatch.setattr(manager._clock, "monotonic", lambda: 0.0)
    await manager.apply_config(configured(tmp_path, **many))
    await until(lambda: len(waits) == len(many))
    # Spread over 15 s, after the first one, which has tried already.
    assert sorted(waits)[:-1] == pytest.approx([15 / 300 * number for number in range(1, 300)])
    assert up(manager) == dict.fromkeys(many, 0)


async def test_few_gateways_are_not_kept_waiting(manager: PollerManager, tmp_path: Path) -> None:
    """In a house, starting one after the other takes no noticeable time."""
    three = dict.fromkeys(("a", "b", "c"), "127.0.0.1:1")
    await manager.apply_config(configured(tmp_path, **three))
    async with asyncio.timeout(5):
        await manager.wait_ready()


@pytest.mark.parametrize("wait", [0.0, 7.5, 40.0])
async def test_a_poller_keeps_the_rhythm_it_began_in(
    battery: RunningGateway, tmp_path: Path, wait: float
) -> None:
    """The second round comes a cadence after the first, whenever the poller was made."""
    clock = VirtualClock(time.time())
    config = configured(tmp_path, home=battery).gateways[0]
    poller = Poller(config, State(tmp_path, "home"), clock, lambda snapshot: None, wait)
    try:
        while clock.monotonic() < wait:
            assert not battery.requests
            await clock.sleep(await poller.step())
        while (pause := await poller.step()) == 0:
            await clock.sleep(0)
        # asking takes no virtual time, and the grid state is due every 5 s
        assert clock.monotonic() + pause == pytest.approx(wait + 5)
    finally:
        await poller.close()
