"""What every exposition must be, whatever it was made of; each block is checked once and cached.

An exposition is its families one after another, so a family that is the same as before need not be
parsed again: what differs from one answer to the next is little.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from exporter.exposition import Exposition
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import FlagSet, StateSet

Labels = frozenset[tuple[str, str]]
#: value by name and labels
Counters = dict[tuple[str, Labels], float]

_OPENMETRICS = "application/openmetrics-text; version=1.0.0"
#: without those of the process, which are prometheus_client's own affair
_OURS = frozenset(FAMILIES)
#: the label of every enumeration; of flags, any number may be set
_STATES = {
    name: family.row.label
    for name, family in FAMILIES.items()
    if isinstance(family.row, StateSet) and not isinstance(family.row, FlagSet)
}


def check_exposition(exposition: Exposition, *, both: bool = True) -> Counters:
    """Return the counters of an exposition; fail when anything in it cannot be."""
    counters: Counters = {}
    seen: set[str] = set()
    for block in _blocks(exposition.render("", "", _OURS)[0]):
        name, labels = _plain(block)
        assert name not in seen, f"{name} stands in two pieces"
        seen.add(name)
        counters |= labels
    assert "enphase_up" in seen
    if both:
        for block in _blocks(
            exposition.render(_OPENMETRICS, "", _OURS)[0].removesuffix(b"# EOF\n")
        ):
            _openmetrics(block)
    return counters


def fell(before: Counters, now: Counters) -> list[str]:
    """Return the counters that fell from one exposition to another."""
    return [
        f"{name}{dict(labels)}: {before[name, labels]} to {value}"
        for (name, labels), value in now.items()
        if value < before.get((name, labels), value)
    ]


def _blocks(body: bytes) -> Iterator[bytes]:
    """Return the families."""
    for block in body.split(b"# HELP ")[1:]:
        yield b"# HELP " + block


@lru_cache(50_000)
def _plain(block: bytes) -> tuple[str, Counters]:
    families = list(plain(block.decode()))
    assert len(families) == 1, block
    counters: Counters = {}
    sums: dict[Labels, float] = defaultdict(float)
    seen: set[Labels] = set()
    name = block.split(b" ", 3)[2].decode()
    assert name in FAMILIES, name
    expected = {"gateway", *FAMILIES[name].labels}
    for sample in families[0].samples:
        labels = frozenset(sample.labels.items())
        assert sample.name == name, block
        assert labels not in seen, f"{name}{sample.labels} stands twice"
        assert sample.labels.keys() == expected, block
        seen.add(labels)
        _assert_possible(name, sample.value)
        if name.endswith("_total"):
            counters[name, labels] = sample.value
        if name in _STATES:
            assert sample.value in (0, 1)
            sums[frozenset(one for one in labels if one[0] != _STATES[name])] += sample.value
    assert set(sums.values()) <= {1.0}, f"{name}: {sums}"
    return name, counters


def _assert_possible(name: str, value: float) -> None:
    assert math.isfinite(value), name
    if name.endswith("_ratio"):
        assert (-1 if "power_factor" in name else 0) <= value <= 1, f"{name} {value}"
    if name.endswith("_celsius"):
        assert -100 <= value <= 300, f"{name} {value}"
    if name.endswith(("_watts", "_volt_amperes")):
        assert abs(value) <= 1e8, f"{name} {value}"


@lru_cache(50_000)
def _openmetrics(block: bytes) -> None:
    families = list(openmetrics(block.decode() + "# EOF\n"))  # type: ignore[no-untyped-call]  # ships no types
    assert len(families) == 1, block
