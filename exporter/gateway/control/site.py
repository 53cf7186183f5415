"""Production on and off, the dynamic export limit, and the live data stream.

pyenphase has no methods for these, so the requests are made here and sent like its own.
"""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError, InvalidDataError
from exporter.gateway.control.models import Args, Values

POWER, DYNAMIC_LIMIT = "/ivp/mod/603980032/mode/power", "/ivp/ss/dpel"
LIVE_STATUS, LIVE_STREAM = "/ivp/livedata/status", "/ivp/livedata/stream"
_SETTINGS = "dynamic_pel_settings"
#: the part of the settings that a limit changes
_FLAGS = {"enabled": "enable", "limits_export": "export_limit"}


def production(data: EnvoyData, args: Args) -> Values:
    """Return whether production is on."""
    forced_off = data.raw[POWER]["powerForcedOff"]
    if not isinstance(forced_off, bool):
        raise InvalidDataError("the gateway does not report whether production is off")
    return {"production": "off" if forced_off else "on"}


def production_off_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return what happens, when production comes back, and what the gateway may do."""
    return [
        "all panels stop within about a minute, also for charging the batteries; the house takes"
        " its power from the grid or the batteries, off grid from the batteries alone",
        "it lasts until `enphase-exporter control production on`: neither daylight nor the end of"
        " an outage ends it; panels then check the grid for about five minutes before they start",
        "the gateway may show for some minutes what the panels last reported; the Enphase cloud may"
        " switch production on again within the hour, and a gateway that restarts may, too:"
        " `--watch` shows the first minutes",
        "no alert is sent for a day; after that, EnphaseProductionForcedOff reminds you",
    ]


def production_on_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return when the panels give something again."""
    return [
        "panels check the grid for about five minutes before they start, and start by day only;"
        " their reports, and with them the shown power, follow up to a quarter of an hour later"
    ]


def production_hint(desired: Values, after: Values) -> str:
    """Return why it may not have been applied."""
    return "the gateway gives no reason; the Enphase cloud may have restored its own setting"


async def write_production(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Send the switch."""
    body = {"length": 1, "arr": [int(desired["production"] == "off")]}
    return await _send(envoy, POWER, body, "PUT")


def export_limit(data: EnvoyData, args: Args) -> Values:
    """Return the dynamic limit of export."""
    settings = data.raw[DYNAMIC_LIMIT][_SETTINGS]
    values: Values = {name: settings.get(key) for name, key in _FLAGS.items()}
    return {**values, "limit_watts": settings.get("limit_value_W")}


def desired_limit(args: Args, before: Values) -> Values:
    """Return the limit, or none."""
    if args["watts"] is None:
        return {"enabled": False}
    return {"enabled": True, "limits_export": True, "limit_watts": float(args["watts"])}


def check_limit(args: Args, before: Values) -> None:
    """Refuse settings that cannot be sent back as they are."""
    if not all(isinstance(before[name], bool) for name in _FLAGS):
        raise ControlError(
            "the dynamic limit of this gateway has settings that are unknown here: change it in the"
            " app, or let the installer do it"
        )


def limit_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return what the limit does."""
    if args["watts"] is None:
        return []
    return [
        "the gateway reduces production as soon as export reaches the limit; a limit that the grid"
        " operator set stays in force"
    ]


async def write_limit(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Send all settings of the limit with these changes."""
    content = envoy.data.raw[DYNAMIC_LIMIT] if envoy.data else {}
    changes = {key: desired[name] for name, key in _FLAGS.items() if name in desired}
    if "limit_watts" in desired:
        changes["limit_value_W"] = desired["limit_watts"]
    body = {**content, _SETTINGS: {**content[_SETTINGS], **changes}}
    return await _send(envoy, DYNAMIC_LIMIT, body, "POST")


def live_stream(data: EnvoyData, args: Args) -> Values:
    """Return whether the live stream is on."""
    return {"stream": data.raw[LIVE_STATUS]["connection"]["sc_stream"]}


def live_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return how long it lasts."""
    return ["the gateway ends the stream by itself after some time"]


async def write_live_stream(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Send the switch."""
    return await _send(envoy, LIVE_STREAM, {"enable": int(args["on"])}, "POST")


async def _send(envoy: Envoy, endpoint: str, body: dict[str, Any], method: str) -> Any:
    # the public method would send a write again that has failed
    return await envoy._json_request(endpoint, body, method)
