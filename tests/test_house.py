"""What flows in a house: from the best source that is fresh, and never from half of the parts."""

from types import SimpleNamespace
from typing import Any

import pytest

from exporter.house import DerivedHouse, House, HouseDeriver, derive
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot

NOW = 1000.0


def ct(watts: float | None, **phases: float | None) -> SimpleNamespace:
    """Return what a CT measures."""
    return SimpleNamespace(active_power=watts, metering_status="normal", phases=phases)


def inverters(*watts: float | None) -> dict[str, Any]:
    """Return the members of the collector of inverters."""
    return {
        "inverters": {str(n): SimpleNamespace(last_report_watts=w) for n, w in enumerate(watts)},
        "inverter_presence": {str(n): SimpleNamespace(present=1) for n in range(len(watts))},
    }


def section(watts: float) -> SimpleNamespace:
    """Return a section of the production report."""
    return SimpleNamespace(watts_now=watts)


def live(**watts: float) -> dict[str, SimpleNamespace]:
    """Return live data."""
    return {flow: SimpleNamespace(power_mw=value * 1000) for flow, value in watts.items()}


def derived(counters: dict[tuple[str, ...], float] | None = None, **members: Any) -> DerivedHouse:
    """Return what follows from these members, which are all fresh."""
    reading = Reading(members, 0, 2000, counters or {})
    return derive(Snapshot("home", {"all": reading}), NOW)


def powers(**members: Any) -> dict[str, float]:
    """Return the known powers in W."""
    house: House = derived(**members).data.get("house", House())
    return {
        name: watts
        for name in (
            *("solar", "house", "grid_import", "grid_export"),
            *("battery_charge", "battery_discharge"),
        )
        if (watts := getattr(house, f"{name}_watts")) is not None
    }


def grid(house: DerivedHouse) -> int | None:
    """Return whether the house is on the grid."""
    derived: House = house.data.get("house", House())
    return derived.grid_connected


def sources(**members: Any) -> dict[str, str]:
    """Return the source of each power."""
    return {name: one.source for name, one in derived(**members).data["power_sources"].items()}


BATTERIES = {
    "encharge_inventory": {"1": SimpleNamespace()},
    "storage_power": SimpleNamespace(watts=-641),
}
CTS = {"production": ct(1714), "net-consumption": ct(129)}


def test_a_house_with_cts_and_batteries() -> None:
    """Solar and grid are measured, and the house uses what the batteries leave."""
    assert powers(ctmeters=CTS, **BATTERIES) == {
        "solar": 1714,
        "house": 1714 + 129 - 641,
        "grid_import": 129,
        "grid_export": 0,
        "battery_charge": 641,
        "battery_discharge": 0,
    }
    assert sources(ctmeters=CTS, **BATTERIES) == {
        "solar": "ct",
        "grid": "ct",
        "battery": "batteries",
        "house": "balance",
    }


def test_a_consumption_ct_alone_has_a_true_house_power() -> None:
    """Panels without a CT give 2.6 kW by their inverters; the house is not the grid's balance."""
    members = {"ctmeters": {"net-consumption": ct(-2300)}, **inverters(1300, 1300)}
    assert powers(**members) == {
        "solar": 2600,
        "house": 300,
        "grid_import": 0,
        "grid_export": 2300,
    }
    assert sources(**members)["solar"] == "inverters"


def test_a_hanging_production_report_costs_nothing_where_there_are_cts() -> None:
    """The CTs are read elsewhere, and the house is their balance."""
    assert powers(ctmeters={"production": ct(1000), "net-consumption": ct(500)})["house"] == 1500


def test_the_production_report_stands_in_for_cts_that_are_not_read() -> None:
    """Its sections come before the inverters, which report every quarter of an hour."""
    members = {
        "system_production": section(1200),
        "system_net_consumption": section(-200),
        **inverters(900, 100),
    }
    assert powers(**members)["solar"] == 1200
    assert powers(**members)["house"] == 1000
    assert sources(**members) == {"solar": "production", "grid": "production", "house": "balance"}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(inverters(1000, None), id="an inverter without a value"),
        pytest.param(
            inverters(1000) | {"inverter_presence": {"9": SimpleNamespace(present=0)}},
            id="an inverter that is missing",
        ),
        pytest.param({"ctmeters": {"production": ct(None)}}, id="a CT without a power"),
        pytest.param(
            {"ctmeters": {"production": ct(900), "pv3p": ct(None)}}, id="half of the panels"
        ),
    ],
)
def test_half_of_a_power_is_none(members: dict[str, Any]) -> None:
    """If a part is unknown, the sum is absent."""
    assert "solar" not in powers(**members)


def test_panels_of_another_make_are_added() -> None:
    """They have a CT of their own."""
    assert powers(ctmeters={"production": ct(900), "pv3p": ct(400)})["solar"] == 1300


def test_a_house_with_batteries_of_unknown_power_is_unknown() -> None:
    """What the meters balance would be the house and the batteries together."""
    members = {"ctmeters": CTS, "system_consumption": section(1843)}
    assert powers(**members)["house"] == 1843
    assert "house" not in powers(**members, encharge_inventory={"1": SimpleNamespace()})


def test_batteries_that_are_expected_count_though_nothing_of_them_is_read() -> None:
    """After a restart without an answer about them the house is unknown too."""
    own = Reading({"expected": {("battery", "1"): 0}}, 0)
    readings = {SELF: own, "meters": Reading({"ctmeters": CTS}, 0, 2000)}
    house = derive(Snapshot("home", readings), NOW).data["house"]
    assert house.solar_watts == 1714
    assert house.house_watts is None


def test_a_ct_of_the_whole_house_is_the_house() -> None:
    """It measures what is used, whatever the batteries do; the grid follows from it."""
    members = {"ctmeters": {"total-consumption": ct(900), "production": ct(1500)}}
    assert powers(**members) == {
        "solar": 1500,
        "house": 900,
        "grid_import": 0,
        "grid_export": 600,
    }


def test_a_section_of_zero_behind_a_ct_that_does_not_measure_is_no_source() -> None:
    """Nobody can tell it from the zeros of the CT; a better source may know."""
    broken = SimpleNamespace(active_power=0, metering_status="not-metering")
    assert "solar" not in powers(ctmeters={"production": broken}, system_production=section(0))
    assert "grid" not in powers(
        ctmeters={"net-consumption": broken}, system_net_consumption=section(0)
    )


def test_a_ct_that_does_not_measure_is_no_source() -> None:
    """The gateway reports it itself."""
    broken = SimpleNamespace(active_power=0, metering_status="not-metering")
    assert powers(ctmeters={"production": broken}, system_production=section(800))["solar"] == 800


@pytest.mark.parametrize(("battery", "house"), [(-900.0, 100.0), (-1100.0, 0.0), (-2600.0, None)])
def test_powers_that_do_not_belong_together_make_no_house_of_zero(
    battery: float, house: float | None
) -> None:
    """A little below nothing is the time between two readings; far below, one of them is wrong."""
    found = powers(
        ctmeters={"production": ct(700), "net-consumption": ct(300)},
        storage_power=SimpleNamespace(watts=battery),
    )
    assert found.get("house") == house


def test_inverters_that_are_silent_for_days_do_not_say_that_there_is_no_sun() -> None:
    """In the evening all of them stop at 0 W; after a day of silence that is no news any more."""

    def reported(before: float) -> dict[str, Any]:
        silent = SimpleNamespace(last_report_watts=0, last_report_date=-before)
        return inverters(0) | {"inverters": {"0": silent}}

    assert powers(**reported(16 * 3600))["solar"] == 0
    assert "solar" not in powers(**reported(26 * 3600))


def test_live_data_stands_in_for_everything() -> None:
    """Where nothing else is fresh, it has all powers."""
    members = {
        "live_flows": live(pv=3000, grid=-500, storage=-1000, load=1500),
        "encharge_inventory": {"1": SimpleNamespace()},
    }
    assert powers(**members) == {
        "solar": 3000,
        "house": 1500,
        "grid_import": 0,
        "grid_export": 500,
        "battery_charge": 1000,
        "battery_discharge": 0,
    }
    assert set(sources(**members).values()) == {"livedata", "balance"}


def test_a_running_generator_leaves_the_house_to_live_data() -> None:
    """No device measures its power."""
    running = {"ctmeters": CTS, "generator": SimpleNamespace(oper_state="closed")}
    assert "house" not in powers(**running)
    assert powers(**running, live_flows=live(load=2500))["house"] == 2500


def test_panels_never_use_power_here() -> None:
    """At night they draw a few watts, which belong to the house."""
    assert powers(ctmeters={"production": ct(-3), "net-consumption": ct(403)}) == {
        "solar": 0,
        "house": 403,
        "grid_import": 403,
        "grid_export": 0,
    }


def test_what_has_expired_is_no_source() -> None:
    """The next best one takes its place."""
    readings = {
        "meters": Reading({"ctmeters": CTS}, 0, NOW),
        "production": Reading({"system_production": section(700)}, 0, 1500),
    }
    derived = derive(Snapshot("home", readings), NOW)
    assert derived.data["house"].solar_watts == 700
    assert derived.expires == 1500


def test_each_leg_is_a_value_of_its_own() -> None:
    """A house without batteries has its own; one that is not read takes no other along."""
    phases = {
        "production": {"L1": ct(900), "L2": ct(800)},
        "net-consumption": {"L1": ct(-100), "L2": ct(200)},
    }
    meters = {"production": ct(1700), "net-consumption": ct(100)}
    legs = derived(ctmeters=meters, ctmeters_phases=phases).data["house_legs"]
    assert [(leg.solar_watts, leg.house_watts) for leg in legs.values()] == [
        (900, 800),
        (800, 1000),
    ]
    assert [leg.grid_export_watts for leg in legs.values()] == [100, 0]
    phases["production"]["L2"] = ct(None)
    legs = derived(ctmeters=meters, ctmeters_phases=phases).data["house_legs"]
    assert [(leg.solar_watts, leg.house_watts) for leg in legs.values()] == [
        (900, 800),
        (None, None),
    ]
    meters["production"] = ct(None)
    phases["production"]["L2"] = ct(800)
    legs = derived(ctmeters=meters, ctmeters_phases=phases).data["house_legs"]
    assert [leg.solar_watts for leg in legs.values()] == [900, 800]


def test_energies_come_from_the_registers_of_the_source() -> None:
    """Each direction of a meter has its own."""
    counters: dict[tuple[str, ...], float] = {
        ("ctmeters", "net-consumption", "energy_delivered"): 5.0,
        ("ctmeters", "net-consumption", "energy_received"): 7.0,
    }
    flows = derived(counters, ctmeters=CTS).flows
    assert list(flows[HOUSE, "grid_import"].registers.values()) == [5.0]
    assert list(flows[HOUSE, "grid_export"].registers.values()) == [7.0]
    assert flows[HOUSE, "house"].registers == {}


def controller(state: str, *, communicating: bool = True) -> SimpleNamespace:
    """Return a system controller with this state of its switch."""
    return SimpleNamespace(
        communicating=communicating, mains_oper_state=state, mains_admin_state="closed"
    )


def relay(state: str) -> SimpleNamespace:
    """Return the small endpoint's data about the same switch."""
    return SimpleNamespace(mains_oper_state=state, mains_admin_state="closed")


@pytest.mark.parametrize(
    ("enpower", "small", "connected"),
    [
        (("closed", 10), ("open", 20), 0),
        (("open", 20), ("closed", 10), 0),
        (("unknown", 20), ("closed", 10), 1),
        (("unknown", 20), ("", 10), None),
        (None, ("open", 10), 0),
    ],
)
def test_the_newer_answer_about_the_switch_counts(
    enpower: tuple[str, float] | None, small: tuple[str, float], connected: int | None
) -> None:
    """Two endpoints have the state of the same switch, and are polled at different times."""
    readings = {"grid": Reading({"relay": relay(small[0])}, small[1], 2000)}
    if enpower is not None:
        readings["ensemble"] = Reading({"enpower": controller(enpower[0])}, enpower[1], 2000)
    assert grid(derive(Snapshot("home", readings), NOW)) == connected


def test_a_controller_that_is_lost_leaves_the_grid_unknown() -> None:
    """What the gateway knew of it last proves nothing, in whichever answer."""
    members: dict[str, Any] = {
        "enpower": controller("closed", communicating=False),
        "relay": relay("closed"),
    }
    assert grid(derived(**members)) is None


def test_live_data_knows_the_switch_where_the_controller_has_no_word_for_it() -> None:
    """Only where there is a controller, and only while live data is of now."""
    relay_state = SimpleNamespace(main_relay="open")
    weird: dict[str, Any] = {"enpower": controller("weird"), "live": relay_state}
    assert grid(derived(**weird, live_flows={})) == 0
    assert grid(derived(**weird)) is None
    assert grid(derived(live=relay_state, live_flows={})) is None


def test_powers_are_derived_again_when_an_answer_behind_them_is_new() -> None:
    """Between two answers the same flows are returned; a new grid state alone changes them not."""
    house = HouseDeriver()
    meters = Reading({"ctmeters": CTS}, 0, 2000)

    def look(now: float, **readings: Reading) -> DerivedHouse:
        return house(Snapshot("home", {"meters": meters, **readings}), now)

    first = look(NOW)
    assert look(NOW + 5, home=Reading({"home": 1}, 0)).flows is first.flows
    closed = look(NOW + 6, grid=Reading({"relay": relay("closed")}, 0, 2000))
    again = look(NOW + 7, grid=Reading({"relay": relay("closed")}, 1, 2000))
    assert again.flows is closed.flows
    assert look(2000).flows == {}
    meters = Reading({"ctmeters": {"production": ct(1)}}, 0, 3000)
    assert look(2001).flows[HOUSE, "solar"].watts == 1
