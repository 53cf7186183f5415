"""The memory of a fleet: what lives long is not looked through over and over, nor does it leak."""

import gc
import re
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.fleet import memory_tuning
from tests.process import exporter_process
from tests.test_shutdown import configured


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


def test_the_program_is_left_out_and_its_garbage_is_not() -> None:
    """What was loaded is not visited again; what nobody needs of it is freed before."""
    needed, garbage = Ring(), Ring()
    freed = weakref.ref(garbage)
    del garbage
    memory_tuning.freeze_program()
    assert freed() is None
    assert not any(one is needed for one in gc.get_objects())


async def test_a_running_exporter_has_left_its_program_out(tmp_path: Path) -> None:
    """No answer of a gateway, however large, makes it visit what it has loaded."""
    count = (
        "import gc; freeze = gc.freeze; gc.freeze = lambda:"
        " (freeze(), print('frozen', gc.get_freeze_count(), file=sys.stderr))"
    )
    flag = configured(tmp_path, "127.0.0.1:1", token="a")
    async with exporter_process(tmp_path, flag, first=count) as process:
        await process.url()
        match = re.search(r"frozen (\d+)", process.log.decode())
    assert match
    assert int(match[1]) > 20_000


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
