"""How often each collector runs by default, and from that each endpoint is asked; in seconds."""

from collections.abc import Mapping

from exporter.gateway.endpoints import ENDPOINTS

#: in the order in which collectors run when several are due: what an outage changes comes first
CADENCES: Mapping[str, float] = {
    #: `/info`, to notice another firmware or another gateway
    "gateway": 300.0,
    "grid": 5.0,
    "ensemble": 15.0,
    "battery_power": 60.0,
    "meters": 30.0,
    "production": 30.0,
    "storage": 60.0,
    "livedata": 30.0,
    "dry_contacts": 300.0,
    "generator": 120.0,
    "home": 300.0,
    # The price in force changes between two responses of the tariff.
    "tariff": 60.0,
    "inverters": 300.0,
    "acb": 300.0,
    #: a ground fault is reported within two minutes
    "devices": 75.0,
    "device_detail": 600.0,
    "firmware": 300.0,
    "settings": 600.0,
    "ensemble_status": 600.0,
    "events": 300.0,
    "meter_reports": 600.0,
    "pdm_energy": 600.0,
    #: loads the power line for a minute, and runs only where a cadence is configured
    "plc": 86400.0,
}

#: what hardly ever changes is asked this often all the same: it is served for three times as long
_LONGEST = 600.0
#: the inventory of the ensemble is asked this often where a smaller response has the grid state
_ENSEMBLE_WITH_RELAY = 30.0
#: live data are asked this often where meters measure what flows
_LIVE_WITH_METERS = 120.0
#: the power of the batteries is asked this often while they carry the house: an overload ends in
#: the dark within minutes
_BATTERY_POWER_ISLANDED = 15.0


def adapted(
    cadences: Mapping[str, float], *, relay: bool, meters: bool, islanded: bool
) -> dict[str, float]:
    """Return the intervals of collectors that the situation changes, unless configured.

    Some can rest where another one says the same; off grid the load of the batteries matters most.
    """
    seconds: dict[str, float] = {}
    for collector, applies, other in (
        ("ensemble", relay, _ENSEMBLE_WITH_RELAY),
        ("livedata", meters, _LIVE_WITH_METERS),
        ("battery_power", islanded, _BATTERY_POWER_ISLANDED),
    ):
        usual = cadences[collector]
        configured = usual != CADENCES[collector]
        seconds[collector] = other if applies and not configured else usual
    return seconds


def intervals(cadences: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds between two requests to each endpoint."""
    return {
        path: max(min(endpoint.max_age or 0.0, _LONGEST), cadences[endpoint.collector])
        for path, endpoint in ENDPOINTS.items()
    }
