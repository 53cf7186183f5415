"""The gateways of the matrix: small homes whose values all move in one direction.

What moves one way tells its age: a value that is not between what a healthy twin showed then and
shows now is older than it claims to be.
"""

from collections.abc import Callable
from dataclasses import replace

from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import CHECK_JWT, INFO
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.home_gateway import HomeGateway
from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.sample_state import sample_state

#: watts and watt-hours by which things grow each second; an hour of it keeps within the hardware
_WATTS, _WATT_HOURS, _CHARGE = 0.05, 0.5, 1e-5

#: every endpoint that is polled, by the home that has it
ASKED: tuple[tuple[str, str], ...] = (
    ("battery-home", INFO),
    ("battery-home", CHECK_JWT),
    ("battery-home", "/ivp/ensemble/relay"),
    ("battery-home", "/ivp/ensemble/inventory"),
    ("battery-home", "/ivp/ensemble/secctrl"),
    ("battery-home", "/ivp/ensemble/power"),
    ("battery-home", "/ivp/ensemble/dry_contacts"),
    ("battery-home", "/ivp/ss/dry_contact_settings"),
    ("battery-home", "/ivp/meters"),
    ("battery-home", "/ivp/meters/readings"),
    ("battery-home", "/production.json?details=1"),
    ("battery-home", "/ivp/pdm/device_data"),
    ("battery-home", "/admin/lib/tariff"),
    ("battery-home", "/home"),
    ("battery-home", "/ivp/ss/pel_settings"),
    ("battery-home", "/ivp/ensemble/relay"),
    ("battery-home", "/ivp/ensemble/status"),
    ("battery-home", "/ivp/ensemble/errors"),
    ("battery-home", "/ivp/livedata/status"),
    ("battery-home", "/ivp/firmware_manager/state"),
    ("battery-home", "/ivp/ss/pel_settings"),
    ("battery-home", "/ivp/sc/pvlimit"),
    ("battery-home", "/ivp/arf/profile"),
    ("battery-home", "/ivp/meters/reports"),
    ("battery-home", "/ivp/pdm/energy"),
    ("battery-home", "/datatab/event_dt.rb?iDisplayStart=0&iDisplayLength=100"),
    ("generator", "/ivp/ensemble/generator"),
    ("generator", "/ivp/ss/gen_config"),
    ("generator", "/ivp/ss/gen_schedule"),
    ("generator", "/ivp/ss/gen_mode"),
    ("acb", "/inventory.json?deleted=1"),
    ("solar-only", "/api/v1/production/inverters"),
    ("legacy", "/api/v1/production"),
)
#: requested only by its other name, or only for firmware that no sample home has
ALIASES = frozenset({"/production", "/production.json", "/ivp/ss/enc_settings"})
#: what answers in HTML or XML
PLAIN = frozenset({INFO, CHECK_JWT})
HOMES: tuple[str, ...] = tuple(dict.fromkeys(home for home, _ in ASKED))


def small(name: str) -> HomeHardware:
    """Return the site of a sample home with a few devices of each kind."""
    site = SAMPLE_HOMES[name]
    return replace(site, inverters=3, batteries=min(2, site.batteries), acbs=min(2, site.acbs))


def growing(name: str, now: Callable[[], float], age: Callable[[], float]) -> HomeGateway:
    """Return the gateway of a small home that shows `now` (epoch seconds) and grows with `age`."""
    site = small(name)
    kept: list[HomeState] = []

    def state() -> HomeState:
        at = now()
        if not kept or kept[0].now != int(at):
            kept[:] = [grown(sample_state(site, at), age())]
        return kept[0]

    return HomeGateway(site, state)


def grown(state: HomeState, seconds: float) -> HomeState:
    """Return the state with everything grown as in so many seconds."""
    watts, energy = _WATTS * seconds, _WATT_HOURS * seconds
    soc = state.soc + _CHARGE * seconds
    return replace(
        state,
        sun=state.sun + watts,
        sun_reported=state.sun_reported + watts,
        load=state.load + 2 * watts,
        grid=state.grid + watts,
        soc=soc,
        produced=state.produced + energy,
        imported=state.imported + energy,
        exported=state.exported + energy / 4,
        charged=state.charged + energy / 4,
        discharged=state.discharged + energy / 8,
        produced_today=state.produced_today + energy,
        consumed_today=state.consumed_today + energy,
        inverters=tuple(
            replace(
                each,
                watts=round(each.watts + watts / 100),
                lifetime=each.lifetime + energy / 5,
                today=each.today + energy / 5,
            )
            for each in state.inverters
        ),
        batteries=tuple(
            replace(each, soc=soc, soc_reported=soc, watts=each.watts + watts)
            for each in state.batteries
        ),
    )


def all_asked() -> set[str]:
    """Return the endpoints that this table has to name."""
    installer = {path for path, endpoint in ENDPOINTS.items() if endpoint.installer}
    return {*ENDPOINTS, CHECK_JWT} - ALIASES - installer
