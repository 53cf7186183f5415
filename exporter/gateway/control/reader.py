"""Reading what a gateway says now: only the endpoints that matter, past every kept answer.

pyenphase changes its own objects before the gateway has answered a write, so that they cannot be
believed afterwards. Each reading here makes new ones, from answers that are as old as the reading.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from pyenphase.const import URL_INVENTORY, URL_PRODUCTION_JSON
from pyenphase.exceptions import EnvoyAuthenticationRequired
from pyenphase.models.acb import EnvoyACB
from pyenphase.models.envoy import EnvoyData
from pyenphase.models.generator import (
    EnvoyGeneratorConfig,
    EnvoyGeneratorMode,
    EnvoyGeneratorSchedule,
)
from pyenphase.models.tariff import EnvoyTariff

from exporter.errors import (
    ControlError,
    GatewayError,
    InvalidDataError,
    InvalidResponseError,
    LoginRefusedError,
)
from exporter.gateway.client import GatewayClient
from exporter.gateway.control.models import Need
from exporter.gateway.ensemble import read_dry_contacts, read_inventory, read_secctrl
from exporter.gateway.policy import (
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
from exporter.gateway.transport import Transport, expect_success
from exporter.gateway.transport_errors import TransportError

_NO_CONTACTS: dict[str, Any] = {"dry_contacts": []}
#: what answers of another shape raise
_MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class Reader:
    """Reads one gateway afresh."""

    def __init__(self, session: GatewayClient, transport: Transport, memory: GatewayState) -> None:
        self._session = session
        self._transport = transport
        self._memory = memory

    async def check(self, need: Need) -> None:
        """Raise ControlError unless the hardware is there, GatewayError if that cannot be told."""
        self._transport.invalidate()
        told = await self._ask(need.endpoint, may_miss=True)
        try:
            there = told is not None and need.there(told)
        except _MISSHAPEN as error:
            raise _bad(need.endpoint, error) from None
        if there:
            return
        if need.remembered in self._memory.features:
            raise ControlError(
                f"the gateway does not show now what it has shown before ({need.remembered}):"
                " wait until it has started, and try again"
            )
        raise ControlError(f"the gateway {need.lacks}")

    async def read(self, endpoints: Iterable[str], *, afresh: bool = True) -> EnvoyData:
        """Return what these endpoints say now; raise GatewayError.

        Not `afresh`, it may be what they said since `check`.
        """
        if afresh:
            self._transport.invalidate()
        data = EnvoyData()
        for endpoint in endpoints:
            told = await self._ask(endpoint)
            data.raw[endpoint] = told
            try:
                _FILL[endpoint](data, told)
            except _MISSHAPEN as error:
                raise _bad(endpoint, error) from None
        return data

    async def _ask(self, endpoint: str, *, may_miss: bool = False) -> Any:
        """Return the parsed answer; None where there is none and that is an answer as well."""
        try:
            answer = await self._session.probe_request(endpoint)
            if answer.status == 404 and may_miss:
                return None
            expect_success(answer, endpoint)
            return orjson.loads(answer.body)
        except TransportError as error:
            raise error.error from None
        except EnvoyAuthenticationRequired as error:
            raise LoginRefusedError(f"{error.status}: this login may not read it") from None
        except orjson.JSONDecodeError:
            raise InvalidResponseError(f"{endpoint}: the answer is not JSON") from None


def _bad(endpoint: str, error: Exception) -> GatewayError:
    return InvalidDataError(f"{endpoint}: says something unknown ({type(error).__name__} {error})")


def _inventory(data: EnvoyData, told: Any) -> None:
    found, _ = read_inventory(told, GatewayState())
    data.enpower = found.get("enpower")


def _secctrl(data: EnvoyData, told: Any) -> None:
    data.encharge_aggregate = read_secctrl(told, False).get("encharge_aggregate")


def _contacts(data: EnvoyData, told: Any) -> None:
    data.dry_contact_status = read_dry_contacts(told, _NO_CONTACTS)[0]["dry_contact_status"]


def _contact_settings(data: EnvoyData, told: Any) -> None:
    data.dry_contact_settings = read_dry_contacts(_NO_CONTACTS, told)[0]["dry_contact_settings"]


def _tariff(data: EnvoyData, told: Any) -> None:
    data.tariff = EnvoyTariff.from_api(told["tariff"])


def _acbs(data: EnvoyData, told: Any) -> None:
    data.acb_inventory = {
        str(device["serial_num"]): EnvoyACB.from_api(device) for device in acbs(told)
    }


def acbs(told: Any) -> list[dict[str, Any]]:
    """Return the AC Batteries in `/inventory.json` that are in service."""
    return [
        device
        for group in told
        if group["type"] == "ACB"
        for device in group["devices"]
        if device.get("admin_state") != 0
    ]


def _generator_mode(data: EnvoyData, told: Any) -> None:
    data.generator_mode = EnvoyGeneratorMode.from_api(told)


def _generator_schedule(data: EnvoyData, told: Any) -> None:
    # There is none before it was set up in the app.
    if "exercise_config" in told:
        data.generator_schedule = EnvoyGeneratorSchedule.from_api(told)


def _generator_config(data: EnvoyData, told: Any) -> None:
    data.generator_config = EnvoyGeneratorConfig.from_api(told)


def _raw_only(data: EnvoyData, told: Any) -> None:
    """Leave it as it is, in `raw`."""


#: how the answer of each endpoint gets into pyenphase's data
_FILL: Mapping[str, Callable[[EnvoyData, Any], None]] = {
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
    URL_PRODUCTION_JSON: _raw_only,
}
