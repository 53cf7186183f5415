"""`/ivp/livedata/status`: the powers of the whole site, and whether the cloud's channel stands.

Unless the live stream is enabled, the powers can be old: check the time of their last update.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, Parsed, as_object
from exporter.gateway.endpoints.context import Context
from exporter.gateway.endpoints.fields import (
    Code,
    Count,
    Epoch,
    Flag,
    FlagText,
    Milliwatts,
    Percent,
    StoredWattHours,
    Text,
)

FLOWS = ("pv", "storage", "grid", "load", "generator")
_PHASES = {"L1": "a", "L2": "b", "L3": "c"}
#: seconds after which a power is not what flows now
_AGE = 300.0


class LivePower(Model):
    """Real and apparent power, in mW and mVA."""

    power_mw: Milliwatts = None
    apparent_power_mva: Milliwatts = None


class LiveStatus(Model):
    """The site as the gateway's own app shows it; charge in percent, energy in Wh."""

    required: ClassVar[frozenset[str]] = frozenset({"last_update", "main_relay_state"})

    last_update: Epoch = None
    soc: Percent = None
    #: 1 closed, 2 open, 3 changing
    main_relay_state: Code = None
    #: 5 where there is no generator
    gen_relay_state: Code = None
    backup_bat_mode: Code = None
    backup_soc: Percent = None
    is_split_phase: FlagText = None
    phase_count: Count = None
    enc_agg_soc: Percent = None
    enc_agg_energy: StoredWattHours = None
    acb_agg_soc: Percent = None
    acb_agg_energy: StoredWattHours = None

    @property
    def main_relay(self) -> str | None:
        """The relay towards the grid in words."""
        states = {1: "closed", 2: "open", 3: "changing"}
        return None if self.main_relay_state is None else states.get(self.main_relay_state, "other")


class CloudChannel(Model):
    """The channel to the cloud that stands all the time."""

    required: ClassVar[frozenset[str]] = frozenset({"mqtt_state"})

    mqtt_state: Text = None
    prov_state: Text = None
    auth_state: Text = None
    sc_stream: Text = None
    sc_debug: Text = None
    publishes: Count = Field(None, alias="MqttClient_publish")
    connects: Count = Field(None, alias="MqttClient_connect")
    connect_errors: Count = Field(None, alias="MqttClient_connect_err")
    responses: Count = Field(None, alias="MqttClient_respond")

    @property
    def connected(self) -> Flag:
        """Whether the channel stands."""
        return None if self.mqtt_state is None else self.mqtt_state.lower() == "connected"


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the powers in sum and by phase, the states, and the channel to the cloud."""
    raw = as_object(document)
    data: dict[str, Any] = {}
    connection, counters = raw.get("connection"), raw.get("counters")
    if isinstance(connection, dict):
        more = counters if isinstance(counters, dict) else {}
        if counters is not None and not isinstance(counters, dict):
            notes.unreadable("counters")
        data["cloud_channel"] = CloudChannel.read({**more, **connection}, notes, "connection")
    elif raw:
        notes.unreadable("connection")
    meters = raw.get("meters")
    live = LiveStatus.read(meters, notes, "meters") if raw else None
    if live is None or not isinstance(meters, dict):
        return data
    flows: dict[str, LivePower] = {}
    phases: dict[str, dict[str, LivePower]] = {}
    for flow in FLOWS:
        if flow not in meters:
            continue
        power = _power(meters[flow], "", notes, flow)
        if power is None:
            continue
        flows[flow] = power
        legs = list(_PHASES.items())[: live.phase_count or 0]
        if len(legs) > 1:
            phases[flow] = {
                phase: leg
                for phase, letter in legs
                if (leg := _power(meters[flow], f"_ph_{letter}", notes, flow)) is not None
            }
    return data | {"live": live, "live_flows": flows, "live_phases": phases}


def _power(raw: Any, suffix: str, notes: Notes, flow: str) -> LivePower | None:
    if not isinstance(raw, dict):
        notes.unreadable(f"meters.{flow}")
        return None
    power = f"agg_p{suffix}_mw"
    apparent = f"agg_s{suffix}_mva"
    values = {
        name: raw[key]
        for name, key in (("power_mw", power), ("apparent_power_mva", apparent))
        if key in raw
    }
    return LivePower.read(values, notes, f"meters.{flow}")


def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return what is live, without powers that are not of now."""
    answer = parsed.get(ENDPOINT.path)
    data = dict(answer.data) if answer is not None else {}
    live: LiveStatus | None = data.get("live")
    if live is None or context.is_stale(live.last_update, _AGE):
        data.pop("live_flows", None)
        data.pop("live_phases", None)
    return {member: value for member, value in data.items() if value is not None}


ENDPOINT = Endpoint(
    "/ivp/livedata/status", "livedata", read, max_age=60, deadline=20, optional=True
)
