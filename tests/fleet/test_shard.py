"""Replicas share one list of gateways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ConfigError
from exporter.fleet.shard import Shard, parse

names = st.lists(st.text(max_size=20), unique=True, min_size=1, max_size=50)
counts = st.integers(min_value=1, max_value=12)


@given(names, counts)
def test_every_gateway_belongs_to_one_replica(names: list[str], count: int) -> None:
    """The parts of all replicas are the whole list, and none has what another one has."""
    shards = [Shard(index, count) for index in range(count)]
    assert [sum(shard.owns(name) for shard in shards) for name in names] == [1] * len(names)


@given(names, counts)
def test_one_replica_more_moves_only_what_it_takes_over(names: list[str], count: int) -> None:
    """A gateway either stays where it was or goes to the new replica."""
    for name in names:
        before = [Shard(index, count).owns(name) for index in range(count)]
        after = [Shard(index, count + 1).owns(name) for index in range(count + 1)]
        assert after[:-1] == before or after[-1]


def test_the_parts_are_about_equal() -> None:
    """Of a thousand gateways, each of four replicas gets a quarter, give or take."""
    sizes = [sum(Shard(i, 4).owns(f"site-{n}") for n in range(1000)) for i in range(4)]
    assert min(sizes) > 200
    assert max(sizes) < 300


@pytest.mark.parametrize(
    ("text", "shard"),
    [
        ("0/1", Shard(0, 1)),
        (" 2/3 ", Shard(2, 3)),
        ("enphase-exporter-2/3", Shard(2, 3)),
        ("exporter-7-11/12", Shard(11, 12)),
    ],
)
def test_a_shard_is_an_index_or_the_name_of_a_pod(text: str, shard: Shard) -> None:
    """The ordinal at the end of a StatefulSet's pod name will do."""
    assert parse(text) == shard


@pytest.mark.parametrize("text", ["", "3/3", "1", "0/0", "-1/3", "a/3", "1/3/5", "0/x", "0,3"])
def test_what_is_no_shard_is_refused_with_the_remedy(text: str) -> None:
    """An index outside of the count, or anything else, gives one line."""
    with pytest.raises(ConfigError, match="is not a shard: write index/count"):
        parse(text)
