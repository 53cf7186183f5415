"""What was there once is expected until it is retired, by name and over restarts."""

from types import SimpleNamespace
from typing import Any

from exporter.clock import VirtualClock
from exporter.gateway.inventory import Expected, Inventory, without_retired
from exporter.gateway.state_model import GatewayState, InventoryEntry

START = 1_782_000_000.0


class ObservedInventory:
    """An inventory with its state and clock."""

    def __init__(self, state: GatewayState | None = None) -> None:
        self.clock = VirtualClock(START)
        self.state = state or GatewayState()
        self.inventory = Inventory("home", self.state, self.clock)

    def restarted(self) -> "ObservedInventory":
        """Return the same site as a new process loads it from the state file."""
        return ObservedInventory(GatewayState.load(self.state.dump()))

    def see(self, **members: Any) -> list[str]:
        """Observe these members; return what is missing."""
        return self.inventory.observe(members, members)

    @property
    def expected(self) -> dict[tuple[str, str], Expected]:
        """Everything that is expected."""
        return dict(self.inventory.expected())


def test_what_never_was_is_not_expected() -> None:
    """An empty list of a site without batteries is complete."""
    site = ObservedInventory()
    assert site.see(encharge_inventory={}) == []
    assert site.expected == {}


async def test_a_device_that_leaves_its_list_is_missing_by_name_and_since_when() -> None:
    """It is reported from the first answer without it, with that time, until it is back."""
    site = ObservedInventory()
    assert site.see(encharge_inventory={"1": object(), "2": object()}) == []
    await site.clock.sleep(60)
    assert site.see(encharge_inventory={"1": object()}) == ["battery 2"]
    await site.clock.sleep(60)
    assert site.see(encharge_inventory={"1": object()}) == ["battery 2"]
    assert site.expected == {
        ("battery", "1"): Expected(1),
        ("battery", "2"): Expected(0, START + 60),
    }
    assert site.see(encharge_inventory={"1": object(), "2": object()}) == []
    assert site.expected[("battery", "2")] == Expected(1)


async def test_what_was_missing_before_a_restart_is_missing_since_then() -> None:
    """The time of its loss is in the state file."""
    site = ObservedInventory()
    site.see(inverters={"1": object(), "2": object()})
    await site.clock.sleep(60)
    site.see(inverters={"2": object()})
    again = site.restarted()
    assert again.expected[("inverter", "1")] == Expected(0, START + 60)
    again.see(inverters={"1": object(), "2": object()})
    assert again.expected[("inverter", "1")] == Expected(1)


def test_a_battery_without_power_is_missing_though_it_is_listed() -> None:
    """All members that ever listed a device have to, also after a restart."""
    site = ObservedInventory()
    site.see(encharge_inventory={"1": object()}, encharge_power={"1": object()})
    assert site.see(encharge_power={}) == ["battery 1"]
    again = site.restarted()
    assert again.see(encharge_inventory={"1": object()}) == []
    assert again.expected[("battery", "1")].present == 0
    again.see(encharge_power={"1": object()})
    assert again.expected[("battery", "1")].present == 1


def test_legs_are_expected_by_meter_and_leg() -> None:
    """A missing leg is distinguished from the same leg of another meter."""
    site = ObservedInventory()
    legs = {"L1": object(), "L2": object()}
    site.see(ctmeters_phases={"production": legs, "net-consumption": legs})
    one = {"production": {"L1": object()}, "net-consumption": legs}
    assert site.see(ctmeters_phases=one) == ["meter_phase production/L2"]


def test_a_section_without_devices_is_not_there() -> None:
    """A section whose active count is 0 is not expected."""
    site = ObservedInventory()
    on, off = SimpleNamespace(active=1), SimpleNamespace(active=0)
    site.see(production_sections={"production": on, "storage": off})
    assert site.expected == {("section", "production"): Expected(1)}
    assert site.see(production_sections={"production": off}) == ["section production"]


def test_a_retired_device_is_not_expected_and_not_read() -> None:
    """It stays retired over a restart, also when the gateway lists it again."""
    site = ObservedInventory()
    site.see(inverters={"1": object(), "2": object()})
    assert site.inventory.retire(["1", "never seen"]) == {"1"}
    again = site.restarted()
    assert again.see(inverters={"2": object()}) == []
    assert again.see(inverters={"1": object(), "2": object()}) == []
    assert set(again.expected) == {("inverter", "2")}
    data = {"inverters": {"1": object(), "2": 2}, "other": 1}
    assert without_retired(data, again.inventory.retired) == {"inverters": {"2": 2}, "other": 1}


def test_a_device_can_be_retired_by_configuration() -> None:
    """It comes back when it is taken out of the configuration."""
    site = ObservedInventory()
    site.see(enpower=SimpleNamespace(serial_number="9"))
    site.inventory.configure_retired({"9"})
    assert site.expected == {}
    assert (
        without_retired({"enpower": SimpleNamespace(serial_number="9")}, {"9"}.__contains__) == {}
    )
    site.inventory.configure_retired(set())
    assert set(site.expected) == {("controller", "9")}


def test_the_legs_of_a_meter_are_retired_with_it() -> None:
    """A meter that was switched off for good is known by what it measured."""
    site = ObservedInventory()
    legs = {"production": {"L1": object()}, "storage": {"L1": object(), "L2": object()}}
    site.see(ctmeters=dict.fromkeys(legs, object()), ctmeters_phases=legs)
    site.inventory.configure_retired({"storage"})
    assert set(site.expected) == {("meter", "production"), ("meter_phase", "production/L1")}
    site.inventory.configure_retired({"storage/L2"})
    assert ("meter_phase", "storage/L1") in site.expected
    assert ("meter_phase", "storage/L2") not in site.expected


def test_a_section_of_a_meter_that_was_never_read_is_not_there() -> None:
    """Its time of reading is 0; the sections of devices have that until they report at dawn."""
    site = ObservedInventory()
    sections = {"production": SimpleNamespace(active=1, reading_time=START)}
    sections["inverters"] = SimpleNamespace(active=12, reading_time=START)
    assert site.see(production_sections=sections) == []
    for section in sections.values():
        section.reading_time = 0
    assert site.see(production_sections=sections) == ["section production"]


def test_devices_are_bounded_by_kind() -> None:
    """New serials without end cost neither memory nor what was there first."""
    site = ObservedInventory()
    site.see(encharge_inventory={"first": object()})
    for round_number in range(5):
        site.see(encharge_inventory={f"{round_number}-{n}": object() for n in range(1000)})
    assert len(site.state.inventory["battery"]) == 200
    assert site.expected[("battery", "first")].present == 0
    site.see(encharge_inventory={"x" * 7_000_000: object()})
    assert len(str(site.state.dump())) < 50_000


def test_a_state_of_an_earlier_version_is_read() -> None:
    """Devices, collectors and features that were remembered then are expected now."""
    state = GatewayState.load(
        {
            "token": "a",
            "devices": {"encharge": ["1"], "inverters": ["7", "8"]},
            "collectors": ["ensemble"],
            "features": ["ENPOWER", "ENCHARGE", "INVERTERS"],
        }
    )
    assert set(ObservedInventory(state).expected) == {
        ("battery", "1"),
        ("inverter", "7"),
        ("inverter", "8"),
        ("collector", "ensemble"),
        ("quantity", "grid_state"),
        ("quantity", "soc"),
    }
    assert state.token == "a"


def test_one_broken_entry_costs_only_itself() -> None:
    """A state file that was edited by hand keeps all that can be read."""
    inventory = {"battery": {"1": {"since": "yesterday"}, "2": {"since": 5.0}}, "meter": 7}
    state = GatewayState.load({"inventory": inventory, "serial": "3"})
    assert state.inventory == {"battery": {"2": InventoryEntry(since=5.0)}}
    assert state.serial == "3"
