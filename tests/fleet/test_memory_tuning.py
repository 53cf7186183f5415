"""The memory of a fleet: what lives long is not looked through over and over, nor does it leak."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from exporter.fleet import memory_tuning


class Ring:
    """An object that refers to itself, so that only a collection can free it."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Restore full collections for other tests."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks[:] = [one for one in gc.callbacks if one is not memory_tuning._freeze_survivors]
    gc.unfreeze()


def test_what_is_there_already_is_left_out_of_collections() -> None:
    """From then on a collection finds what became garbage since, and leaves the rest alone."""
    old = Ring()
    memory_tuning.freeze_long_lived()
    assert gc.get_freeze_count() > 1000
    old_is_there, new_is_there = weakref.ref(old), weakref.ref(Ring())
    del old
    gc.collect()
    assert old_is_there() is not None
    assert new_is_there() is None


def test_what_survives_a_collection_is_left_out_too() -> None:
    """Each collection only looks at what is new."""
    memory_tuning.freeze_long_lived()
    survivor = Ring()
    gc.collect()
    assert not any(one is survivor for one in gc.get_objects())


def test_a_look_through_everything_loses_nothing() -> None:
    """Garbage that was left out goes with the whole look, and the next ones are short again."""
    old = Ring()
    memory_tuning.freeze_long_lived()
    old_is_there = weakref.ref(old)
    del old
    memory_tuning.full_collection()
    assert old_is_there() is None
    assert gc.get_freeze_count() > 1000


def test_asking_twice_changes_nothing() -> None:
    """It is requested once a minute, and takes effect once."""
    memory_tuning.freeze_long_lived()
    memory_tuning.freeze_long_lived()
    assert gc.callbacks.count(memory_tuning._freeze_survivors) == 1
