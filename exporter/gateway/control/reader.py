"""Reads the current state: only the endpoints that a command needs, never from a cache.

pyenphase changes its own objects before the gateway has answered a write, so they are wrong after a
failed one. Each read here creates new objects.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import orjson
from pyenphase.const import URL_INVENTORY, URL_PRODUCTION_JSON
from pyenphase.models.acb import EnvoyACB
from pyenphase.models.dry_contacts import EnvoyDryContactSettings
from pyenphase.models.envoy import EnvoyData
from pyenphase.models.generator import (
    EnvoyGeneratorConfig,
    EnvoyGeneratorMode,
    EnvoyGeneratorSchedule,
)
from pyenphase.models.tariff import EnvoyTariff

from exporter.errors import (
    BadStatusError,
    ControlError,
    GatewayError,
    InvalidDataError,
    InvalidResponseError,
    LoginRefusedError,
)
from exporter.gateway.client import GatewayClient
from exporter.gateway.control.models import Requirement
from exporter.gateway.control.site import DYNAMIC_LIMIT, LIVE_STATUS, POWER
from exporter.gateway.endpoints import dry_contacts, ensemble_inventory, ensemble_secctrl
from exporter.gateway.endpoints.base import Endpoint, Notes
from exporter.gateway.paths import (
    BATTERY_POWER,
    DRY_CONTACT_SETTINGS,
    DRY_CONTACTS,
    GENERATOR_CONFIG,
    GENERATOR_MODE,
    GENERATOR_SCHEDULE,
    INVENTORY,
    SECCTRL,
    TARIFF,
)
from exporter.gateway.state_model import GatewayState

#: raised by responses of an unexpected structure
_UNEXPECTED = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class Reader:
    """Reads one gateway."""

    def __init__(self, session: GatewayClient, memory: GatewayState) -> None:
        self._session = session
        self._memory = memory

    async def check(self, requirement: Requirement) -> None:
        """Raise ControlError unless the hardware is present, GatewayError if that is unknown."""
        self._session.invalidate()
        content = await self._get(requirement.endpoint, optional=True)
        try:
            present = content is not None and requirement.is_present(content)
        except _UNEXPECTED as error:
            raise _unexpected(requirement.endpoint, error) from None
        if present:
            return
        if requirement.feature_name in self._memory.features:
            raise ControlError(
                "the gateway does not report hardware that it had before"
                f" ({requirement.feature_name}):"
                " wait until it has started, and try again"
            )
        raise ControlError(f"the gateway {requirement.missing_message}")

    async def read(self, endpoints: Iterable[str], *, fresh: bool = True) -> EnvoyData:
        """Return the current data of these endpoints; raise GatewayError.

        Without `fresh`, answers since the last `check` are used again.
        """
        if fresh:
            self._session.invalidate()
        data = EnvoyData()
        for endpoint in endpoints:
            content = await self._get(endpoint)
            data.raw[endpoint] = content
            try:
                _PARSERS[endpoint](data, content)
            except _UNEXPECTED as error:
                raise _unexpected(endpoint, error) from None
        return data

    async def _get(self, endpoint: str, *, optional: bool = False) -> Any:
        """Return the parsed response; None for a 404 of an `optional` endpoint."""
        response = await self._session.fetch(endpoint)
        if response.status == HTTPStatus.NOT_FOUND and optional:
            return None
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise LoginRefusedError(
                f"{endpoint} is refused with status {response.status}: this login is not permitted"
                " to read it, an installer's may be"
            )
        if not 200 <= response.status < 300:
            raise BadStatusError(f"{endpoint}: status {response.status}")
        try:
            return orjson.loads(response.body)
        except orjson.JSONDecodeError:
            raise InvalidResponseError(f"{endpoint}: the answer is not JSON") from None


def _unexpected(endpoint: str, error: Exception) -> GatewayError:
    return InvalidDataError(f"{endpoint}: unexpected data ({type(error).__name__} {error})")


def _members(endpoint: Endpoint, content: Any) -> dict[str, Any]:
    """Return what an endpoint contains, as the exporter reads it."""
    return dict(endpoint.read(content, Notes()))


def _inventory(data: EnvoyData, content: Any) -> None:
    data.enpower = _members(ensemble_inventory.ENDPOINT, content).get("enpower")


def _secctrl(data: EnvoyData, content: Any) -> None:
    data.encharge_aggregate = _members(ensemble_secctrl.ENDPOINT, content).get("encharge_aggregate")


def _contacts(data: EnvoyData, content: Any) -> None:
    data.dry_contact_status = _members(dry_contacts.STATUS, content)["dry_contact_status"]


def _contact_settings(data: EnvoyData, content: Any) -> None:
    settings = _members(dry_contacts.SETTINGS, content)["dry_contact_settings"]
    # pyenphase writes them back from its own model, which refuses a value that it does not know
    for relay in content["dry_contacts"]:
        with suppress(*_UNEXPECTED):
            settings[str(relay["id"])] = EnvoyDryContactSettings.from_api(relay)
    data.dry_contact_settings = settings


def _tariff(data: EnvoyData, content: Any) -> None:
    data.tariff = EnvoyTariff.from_api(content["tariff"])


def _acbs(data: EnvoyData, content: Any) -> None:
    data.acb_inventory = {
        str(device["serial_num"]): EnvoyACB.from_api(device) for device in acbs(content)
    }


def acbs(content: Any) -> list[dict[str, Any]]:
    """Return the AC Batteries of `/inventory.json` that are in service."""
    return [
        device
        for group in content
        if group["type"] == "ACB"
        for device in group["devices"]
        if device.get("admin_state") != 0
    ]


def _generator_mode(data: EnvoyData, content: Any) -> None:
    data.generator_mode = EnvoyGeneratorMode.from_api(content)


def _generator_schedule(data: EnvoyData, content: Any) -> None:
    # Missing until it is set up in the app.
    if "exercise_config" in content:
        data.generator_schedule = EnvoyGeneratorSchedule.from_api(content)


def _generator_config(data: EnvoyData, content: Any) -> None:
    data.generator_config = EnvoyGeneratorConfig.from_api(content)


def _raw_only(data: EnvoyData, content: Any) -> None:
    """Keep it in `raw` only."""


#: how the response of each endpoint gets into pyenphase's data
_PARSERS: Mapping[str, Callable[[EnvoyData, Any], None]] = {
    INVENTORY: _inventory,
    SECCTRL: _secctrl,
    DRY_CONTACTS: _contacts,
    DRY_CONTACT_SETTINGS: _contact_settings,
    TARIFF: _tariff,
    URL_INVENTORY: _acbs,
    GENERATOR_MODE: _generator_mode,
    GENERATOR_SCHEDULE: _generator_schedule,
    GENERATOR_CONFIG: _generator_config,
    BATTERY_POWER: _raw_only,
    POWER: _raw_only,
    DYNAMIC_LIMIT: _raw_only,
    LIVE_STATUS: _raw_only,
    URL_PRODUCTION_JSON: _raw_only,
}
