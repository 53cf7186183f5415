"""How tables walk the data of a collector and what each kind of row makes of an object."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.catalogue import FAMILIES, families
from exporter.metrics.table import (
    EnergyCounter,
    FlagSet,
    InfoMetric,
    LabelledFields,
    MetricRow,
    PlainCounter,
    StateSet,
    Table,
    derived,
    gauge,
    text,
)
from exporter.metrics.units import ratio, watts
from exporter.snapshot import Reading

POWER = gauge("enphase_power_watts", "Power.", "watts", watts)
STATES = StateSet("enphase_state", "State.", "state", states=("open", "closed"))
FLAGS = FlagSet("enphase_flag", "Flags.", "flags", label="flag", states=("a", "b"))


def samples(
    row: MetricRow, item: Any, path: tuple[str, ...] = (), **reading: Any
) -> dict[Any, float]:
    """Return the samples of a row by their labels."""
    fact = row.extract([((), path, item)], Reading({}, 0, **reading))[0]
    return dict(row.samples(fact))


def matched(table: Table, data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    """Return labels and objects that a table finds."""
    return [(labels, item) for labels, _, item in table.matches(data)]


def test_a_member_without_keys_is_one_object() -> None:
    """A plain source leads to the object itself."""
    assert matched(Table("t", "c", "member", ()), {"member": 5}) == [((), 5)]


@pytest.mark.parametrize("data", [{}, {"member": None}, {"member": {}}, {"member": {"a": None}}])
def test_what_is_missing_gives_no_object(data: dict[str, Any]) -> None:
    """Neither a missing member nor a missing entry of it is an object."""
    assert matched(Table("t", "c", "member.*", (), ("serial",)), data) == []


def test_nested_keys_become_labels_in_order() -> None:
    """Each level of keys gives one label, through attributes and mappings alike."""
    data = {"meters": SimpleNamespace(all={"production": {"L1": 1, "L2": None}})}
    table = Table("t", "c", "meters.all.*.*", (), ("meter", "phase"))
    assert matched(table, data) == [(("production", "L1"), 1)]


def test_a_key_of_several_parts_gives_a_label_for_each() -> None:
    """A tuple as key fills as many labels."""
    table = Table("t", "c", "requests.*", (), ("endpoint", "code"))
    assert matched(table, {"requests": {("/home", "200"): 3}}) == [(("/home", "200"), 3)]


def test_labels_can_come_from_fields() -> None:
    """A described label is looked up from the data, with the keys of the object."""
    data = {
        "faces": {"eth0": SimpleNamespace(type="ethernet"), "wlan0": SimpleNamespace(type=None)}
    }
    table = Table("t", "c", "faces.*", (), ("interface", "type"), label_paths=("faces.*.type",))
    assert [labels for labels, _ in matched(table, data)] == [("eth0", "ethernet"), ("wlan0", "")]


def test_an_empty_source_is_all_the_data() -> None:
    """A table of derived rows sees every member of the collector."""
    data = {"a": 1, "b": 2}
    assert [((), data)] == matched(Table("t", "c", "", ()), data)


def test_a_gauge_without_value_has_no_sample() -> None:
    """Unknown, absent and absurd values give no sample."""
    assert samples(POWER, SimpleNamespace(watts=5)) == {(): 5}
    for item in (SimpleNamespace(), SimpleNamespace(watts=None), SimpleNamespace(watts="many")):
        assert samples(POWER, item) == {}


def test_a_derived_gauge_sees_the_whole_object() -> None:
    """A value function gets the object and its result is converted."""
    row = derived("enphase_x_ratio", "X.", lambda item: item.a + item.b, ("a", "b"), ratio)
    assert samples(row, SimpleNamespace(a=20, b=30)) == {(): 0.5}


def test_a_counter_shows_what_the_guard_let_pass() -> None:
    """An energy counter takes its value from the guard, and has none where the guard has none."""
    row = EnergyCounter("enphase_joules_total", "Energy.", "lifetime")
    counters = {("inverters", "1", "lifetime"): 7200.0}
    item = SimpleNamespace(lifetime=5)
    assert samples(row, item, ("inverters", "1"), counters=counters) == {(): 7200.0}
    assert samples(row, item, ("inverters", "2"), counters=counters) == {}


def test_a_plain_counter_can_be_the_object_itself() -> None:
    """A number in a mapping is an object with a value of its own."""
    assert samples(PlainCounter("enphase_requests_total", "Requests."), 3) == {(): 3}


def test_an_info_is_one_with_its_description() -> None:
    """What is unknown is an empty label, and a bool is a lower-case word."""
    row = InfoMetric("enphase_info", "X.", describes=(("a", "x"), ("b", "y"), ("c", "z")))
    expected = {(("a", "1.2"), ("b", "true"), ("c", "")): 1}
    assert expected == samples(row, SimpleNamespace(x="1.2", y=True))


def test_a_split_has_a_sample_for_each_known_part() -> None:
    """Fields of one object are distinguished by a label."""
    row = LabelledFields(
        "enphase_x", "X.", convert=watts, label="band", parts=(("low", "a"), ("high", "b"))
    )
    assert samples(row, SimpleNamespace(a=3, b=None)) == {(("band", "low"),): 3}


def test_a_missing_state_has_no_samples() -> None:
    """A missing value is not the state `unknown`."""
    assert samples(STATES, SimpleNamespace(state=None)) == {}


def test_an_unknown_word_is_the_state_unknown() -> None:
    """A new firmware's word sets `unknown`, so that exactly one state holds."""
    expected = {(("state", "open"),): 0, (("state", "closed"),): 0, (("state", "unknown"),): 1}
    assert expected == samples(STATES, SimpleNamespace(state="ajar"))


@pytest.mark.parametrize(
    "row", [f.row for f in FAMILIES.values() if isinstance(f.row, StateSet) and f.row.field]
)
@given(value=st.text() | st.integers() | st.booleans() | st.lists(st.text()))
def test_exactly_one_state_holds(row: StateSet, value: Any) -> None:
    """For any value a state set sums to one; flags are zeros and ones."""
    values = samples(row, SimpleNamespace(**{row.field: value})).values()
    if isinstance(row, FlagSet):
        assert set(values) <= {0, 1}
    else:
        assert sum(values) == 1


def test_flags_hold_side_by_side() -> None:
    """Any number of flags can be set, and an unknown one sets `unknown`."""
    expected = {(("flag", "a"),): 1, (("flag", "b"),): 0, (("flag", "unknown"),): 1}
    assert expected == samples(FLAGS, SimpleNamespace(flags=["a", "new"]))
    assert {0} == set(samples(FLAGS, SimpleNamespace(flags=[])).values())
    assert samples(FLAGS, SimpleNamespace(flags=None)) == {}


@pytest.mark.parametrize(
    ("value", "expected"), [(None, ""), (True, "true"), (False, "false"), (5, "5"), ("x", "x")]
)
def test_label_values(value: Any, expected: str) -> None:
    """A label is empty for None and lower-case for a bool."""
    assert expected == text(value)


def test_the_same_row_may_stand_in_two_tables() -> None:
    """What is read in two places is one family with two sources."""
    tables = (Table("t", "c", "a", (POWER,)), Table("t", "d", "b", (POWER,)))
    assert tables == families(tables)["enphase_power_watts"].tables


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param(
            (
                Table("t", "c", "a", (POWER,)),
                Table("t", "c", "b", (gauge("enphase_power_watts", "Other.", "x", watts),)),
            ),
            id="another row",
        ),
        pytest.param(
            (Table("t", "c", "a", (POWER,)), Table("t", "c", "b.*", (POWER,), ("serial",))),
            id="other labels",
        ),
        pytest.param((Table("t", "c", "a.*", (STATES,), ("state",)),), id="a label twice"),
        pytest.param((Table("t", "c", "a.*", (POWER,), ("gateway",)),), id="the gateway's label"),
    ],
)
def test_contradictions_are_refused(tables: tuple[Table, ...]) -> None:
    """A name has one meaning and one set of labels."""
    with pytest.raises(ValueError, match="enphase_"):
        families(tables)
