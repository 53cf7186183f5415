"""Series of single tables: signs, units, and invalid values."""

from typing import Any

import pytest
from pyenphase.models.acb import EnvoyACB, EnvoyBatteryAggregate
from pyenphase.models.encharge import EnvoyEnchargeAggregate, EnvoyEnchargePower
from pyenphase.models.generator import EnvoyGenerator
from pyenphase.models.inverter import EnvoyInverter
from pyenphase.models.system_consumption import EnvoySystemConsumption
from pyenphase.models.tariff import EnvoyStorageMode, EnvoyStorageSettings, EnvoyTariff

from exporter.gateway.endpoints import home as home_endpoint
from exporter.gateway.endpoints.base import Notes
from exporter.gateway.endpoints.ensemble_inventory import Encharge, Enpower
from exporter.gateway.endpoints.ensemble_secctrl import Secctrl
from exporter.gateway.endpoints.meters import MeterSetup
from exporter.gateway.models import CollectorReport, Price, SelfReport, StoragePower
from exporter.metrics.catalogue import TABLES
from exporter.snapshot import SELF, Reading

Series = dict[str, float]


def rendered(collector: str, data: dict[str, Any], **reading: Any) -> Series:
    """Return the value of every series of a collector's data, written as Prometheus does."""
    read = Reading(data, 0, **reading)
    return {
        _series(row.name, (*zip(table.keys, labels, strict=True), *extra)): value
        for table in TABLES
        if table.collector == collector
        if (devices := table.matches(data))
        for row in table.rows
        for (labels, _, _), fact in zip(devices, row.extract(devices, read), strict=True)
        for extra, value in row.samples(fact)
    }


def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    text = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{text}}}" if text else name


def test_a_charging_battery_has_negative_power() -> None:
    """Power in mW becomes W, positive discharges, and the guard's energies are counters."""
    series = rendered(
        "battery_power",
        {
            "encharge_power": {"1": EnvoyEnchargePower(-540000, -532000, 54)},
            "storage_power": StoragePower(-532.0),
        },
        counters={("encharge_power", "1", "charged"): 900.0, ("storage_power", "charged"): 900.0},
    )
    assert series == {
        'enphase_encharge_soc_ratio{serial="1"}': 0.54,
        'enphase_encharge_watts{serial="1"}': -532,
        'enphase_encharge_volt_amperes{serial="1"}': -540,
        'enphase_encharge_charged_joules_total{serial="1"}': 900,
        "enphase_storage_watts": -532,
        "enphase_storage_charged_joules_total": 900,
    }


def test_the_grid_balance_is_signed_and_its_rises_are_counted() -> None:
    """The balance can be below zero; the counter shows what the guard counted."""
    series = rendered(
        "production",
        {"system_net_consumption": EnvoySystemConsumption(-235661, 0, 0, -4980)},
        counters={
            ("system_net_consumption", "watt_hours_lifetime"): 3600.0,
            ("system_net_consumption", "watt_hours_today"): -7200.0,
            ("system_net_consumption", "yesterday"): 1800.0,
        },
    )
    assert series == {
        "enphase_net_consumption_watts": -4980,
        "enphase_net_consumption_joules_total": 3600,
        "enphase_net_consumption_lifetime_joules": -235661 * 3600,
        "enphase_net_consumption_today_joules": -7200,
        "enphase_net_consumption_yesterday_joules": 1800,
    }


ENCHARGE = EnvoyEnchargeAggregate(1890, 525, 54, 15, 20, 3500)
SECCTRL = Secctrl.model_validate(
    {
        "ENC_agg_soh": 0,
        "VLS_Limit": 5,
        "Enc_commissioned_capacity": 3500,
        "ACB_agg_soc": 25,
        "ACB_agg_energy": 930,
    }
)


def test_storage_is_the_aggregate_of_the_only_kind_of_battery() -> None:
    """Without AC Batteries the Encharge aggregate is the site's, without series of ACBs."""
    series = rendered("storage", {"encharge_aggregate": ENCHARGE, "secctrl": SECCTRL})
    assert series["enphase_storage_soc_ratio"] == 0.54
    assert series["enphase_storage_available_joules"] == 1890 * 3600
    assert series["enphase_storage_reserve_soc_ratio"] == 0.15
    assert series["enphase_storage_configured_reserve_soc_ratio"] == 0.2
    assert series["enphase_storage_reserve_joules"] == 525 * 3600
    assert series["enphase_storage_shutdown_soc_ratio"] == 0.05
    assert series["enphase_storage_commissioned_capacity_joules"] == 3500 * 3600
    assert [name for name in series if "_acb_" in name] == []


def test_storage_combines_both_kinds_of_battery() -> None:
    """With AC Batteries the combined aggregate is the site's, and each kind shows beside it."""
    series = rendered(
        "storage",
        {
            "battery_aggregate": EnvoyBatteryAggregate(2820, 39, 7220),
            "encharge_aggregate": ENCHARGE,
            "secctrl": SECCTRL,
        },
    )
    assert series["enphase_storage_soc_ratio"] == 0.39
    assert series["enphase_storage_capacity_joules"] == 7220 * 3600
    assert series["enphase_storage_encharge_soc_ratio"] == 0.54
    assert series["enphase_storage_acb_soc_ratio"] == 0.25
    assert series["enphase_storage_acb_available_joules"] == 930 * 3600


def test_a_health_of_zero_is_no_reading() -> None:
    """State of health and commissioned capacity of 0 mean that there is none."""
    secctrl = Secctrl.model_validate({"ENC_agg_soh": 0, "Enc_commissioned_capacity": 0})
    assert rendered("storage", {"secctrl": secctrl}) == {}


def test_a_site_without_battery_has_no_storage_metrics() -> None:
    """An empty reading gives no series at all."""
    assert rendered("storage", {}) == {}


def test_storage_settings() -> None:
    """Mode is a state set, percentages are ratios and an empty variant is none."""
    settings = EnvoyStorageSettings(
        EnvoyStorageMode.SAVINGS, "", 30.0, 5, charge_from_grid=True, date="5", opt_schedules=None
    )
    tariff = EnvoyTariff({"code": "EUR"}, None, "7", settings, {}, [], None)
    data = {"tariff": tariff, "import_price": {"EUR": Price(0.3)}}
    assert rendered("tariff", data) == {
        'enphase_storage_mode{mode="backup"}': 0,
        'enphase_storage_mode{mode="self-consumption"}': 0,
        'enphase_storage_mode{mode="economy"}': 1,
        'enphase_storage_mode{mode="unknown"}': 0,
        "enphase_storage_charge_from_grid": 1,
        "enphase_storage_settings_reserve_soc_ratio": 0.3,
        "enphase_storage_configured_shutdown_soc_ratio": 0.05,
        "enphase_storage_settings_updated_timestamp_seconds": 5,
        'enphase_tariff_import_price{currency="EUR"}': 0.3,
        "enphase_tariff_updated_timestamp_seconds": 7,
    }


@pytest.mark.parametrize(
    ("present", "oper_state", "expected"),
    [
        (True, "close", 1),
        (True, "closed", 1),
        (True, "open", 0),
        (True, "odd", None),
        (False, "open", None),
    ],
)
def test_a_generator_runs_when_its_relay_is_closed(
    present: bool, oper_state: str, expected: int | None
) -> None:
    """A generator that is absent, or with an unknown relay state, neither runs nor stops."""
    generator = EnvoyGenerator("unknown", oper_state, 0, 0, 100, -1, 0, present, 0)
    series = rendered("generator", {"generator": generator})
    assert expected == series.get("enphase_generator_running")
    assert "enphase_generator_stop_soc_ratio" not in series


def test_the_mean_power_of_an_inverter() -> None:
    """230,400 J in 903 s are 255 W, as reported by the gateway."""
    inverter = EnvoyInverter("1", 5, 255, 371, energy_produced=round(230400 / 903 / 3.6, 3))
    series = rendered("inverters", {"inverters": {"1": inverter}})
    assert round(series['enphase_inverter_mean_watts{serial="1"}']) == 255


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (["envoy.global.ok", "prop.done"], 1),
        (["envoy.global.ok", "envoy.cond_flags.obs_strs.failure"], 0),
        ([], None),
        (None, None),
    ],
)
def test_device_status(status: Any, expected: int | None) -> None:
    """A device is well while nothing but good news is listed; an empty list is no news."""
    device = Encharge(device_status=status)
    series = rendered("ensemble", {"encharge_inventory": {"1": device}})
    assert expected == series.get('enphase_encharge_device_status_ok{serial="1"}')


def test_a_sleeping_ac_battery_is_well() -> None:
    """Sleep is a state of an AC Battery and no trouble with it."""
    battery = EnvoyACB.from_api(
        {
            "serial_num": "1",
            "sleep_enabled": True,
            "device_status": ["envoy.cond_flags.pcu_ctrl.sleep-mode"],
        }
    )
    series = rendered("acb", {"acb_inventory": {"1": battery}})
    assert series['enphase_acb_sleep_state{serial="1",state="asleep"}'] == 1
    assert series['enphase_acb_device_status_ok{serial="1"}'] == 1


def test_the_controllers_extras_carry_its_serial() -> None:
    """Inventory fields beyond pyenphase are labelled like the rest of the controller."""
    data = {
        "enpower": Enpower(serial_number="7", communicating=False, state_id=16),
    }
    series = rendered("ensemble", data)
    assert series['enphase_enpower_current_state{serial="7"}'] == 16
    assert series['enphase_enpower_communicating{serial="7"}'] == 0
    assert "enphase_grid_connected" not in series


def test_home() -> None:
    """Interfaces carry their type, bars become a share, and a link to no device has no level."""
    document: dict[str, Any] = {
        "network": {
            "web_comm": True,
            "last_enlighten_report_time": 5,
            "interfaces": [
                {
                    "interface": "wlan0",
                    "type": "wifi",
                    "carrier": True,
                    "signal_strength": 4,
                    "signal_strength_max": 5,
                },
                {"interface": "eth0", "type": "ethernet", "signal_strength_max": 0},
            ],
        },
        "comm": {"pcu": {"num": 24, "level": 5}, "acb": {"num": 0, "level": 0}},
    }
    home = home_endpoint.read(document, Notes())["home"]
    assert rendered("home", {"home": home}) == {
        "enphase_gateway_cloud_connected": 1,
        "enphase_gateway_cloud_last_report_timestamp_seconds": 5,
        'enphase_gateway_network_info{primary_interface="",timezone=""}': 1,
        'enphase_gateway_interface_up{interface="wlan0",type="wifi"}': 1,
        'enphase_gateway_interface_signal_ratio{interface="wlan0",type="wifi"}': 0.8,
        'enphase_gateway_link_devices{device_type="pcu"}': 24,
        'enphase_gateway_link_level{device_type="pcu"}': 5,
        'enphase_gateway_link_devices{device_type="acb"}': 0,
    }


def test_a_disabled_meter_has_only_its_set_up() -> None:
    """The set-up of disabled meters is exported too."""
    setup = MeterSetup.model_validate({"state": "disabled", "phaseMode": "split", "phaseCount": 2})
    assert rendered("meters", {"meter_setup": {"production": setup}, "ctmeters": {}}) == {
        'enphase_meter_enabled{meter="production"}': 0,
        'enphase_meter_setup_info{meter="production",phase_mode="split"}': 1,
        'enphase_meter_phases{meter="production"}': 2,
    }


def test_the_exporters_own_report() -> None:
    """Collectors, requests and anomalies are labelled by their keys; the unknown is absent."""
    report = SelfReport(
        up=True,
        collectors={"home": CollectorReport(False, 1.5, None, {"timeout": 2}, cadence=300)},
        requests={("/home", "200"): 3},
        unreadable={("/home", "network"): 4},
        rejected={"enphase_production_joules_total": 1},
        token_expiry=None,
        clock_skew=-0.5,
    )
    assert rendered(SELF, {"self": report}) == {
        "enphase_up": 1,
        "enphase_gateway_clock_skew_seconds": -0.5,
        'enphase_collector_up{collector="home"}': 0,
        'enphase_collector_complete{collector="home"}': 1,
        'enphase_collector_duration_seconds{collector="home"}': 1.5,
        'enphase_collector_cadence_seconds{collector="home"}': 300,
        'enphase_collector_failures_total{collector="home",reason="timeout"}': 2,
        'enphase_gateway_requests_total{endpoint="/home",code="200"}': 3,
        'enphase_unreadable_values_total{endpoint="/home",field="network"}': 4,
        'enphase_rejected_readings_total{metric="enphase_production_joules_total"}': 1,
    }
