"""How old an answer of each endpoint may be before it is asked again, and how long to wait for it.

Freshness belongs to the endpoint: a collector may run often, and only what is due goes over the
wire. Together these make at most 14 requests a minute on a site that has everything.
"""

from dataclasses import dataclass

from pyenphase.const import (
    ENDPOINT_URL_HOME,
    ENDPOINT_URL_METERS,
    ENDPOINT_URL_METERS_READINGS,
    URL_AUTH_CHECK_JWT,
    URL_DEVICE_DATA,
    URL_DRY_CONTACT_SETTINGS,
    URL_DRY_CONTACT_STATUS,
    URL_ENCHARGE_BATTERY,
    URL_ENSEMBLE_INVENTORY,
    URL_ENSEMBLE_SECCTRL,
    URL_GEN_CONFIG,
    URL_GEN_MODE,
    URL_GEN_SCHEDULE,
    URL_GENERATOR,
    URL_INVENTORY,
    URL_PRODUCTION,
    URL_PRODUCTION_INVERTERS,
    URL_PRODUCTION_JSON,
    URL_PRODUCTION_V1,
    URL_TARIFF,
)

INFO = "/info"
HOME = ENDPOINT_URL_HOME
CHECK_JWT = URL_AUTH_CHECK_JWT
METERS = ENDPOINT_URL_METERS
INVENTORY = URL_ENSEMBLE_INVENTORY
SECCTRL = URL_ENSEMBLE_SECCTRL
BATTERY_POWER = URL_ENCHARGE_BATTERY
DRY_CONTACTS = URL_DRY_CONTACT_STATUS
DRY_CONTACT_SETTINGS = URL_DRY_CONTACT_SETTINGS
TARIFF = URL_TARIFF
INVERTERS = URL_PRODUCTION_INVERTERS
GENERATOR = URL_GENERATOR
GENERATOR_CONFIG = URL_GEN_CONFIG
GENERATOR_MODE = URL_GEN_MODE
GENERATOR_SCHEDULE = URL_GEN_SCHEDULE

#: a collector's schedule is never exact to the millisecond; an answer this much younger than its
#: age counts as due, so that a cadence of 15 s does not become one of 30 s
_SLACK = 0.9


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`collector` gives its cadence as maximum age unless `max_age` (s) does; `deadline` in s."""

    collector: str
    max_age: float | None = None
    deadline: float = 15.0

    def age_limit(self, cadences: dict[str, float]) -> float:
        """Return the seconds after which an answer is asked for again."""
        cadence = cadences[self.collector]
        return (cadence if self.max_age is None else max(self.max_age, cadence)) * _SLACK


_SETTINGS = 300.0

#: for what a newer pyenphase may ask
_OTHER = Endpoint("gateway")

ENDPOINTS: dict[str, Endpoint] = {
    INVENTORY: Endpoint("ensemble", deadline=10),
    SECCTRL: Endpoint("storage"),
    BATTERY_POWER: Endpoint("battery_power"),
    DRY_CONTACTS: Endpoint("dry_contacts"),
    DRY_CONTACT_SETTINGS: Endpoint("dry_contacts", _SETTINGS),
    METERS: Endpoint("meters", _SETTINGS),
    ENDPOINT_URL_METERS_READINGS: Endpoint("meters"),
    URL_PRODUCTION: Endpoint("production"),
    URL_PRODUCTION_JSON: Endpoint("production"),
    URL_PRODUCTION_V1: Endpoint("production"),
    URL_DEVICE_DATA: Endpoint("inverters", deadline=25),
    URL_PRODUCTION_INVERTERS: Endpoint("inverters", deadline=25),
    URL_INVENTORY: Endpoint("acb", deadline=25),
    TARIFF: Endpoint("tariff", _SETTINGS),
    GENERATOR: Endpoint("generator"),
    GENERATOR_CONFIG: Endpoint("generator", _SETTINGS),
    GENERATOR_MODE: Endpoint("generator", _SETTINGS),
    GENERATOR_SCHEDULE: Endpoint("generator", _SETTINGS),
    HOME: Endpoint("home", deadline=25),
    CHECK_JWT: Endpoint("gateway", max_age=0, deadline=10),
    INFO: Endpoint("gateway", max_age=0, deadline=20),
}


def observed(path: str) -> Endpoint:
    """Return what is to be observed with an endpoint, known or not."""
    return ENDPOINTS.get(path, _OTHER)
