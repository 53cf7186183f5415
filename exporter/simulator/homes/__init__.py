"""Sample homes: a gateway for every kind of hardware, built from tables, without anybody's data.

Each shows the same sunny noon, at whatever time it is: time stamps follow the clock, values stand
still. All serial numbers, names and addresses are made up.
"""

from collections.abc import Callable
from functools import lru_cache, partial

from exporter.errors import ExporterError
from exporter.simulator.homes.home_gateway import HomeGateway
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.homes.sample_state import sample_state

#: the sample homes by name
SAMPLE_HOMES: dict[str, HomeHardware] = {
    "battery-home": HomeHardware(
        serial="202499000001",
        firmware="8.2.4401",
        cts=("production", "net-consumption"),
        legs=2,
        volts=120.0,
        inverters=24,
        device_data=True,
        batteries=6,
        controller=True,
        time_of_use=True,
    ),
    "solar-only": HomeHardware(
        serial="122199000002",
        firmware="7.6.190",
        part_number="800-00654-r08",
        timezone="Europe/Amsterdam",
        volts=230.0,
        hertz=50.0,
        inverters=12,
        iq_relays=1,
        currency="EUR",
    ),
    "three-phase": HomeHardware(
        serial="122399000003",
        firmware="8.2.4401",
        part_number="800-00656-r06",
        timezone="Europe/Berlin",
        cts=("production", "net-consumption"),
        legs=3,
        volts=230.0,
        hertz=50.0,
        inverters=18,
        device_data=True,
        iq_relays=1,
        currency="EUR",
    ),
    "collar": HomeHardware(
        serial="482599000004",
        firmware="8.3.5100",
        timezone="US/Eastern",
        cts=(
            *("production", "net-consumption", "storage", "backfeed"),
            *("load", "evse", "pv3p"),
        ),
        legs=2,
        volts=120.0,
        inverters=17,
        batteries=2,
        battery_part="836-01250-r01",
        collar=True,
        combiner=True,
        time_of_use=True,
    ),
    "acb": HomeHardware(
        serial="122499000005",
        firmware="8.3.5200",
        part_number="800-00656-r06",
        timezone="Europe/Paris",
        cts=("production", "net-consumption"),
        volts=230.0,
        hertz=50.0,
        inverters=14,
        batteries=1,
        battery_wh=3500,
        battery_part="830-01760-r40",
        acbs=3,
        currency="EUR",
    ),
    "generator": HomeHardware(
        serial="202599000006",
        firmware="8.3.5200",
        timezone="US/Central",
        cts=("production", "net-consumption"),
        legs=2,
        volts=120.0,
        inverters=20,
        device_data=True,
        batteries=2,
        controller=True,
        generator=True,
    ),
    "legacy": HomeHardware(
        serial="121699000007",
        firmware="5.0.70",
        part_number="800-00551-r01",
        inverters=20,
        inverter_watts=250,
    ),
    "big-home": HomeHardware(
        serial="202499000008",
        firmware="8.2.4401",
        cts=("production", "net-consumption", "storage"),
        legs=2,
        volts=120.0,
        inverters=100,
        device_data=True,
        batteries=20,
        controller=True,
        time_of_use=True,
    ),
}

#: the names that `sample_home` knows
SAMPLE_HOME_NAMES: tuple[str, ...] = tuple(SAMPLE_HOMES)


def sample_home(name: str, now: Callable[[], float]) -> HomeGateway:
    """Return the gateway of a sample home; `now` returns epoch seconds.

    Raises `ExporterError` for a name that is not in `SAMPLE_HOME_NAMES`.
    """
    try:
        site = SAMPLE_HOMES[name]
    except KeyError:
        raise ExporterError(
            f"there is no sample home {name!r}; choose one of {', '.join(SAMPLE_HOME_NAMES)}"
        ) from None
    return build_home(site, now)


def build_home(site: HomeHardware, now: Callable[[], float]) -> HomeGateway:
    """Return a gateway for any hardware, on a sunny noon; `now` returns epoch seconds."""
    # one request calls this several times
    at = lru_cache(maxsize=1)(partial(sample_state, site))
    return HomeGateway(site, lambda: at(int(now())))
