"""`/ivp/ensemble/secctrl`: charge, capacity and reserve of all batteries together.

Gateways without any battery report a charge of 0 all the same. A battery exists only where there
is energy or capacity, and AC Batteries only where there is more of it than Encharges have.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import Flag, Number, Percent, StoredWattHours


class EnchargeAggregate(Model):
    """All Encharge and IQ Batteries together, in Wh and percent."""

    required: ClassVar[frozenset[str]] = frozenset(
        {
            "ENC_agg_avail_energy",
            "ENC_agg_backup_energy",
            "ENC_agg_soc",
            "adjusted_backup_soc",
            "configured_backup_soc",
            "Enc_max_available_capacity",
        }
    )

    available_energy: StoredWattHours = Field(None, alias="ENC_agg_avail_energy")
    backup_reserve: StoredWattHours = Field(None, alias="ENC_agg_backup_energy")
    state_of_charge: Percent = Field(None, alias="ENC_agg_soc")
    reserve_state_of_charge: Percent = Field(None, alias="adjusted_backup_soc")
    configured_reserve_state_of_charge: Percent = Field(None, alias="configured_backup_soc")
    max_available_capacity: StoredWattHours = Field(None, alias="Enc_max_available_capacity")


@dataclass(frozen=True, slots=True)
class BatteryAggregate:
    """Encharges and AC Batteries together, in Wh and percent."""

    available_energy: float | None
    state_of_charge: float | None
    max_available_capacity: float | None


class Secctrl(Model):
    """What the answer says beyond the aggregates, in Wh, percent, Hz and V."""

    shutdown: Flag = None
    health: Percent = Field(None, alias="ENC_agg_soh")
    commissioned_capacity: StoredWattHours = Field(None, alias="Enc_commissioned_capacity")
    very_low_soc: Percent = Field(None, alias="VLS_Limit")
    recovery_enabled: Flag = Field(None, alias="soc_rec_enabled")
    recovery_entry: Percent = Field(None, alias="soc_recovery_entry")
    recovery_exit: Percent = Field(None, alias="soc_recovery_exit")
    #: firmware 8.1 has one charge for both
    recovery_threshold: Percent = Field(None, alias="Recovery_threshold_soc")
    commissioning: Flag = Field(None, alias="Commission_in_progress")
    ess_in_progress: Flag = Field(None, alias="ESS_in_progress")
    acb_soc: Percent = Field(None, alias="ACB_agg_soc")
    acb_energy: StoredWattHours = Field(None, alias="ACB_agg_energy")
    #: by how much the batteries pull frequency and voltage of an island, by phase
    frequency_bias: Number = Field(None, alias="freq_bias_hz")
    frequency_bias_b: Number = Field(None, alias="freq_bias_hz_phaseb")
    frequency_bias_c: Number = Field(None, alias="freq_bias_hz_phasec")
    voltage_bias: Number = Field(None, alias="voltage_bias_v")
    voltage_bias_b: Number = Field(None, alias="voltage_bias_v_phaseb")
    voltage_bias_c: Number = Field(None, alias="voltage_bias_v_phasec")
    ess_upgrade_in_progress: Flag = Field(None, alias="ESS_R3_To_R4_in_progress")


class IslandControl(Model):
    """The control of an island, which only firmware of the newest controllers shows."""

    active: Flag = Field(None, alias="is_active")
    balanced: Flag = Field(None, alias="is_system_balanced")


class _Total(Model):
    """The fields of Encharges and AC Batteries together."""

    soc: Percent = Field(None, alias="agg_soc")
    capacity: StoredWattHours = Field(None, alias="Max_energy")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the aggregates of the installed batteries; nothing without batteries."""
    raw = as_object(document)
    encharge = EnchargeAggregate.read(raw, notes)
    secctrl = Secctrl.read(raw, notes)
    total = _Total.read(raw, notes)
    if encharge is None or secctrl is None or total is None:
        return {}
    data: dict[str, Any] = {}
    if _any_positive(
        encharge.max_available_capacity,
        encharge.available_energy,
        encharge.state_of_charge,
        secctrl.commissioned_capacity,
    ):
        data["encharge_aggregate"] = encharge
    if _has_acb(encharge, secctrl, total):
        data["battery_aggregate"] = BatteryAggregate(
            available_energy=None
            if encharge.available_energy is None or secctrl.acb_energy is None
            else encharge.available_energy + secctrl.acb_energy,
            state_of_charge=total.soc,
            max_available_capacity=total.capacity,
        )
    if data:
        data["secctrl"] = secctrl
    if "offgrid_secctrl" in raw:
        data["island_control"] = IslandControl.read(
            raw["offgrid_secctrl"], notes, "offgrid_secctrl"
        )
    return {member: value for member, value in data.items() if value is not None}


def _has_acb(encharge: EnchargeAggregate, secctrl: Secctrl, total: _Total) -> bool:
    if _any_positive(secctrl.acb_energy, secctrl.acb_soc):
        return True
    capacity = encharge.max_available_capacity
    return total.capacity is not None and capacity is not None and total.capacity > capacity


def _any_positive(*values: float | None) -> bool:
    return any(value is not None and value > 0 for value in values)


ENDPOINT = Endpoint("/ivp/ensemble/secctrl", "storage", read, deadline=30, optional=True)
