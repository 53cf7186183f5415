"""What an owner tells a simulated gateway, through pyenphase, and what the gateway then says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from pyenphase import Envoy, EnvoyData
from pyenphase.models.acb import ACBSleepState
from pyenphase.models.dry_contacts import DryContactStatus
from pyenphase.models.tariff import EnvoyStorageMode, EnvoyStorageSettings

from exporter.simulator.homes.device_states import acb_serial
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import serve
from tests.simulator.physics.sample_simulations import house


@dataclass
class _Owner:
    """A house, and an owner who looks at it and tells it things."""

    house: HomeSimulation
    envoy: Envoy

    async def look(self, after: float = 0.0) -> EnvoyData:
        """Read everything, so many seconds later."""
        self.house.advance(self.house.now + after)
        return await self.envoy.update()

    async def storage(self, after: float = 0.0) -> EnvoyStorageSettings:
        """Read the storage settings."""
        tariff = (await self.look(after)).tariff
        assert tariff is not None
        assert tariff.storage_settings is not None
        return tariff.storage_settings


@asynccontextmanager
async def _owning(client: aiohttp.ClientSession, name: str, **levers: Any) -> AsyncIterator[_Owner]:
    it = house(name)
    it.set_all({key.replace("__", "."): value for key, value in levers.items()})
    async with serve(LiveGateway(it), now=lambda: it.now) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token)
        owner = _Owner(it, envoy)
        await owner.look()
        yield owner


async def test_the_grid_is_left_and_joined_again(client: aiohttp.ClientSession) -> None:
    """Commanded off grid it goes there, and back on grid only after it has synchronised."""
    async with _owning(client, "battery-home") as owner:
        relay = await owner.envoy.go_off_grid()
        assert relay["mains_admin_state"] == "open"
        data = await owner.look()
        assert data.enpower is not None
        assert (data.enpower.mains_admin_state, data.enpower.mains_oper_state) == ("open", "open")

        relay = await owner.envoy.go_on_grid()
        assert relay["mains_admin_state"] == "closed"
        states = []
        for seconds in (0, 60):
            enpower = (await owner.look(seconds)).enpower
            assert enpower is not None
            states.append((enpower.mains_admin_state, enpower.mains_oper_state))
        assert states == [("closed", "open"), ("closed", "closed")]


async def test_a_relay_that_is_stuck_obeys_on_paper_only(client: aiohttp.ClientSession) -> None:
    """A command that nothing follows shows as commanded and not done."""
    async with _owning(client, "battery-home", switch__stuck="closed") as owner:
        await owner.envoy.go_off_grid()
        enpower = (await owner.look(600)).enpower
        assert enpower is not None
        assert (enpower.mains_admin_state, enpower.mains_oper_state) == ("open", "closed")


async def test_a_dry_contact_takes_seconds_to_follow(client: aiohttp.ClientSession) -> None:
    """A contact commanded to open is still closed in the next answer, and open soon after."""
    async with _owning(client, "battery-home") as owner:
        await owner.envoy.open_dry_contact("NC1")
        seen = [(await owner.look(after)).dry_contact_status["NC1"].status for after in (0, 5)]
        await owner.envoy.close_dry_contact("NC1")
        seen.append((await owner.look(5)).dry_contact_status["NC1"].status)
    assert seen == [DryContactStatus.CLOSED, DryContactStatus.OPEN, DryContactStatus.CLOSED]


@pytest.mark.parametrize(
    "change",
    [
        {"load_name": "Sauna"},
        {"mode": "manual"},
        {"soc_low": 45.0},
        {"soc_high": 95.0},
        {"grid_action": "shed"},
        {"micro_grid_action": "apply"},
        {"generator_action": "none"},
        {"override": True},
        {"manual_override": True},
        {"priority": 4.0},
        {"black_start": 8.0},
        {"essential_start_time": 3600.0, "essential_end_time": 7200.0},
    ],
)
async def test_settings_of_a_dry_contact_are_kept(
    change: dict[str, Any], client: aiohttp.ClientSession
) -> None:
    """What is changed of a contact is there in the next answer, and nothing else has changed."""
    async with _owning(client, "battery-home") as owner:
        before = (await owner.look()).dry_contact_settings
        assert {key: getattr(before["NC1"], key) for key in change} != change
        await owner.envoy.update_dry_contact({"id": "NC1", **change})
        after = (await owner.look(5)).dry_contact_settings

    assert {key: getattr(after["NC1"], key) for key in change} == change
    for key, value in change.items():
        setattr(before["NC1"], key, value)
    assert after == before


async def test_the_settings_take_over_from_a_command(client: aiohttp.ClientSession) -> None:
    """A contact that was opened by hand closes again when the override ends."""
    async with _owning(client, "battery-home") as owner:
        await owner.envoy.open_dry_contact("NC1")
        data = await owner.look(5)
        assert data.dry_contact_status["NC1"].status == DryContactStatus.OPEN
        assert data.dry_contact_settings["NC1"].manual_override is True
        await owner.envoy.update_dry_contact({"id": "NC1", "manual_override": False})
        data = await owner.look(5)
        assert data.dry_contact_status["NC1"].status == DryContactStatus.CLOSED


@pytest.mark.parametrize("mode", list(EnvoyStorageMode))
async def test_a_storage_mode_is_kept(
    mode: EnvoyStorageMode, client: aiohttp.ClientSession
) -> None:
    """The gateway takes every storage mode, knows when, and nobody changes it back."""
    async with _owning(client, "battery-home", storage__mode="backup") as owner:
        await owner.envoy.set_storage_mode(mode)
        settings = await owner.storage(600)
        # both words for savings are one
        legacy = mode is EnvoyStorageMode.LEGACY_SAVINGS
        assert settings.mode == (EnvoyStorageMode.SAVINGS if legacy else mode)
        assert settings.date == str(int(owner.house.now - 600))


async def test_reserve_and_charging_from_the_grid_are_kept(client: aiohttp.ClientSession) -> None:
    """The reserve shows in settings and aggregate, charging from the grid in the settings."""
    async with _owning(client, "battery-home") as owner:
        await owner.envoy.set_reserve_soc(35)
        await owner.envoy.enable_charge_from_grid()
        data = await owner.look()
        assert data.encharge_aggregate is not None
        assert data.encharge_aggregate.reserve_state_of_charge == 35
        settings = await owner.storage()
        assert (settings.reserved_soc, settings.charge_from_grid) == (35.0, True)
        await owner.envoy.disable_charge_from_grid()
        assert (await owner.storage()).charge_from_grid is False


async def test_a_mode_is_ignored_while_schedules_are_optimised(
    client: aiohttp.ClientSession,
) -> None:
    """The write is answered as if all were well; only reading again tells the truth."""
    async with _owning(client, "battery-home", storage__opt_schedules=True) as owner:
        answer = await owner.envoy.set_storage_mode(EnvoyStorageMode.BACKUP)
        assert answer["tariff"]["storage_settings"]["mode"] == "backup"
        settings = await owner.storage()
        assert settings.mode == EnvoyStorageMode.SELF_CONSUMPTION
        assert settings.opt_schedules is True

        await owner.envoy.set_reserve_soc(50)
        assert (await owner.storage()).reserved_soc == 50.0

        await owner.envoy.set_storage_mode(
            EnvoyStorageMode.BACKUP, disable_optimized_schedules=True
        )
        settings = await owner.storage()
        assert (settings.mode, settings.opt_schedules) == (EnvoyStorageMode.BACKUP, False)


async def test_the_cloud_overwrites_a_local_mode(client: aiohttp.ClientSession) -> None:
    """Ninety seconds after the first local change, the settings are those of the cloud again."""
    async with _owning(client, "battery-home", cloud__overwrites=True) as owner:
        await owner.envoy.set_storage_mode(EnvoyStorageMode.BACKUP)
        assert (await owner.storage(60)).mode == EnvoyStorageMode.BACKUP
        await owner.envoy.set_reserve_soc(60)
        settings = await owner.storage(29)
        assert (settings.mode, settings.reserved_soc) == (EnvoyStorageMode.BACKUP, 60.0)
        settings = await owner.storage(1)
        assert (settings.mode, settings.reserved_soc) == (EnvoyStorageMode.SELF_CONSUMPTION, 20.0)

        owner.house.set("cloud.overwrites", False)
        await owner.envoy.set_storage_mode(EnvoyStorageMode.BACKUP)
        assert (await owner.storage(3600)).mode == EnvoyStorageMode.BACKUP


async def test_ac_batteries_sleep_and_wake_with_their_reports(
    client: aiohttp.ClientSession,
) -> None:
    """One of three goes to sleep and wakes up, visible a quarter of an hour late."""
    serial = acb_serial(1)
    async with _owning(client, "acb", acb__2__soc=0.5) as owner:

        async def sleeps(after: float) -> list[ACBSleepState]:
            acbs = (await owner.look(after)).acb_inventory or {}
            assert len(acbs) == 3
            assert {acbs[acb_serial(index)].sleep_state for index in (0, 2)} == {
                ACBSleepState.AWAKE
            }
            return [acbs[serial].sleep_state]

        wish = {"serial_num": serial, "sleep_min_soc": 40, "sleep_max_soc": 60}
        await owner.envoy.set_acb_sleep([wish])
        seen = await sleeps(0) + await sleeps(900) + await sleeps(3600)
        acb = ((await owner.look()).acb_inventory or {})[serial]
        assert (acb.sleep_min_soc, acb.sleep_max_soc) == (40, 60)
        await owner.envoy.clear_acb_sleep([serial])
        seen += await sleeps(800) + await sleeps(3600)
    assert seen == [
        ACBSleepState.AWAKE,
        ACBSleepState.GOING_TO_SLEEP,
        ACBSleepState.ASLEEP,
        ACBSleepState.WAKING,
        ACBSleepState.AWAKE,
    ]


@pytest.mark.parametrize("mode", ["off", "on", "auto"])
async def test_a_generator_mode_takes_seconds_to_follow(
    mode: str, client: aiohttp.ClientSession
) -> None:
    """The answer repeats the command, and the mode follows."""
    before = "off" if mode == "on" else "on"
    async with _owning(client, "generator", generator__mode=before) as owner:
        assert await owner.envoy.set_generator_mode(mode) == {"gen_cmd": mode}
        modes = [(await owner.look(after)).generator_mode for after in (0, 5)]
    assert [mode_response.gen_cmd for mode_response in modes if mode_response] == [before, mode]


async def test_a_generator_schedule_is_kept(client: aiohttp.ClientSession) -> None:
    """Exercise and charges are in the schedule, the charges in its state as well."""
    change = {
        "exercise_freq_in_weeks": 3,
        "exercise_day": "Sun",
        "exercise_start": 600,
        "exercise_duration": 20,
        "default_start_soc": 35,
        "default_stop_soc": 75,
    }
    async with _owning(client, "generator") as owner:
        await owner.envoy.update_generator_schedule(change, refresh=True)
        data = await owner.look()
    assert {key: getattr(data.generator_schedule, key) for key in change} == change
    assert data.generator is not None
    assert (data.generator.start_soc, data.generator.stop_soc) == (35, 75)


async def test_charging_from_the_generator_is_kept(client: aiohttp.ClientSession) -> None:
    """Commanded not to charge the batteries from the generator, it reports just that."""
    async with _owning(client, "generator") as owner:
        await owner.envoy.set_generator_charge_from_generator(False)
        config = (await owner.look()).generator_config
    assert config is not None
    assert config.charge_from_generator is False
