"""What real gateways did to real readers, and what must come of one reading of it.

Each situation was reported in public and is rebuilt from a capture by the change described.
"""

from dataclasses import replace
from typing import Any

import pytest

from exporter import house
from tests.field_cases.answers import (
    CONTACTS,
    DETAILED,
    DETAILS,
    GHOSTS,
    INVENTORY,
    INVERTERS,
    METERS,
    MISSING,
    POWER,
    READINGS,
    REPORT,
    SECCTRL,
    SIMPLE,
    SPLIT,
    TARIFF,
    THREE_PHASE,
    put,
    section,
)
from tests.field_cases.field_case import FieldCase, Open


@pytest.fixture
def three_phase(case: Open) -> FieldCase:
    """Return a home whose report is as new in all sections as its capture."""
    home = case(THREE_PHASE)

    def renew(report: Any) -> None:
        for part in report.values():
            for entry in part:
                entry["readingTime"] = int(home.context.gateway_time)

    home.change(REPORT, renew)
    return home


@pytest.mark.field_case(1)
def test_a_leg_of_the_total_may_be_a_balance(three_phase: FieldCase) -> None:
    """A leg whose total falls is shown as it is, and costs nothing else."""
    home = three_phase
    before = home.read()

    def fall(report: Any) -> None:
        section(report, "total-consumption")["lines"][2] |= {"whLifetime": -1259.672, "wNow": -210}

    home.change(REPORT, fall)
    after = home.read()
    legs = after["system_consumption_phases"]
    assert (legs["L3"].watt_hours_lifetime, legs["L3"].watts_now) == (-1260, -210)
    assert {leg: legs[leg] for leg in ("L1", "L2")} == {
        leg: before["system_consumption_phases"][leg] for leg in ("L1", "L2")
    }


@pytest.mark.field_case(2)
def test_production_below_zero_at_night_is_read(three_phase: FieldCase) -> None:
    """Meters draw a few watts in the dark."""
    three_phase.change(REPORT, lambda report: section(report, "production").update(wNow=-40))
    assert three_phase.read()["system_production"].watts_now == -40


@pytest.mark.field_case(3)
def test_an_inverter_that_never_reported_has_no_time(case: Open) -> None:
    """Its time stamp is 0, which metrics leave out; the others are as they were."""
    home = case(SIMPLE)
    before = home.read()["inverters"]

    def never(listed: Any) -> None:
        listed[0] |= {"lastReportDate": 0, "lastReportWatts": 0}

    home.change(INVERTERS, never)
    after = home.read()["inverters"]
    first, *others = after
    assert (after[first].last_report_date, after[first].last_report_watts) == (0, 0)
    assert [after[serial] for serial in others] == [before[serial] for serial in others]


@pytest.mark.field_case(4)
@pytest.mark.parametrize("name", [DETAILED, SPLIT, "8.3.5169_with_generator"])
def test_a_day_is_not_a_lifetime(case: Open, name: str) -> None:
    """Today and week equal to the lifetime are not passed on; power and lifetime are."""
    home = case(name)
    before = home.read()

    def equal(report: Any) -> None:
        for part in ("production", "consumption"):
            for entry in report[part]:
                if entry["type"] == "eim":
                    entry["whToday"] = entry["whLastSevenDays"] = entry["whLifetime"]

    home.change(REPORT, equal)
    after = home.read()
    for member in ("system_production", "system_consumption", "system_net_consumption"):
        assert after[member].watt_hours_today is None
        assert after[member].watt_hours_last_7_days is None
        assert after[member].watts_now == before[member].watts_now
        assert after[member].watt_hours_lifetime == before[member].watt_hours_lifetime


@pytest.mark.field_case(5)
def test_no_day_has_twelve_megawatt_hours(three_phase: FieldCase) -> None:
    """A today that no site of this size can reach is not passed on."""
    three_phase.change(
        REPORT, lambda report: section(report, "production").update(whToday=12_345_700)
    )
    assert three_phase.read()["system_production"].watt_hours_today is None


@pytest.mark.field_case(6)
def test_without_production_ct_its_sections_are_junk(case: Open) -> None:
    """Production comes from the inverters, and no total is made of a production of nothing."""
    home = case(DETAILED)
    home.change(METERS, lambda listed: listed[0].update(state="disabled"))

    def junk(report: Any) -> None:
        section(report, "production").update(wNow=0.0, whLifetime=0.0)
        section(report, "total-consumption").update(wNow=-2300.0)
        section(report, "net-consumption").update(wNow=-2300.0)

    home.change(REPORT, junk)
    after = home.read()
    assert after["system_production"].watts_now > 0
    assert "system_consumption" not in after
    assert after["system_net_consumption"].watts_now == -2300
    assert set(after["ctmeters"]) == {"net-consumption"}


@pytest.mark.field_case(8)
def test_a_ct_is_there_once_it_is_enabled(case: Open) -> None:
    """What exists is read from the answers of the moment."""
    home = case(DETAILED)
    home.change(METERS, lambda listed: listed[1].update(state="disabled"))
    assert set(home.read()["ctmeters"]) == {"production"}
    home.change(METERS, lambda listed: listed[1].update(state="enabled"))
    after = home.read()
    assert set(after["ctmeters"]) == {"production", "net-consumption"}
    assert "system_consumption" in after


@pytest.mark.field_case(9)
def test_an_inverter_without_last_report_keeps_the_rest(case: Open) -> None:
    """Only its time is gone, and the others keep their details."""
    home = case(DETAILED)
    del home.bodies[INVERTERS]
    before = home.read()["inverters"]

    def forget(devices: Any) -> None:
        first = next(iter(devices.values()))
        del first["channels"][0]["lastReading"]["endDate"]

    home.change(DETAILS, forget)
    after = home.read()["inverters"]
    first, *others = after
    assert replace(before[first], last_report_date=None) == after[first]
    assert [after[serial] for serial in others] == [before[serial] for serial in others]


@pytest.mark.field_case(10)
def test_a_section_without_devices_has_no_values(case: Open) -> None:
    """Its numbers are left over from something else, also where its CT is enabled."""
    home = case(DETAILED)

    def silent(report: Any) -> None:
        for name in ("production", "total-consumption", "net-consumption"):
            section(report, name).update(activeCount=0, wNow=17.0, whLifetime=5.0)

    home.change(REPORT, silent)
    after = home.read()
    assert not {"system_production", "system_consumption", "system_net_consumption"} & set(after)


@pytest.mark.field_case(11)
@pytest.mark.parametrize("value", [None, "unknown", MISSING])
def test_a_battery_without_power_keeps_its_charge(case: Open, value: Any) -> None:
    """The power of one battery costs the power of that battery."""
    home = case("8.3.1598_collar")
    before = home.read()["encharge_power"]
    home.change(POWER, lambda answer: put(answer["devices:"][0], "real_power_mw", value))
    after = home.read()["encharge_power"]
    first, *others = after
    assert after[first].real_power_mw is None
    assert after[first].soc == before[first].soc
    assert [after[serial] for serial in others] == [before[serial] for serial in others]
    assert home.parsed()[POWER].unreadable == {"devices.real_power_mw": 1}


@pytest.mark.field_case(12)
def test_one_field_of_secctrl_is_one_value(case: Open) -> None:
    """The other aggregates stay."""
    home = case(SPLIT)
    before = home.read()
    home.change(SECCTRL, lambda answer: put(answer, "ENC_agg_backup_energy", MISSING))
    after = home.read()
    expected = before["encharge_aggregate"].model_copy(update={"backup_reserve": None})
    assert after == {**before, "encharge_aggregate": expected}
    assert home.parsed()[SECCTRL].unreadable == {"ENC_agg_backup_energy": 1}


@pytest.mark.field_case(13)
@pytest.mark.parametrize(
    ("key", "value", "attribute"),
    [
        ("freq", MISSING, "frequency"),
        ("pwrFactor", MISSING, "power_factor"),
        ("activePower", None, "active_power"),
        ("activePower", "much", "active_power"),
    ],
)
def test_one_field_of_a_meter_is_one_value(
    case: Open, key: str, value: Any, attribute: str
) -> None:
    """A CT without frequency is a CT all the same."""
    home = case(SPLIT)
    before = home.read()
    home.change(READINGS, lambda listed: put(listed[0], key, value))
    after = home.read()
    changed = {**before["ctmeters"]}
    changed["production"] = replace(changed["production"], **{attribute: None})
    assert after == {**before, "ctmeters": changed}


@pytest.mark.field_case(14)
@pytest.mark.parametrize("shape", ["one", "none", "missing", "turned"])
def test_sections_are_found_by_what_they_measure(case: Open, shape: str) -> None:
    """Production stays whatever becomes of consumption, and no section takes another's place."""
    home = case(DETAILED)
    before = home.read()

    def reshape(report: Any) -> None:
        net = section(report, "net-consumption")
        total = section(report, "total-consumption")
        put(
            report,
            "consumption",
            {"one": [net], "none": [], "missing": MISSING, "turned": [net, total]}[shape],
        )
        report["production"].reverse()

    home.change(REPORT, reshape)
    after = home.read()
    assert after["system_production"] == before["system_production"]
    for member, kept in (
        ("system_consumption", ("turned",)),
        ("system_net_consumption", ("one", "turned")),
    ):
        assert after.get(member) == (before[member] if shape in kept else None)


@pytest.mark.field_case(15)
def test_one_field_of_an_inverter_is_one_value(case: Open) -> None:
    """An inverter without its highest power costs that value alone."""
    home = case(SIMPLE)
    before = home.read()["inverters"]
    home.change(INVERTERS, lambda listed: put(listed[0], "maxReportWatts", MISSING))
    after = home.read()["inverters"]
    first = next(iter(before))
    assert after == {**before, first: replace(before[first], max_report_watts=None)}


@pytest.mark.field_case(19)
def test_a_byte_of_another_encoding_is_a_letter(case: Open) -> None:
    """The name of a relay costs no relay."""
    home = case(SPLIT)
    home.change(CONTACTS, lambda answer: put(answer["dry_contacts"][0], "load_name", "XYZ"))
    home.bodies[CONTACTS] = home.bodies[CONTACTS].replace(b"XYZ", b"K\xfcche")
    after = home.read()["dry_contact_settings"]
    assert len(after) == 4
    assert "Küche" in {relay.load_name for relay in after.values()}


@pytest.mark.field_case(21)
@pytest.mark.parametrize("key", ["currency", "seasons", "single_rate"])
def test_a_tariff_without_prices_keeps_the_mode(case: Open, key: str) -> None:
    """What the batteries do hangs on no price."""
    home = case(SPLIT)
    before = home.read()["tariff"].storage_settings
    home.change(TARIFF, lambda answer: put(answer["tariff"], key, MISSING))
    assert home.read()["tariff"].storage_settings == before


@pytest.mark.field_case(27)
@pytest.mark.parametrize("kind", [MISSING, None])
def test_a_meter_without_kind_is_no_meter(case: Open, kind: Any) -> None:
    """The others stay, and nothing is called None."""
    home = case(SPLIT)

    def add(listed: Any) -> None:
        other = {**listed[0], "eid": 704643999, "state": "disabled"}
        put(other, "measurementType", kind)
        listed.append(other)

    before = home.read()
    home.change(METERS, add)
    after = home.read()
    assert after["ctmeters"] == before["ctmeters"]
    assert after["meter_setup"] == before["meter_setup"]
    assert after["system_production"] == before["system_production"]


@pytest.mark.field_case(28)
@pytest.mark.parametrize("state", ["unknown", "", None])
def test_a_relay_without_word_claims_nothing(case: Open, state: Any) -> None:
    """The grid is neither there nor gone, and everything else of the controller is read."""
    home = case(SPLIT)
    before = home.read()["enpower"]

    def lose(listed: Any) -> None:
        for group in listed:
            if group["type"] == "ENPOWER":
                group["devices"][0]["mains_oper_state"] = state

    home.change(INVENTORY, lose)
    after = home.read()
    assert house.grid_connected(after) is None
    assert after["enpower"].model_copy(update={"mains_oper_state": "closed"}) == before


@pytest.mark.field_case(31)
def test_a_leg_that_was_not_read_makes_no_half_power(case: Open) -> None:
    """A leg of zeros that had energy before takes the sum with it, not the other leg."""
    home = case(SPLIT)
    before = home.read()
    leg = ("ctmeters_phases", "production", "L2", "energy_delivered")

    def drop(listed: Any) -> None:
        meter = listed[0]
        channel = meter["channels"][1]
        for key in channel.keys() - {"eid", "timestamp"}:
            meter[key] -= channel[key]
            channel[key] = 0

    home.change(READINGS, drop)
    after = home.read(
        replace(home.context, register=lambda path: 5_000_000.0 if path == leg else None)
    )
    assert after["ctmeters"]["production"].active_power is None
    assert after["ctmeters_phases"]["production"] == {
        "L1": before["ctmeters_phases"]["production"]["L1"]
    }
    assert after["ctmeters"]["net-consumption"] == before["ctmeters"]["net-consumption"]


@pytest.mark.field_case(40)
def test_a_report_of_last_spring_is_not_what_flows_now(case: Open) -> None:
    """An inverter that has been silent for 200 days has a time stamp, and no power."""
    home = case(DETAILED)
    del home.bodies[INVERTERS]

    def age(devices: Any) -> None:
        first = next(iter(devices.values()))["channels"][0]
        first["watts"]["now"] = 99
        first["lastReading"]["endDate"] -= 200 * 86400

    home.change(DETAILS, age)
    inverter = next(iter(home.read()["inverters"].values()))
    assert inverter.last_report_watts is None
    assert inverter.last_report_date is not None
    assert inverter.lifetime_energy is not None


@pytest.mark.field_case(53)
def test_six_ghost_panels_are_panels_of_zero(case: Open) -> None:
    """Devices that only have zeros are listed with them."""
    home = case(SIMPLE)
    before = home.read()["inverters"]
    home.change(INVERTERS, lambda listed: [*listed, *GHOSTS])
    assert len(home.read()["inverters"]) == len(before) + 6


def test_a_site_that_becomes_three_phase_has_three_legs_at_once(case: Open) -> None:
    """The set-up is asked less often than the readings, which show three legs before it does."""
    home = case(DETAILED)

    def three(listed: Any) -> None:
        for meter in listed:
            for channel in meter["channels"]:
                channel["voltage"] = 237.5
            meter["voltage"] = 712.5

    home.change(READINGS, three)
    after = home.read()
    legs = after["ctmeters_phases"]["production"]
    voltages = {leg: part.voltage for leg, part in legs.items()}
    assert voltages == dict.fromkeys(("L1", "L2", "L3"), 237.5)
