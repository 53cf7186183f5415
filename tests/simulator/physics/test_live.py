"""pyenphase reads a living house over the real protocol and finds what is going on there."""

import aiohttp
import pytest
from pyenphase import Envoy, EnvoyData

from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES
from exporter.simulator.homes.home_gateway import HomeGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.server import serve
from tests.simulator.physics.sample_simulations import HOUR, house


async def _read(it: HomeSimulation, client: aiohttp.ClientSession) -> EnvoyData:
    gateway = HomeGateway(it.site, it.state)
    async with serve(gateway, now=lambda: it.now) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token if gateway.uses_tls else None)
        return await envoy.update()


@pytest.mark.parametrize("hour", [3, 13])
@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
async def test_every_home_lives(name: str, hour: int, client: aiohttp.ClientSession) -> None:
    """By day and by night pyenphase finds all devices, and numbers that fit the true ones."""
    it = house(name, 2026, 6, 10, hour, weather=None)
    data = await _read(it, client)
    site, flows = SAMPLE_HOMES[name], it.flows
    assert len(data.inverters) == site.inverters
    assert len(data.encharge_inventory or {}) == site.batteries
    assert len(data.acb_inventory or {}) == site.acbs
    assert data.system_production is not None
    assert data.system_production.watts_now == pytest.approx(flows.sun, rel=0.2, abs=5)
    assert (data.system_production.watts_now > 0) == (hour == 13)
    if site.cts:
        assert data.system_net_consumption is not None
        assert data.system_net_consumption.watts_now == pytest.approx(flows.grid, abs=1)
    if site.batteries:
        powers = (data.encharge_power or {}).values()
        assert sum(power.real_power_mw for power in powers) / 1000 == pytest.approx(
            flows.battery, abs=1
        )


async def test_an_outage_is_seen(client: aiohttp.ClientSession) -> None:
    """Commanded closed and yet open, while the batteries carry the house."""
    it = house("battery-home", 2026, 6, 10, 22)
    it.set("grid.up", False)
    it.advance(it.now + HOUR)
    data = await _read(it, client)
    assert data.enpower is not None
    assert (data.enpower.mains_admin_state, data.enpower.mains_oper_state) == ("closed", "open")
    assert data.system_net_consumption is not None
    assert data.system_net_consumption.watts_now == 0
    powers = (data.encharge_power or {}).values()
    assert all(power.real_power_mw > 0 for power in powers)
    assert data.encharge_aggregate is not None
    assert data.encharge_aggregate.state_of_charge == round(100 * it.state().soc)


async def test_a_dark_house_does_not_answer(client: aiohttp.ClientSession) -> None:
    """Without mains power the gateway is as gone as everything else."""
    it = house("solar-only")
    it.set("grid.up", False)
    async with serve(HomeGateway(it.site, it.state)) as running:
        with pytest.raises(aiohttp.ClientError):
            await client.get(f"{running.url}/info")
        it.set("grid.up", True)
        async with client.get(f"{running.url}/info") as response:
            assert response.status == 200
