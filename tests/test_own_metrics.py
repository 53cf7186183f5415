"""The metrics of the exporter itself."""

from pathlib import Path

import pytest

from exporter import __version__, own_metrics
from exporter.clock import VirtualClock
from exporter.exposition import Exposition, negotiate
from exporter.pager import Pager
from tests.polled_gateway import START, samples


def test_what_is_not_known_has_no_sample(tmp_path: Path) -> None:
    """A fresh exporter has no sample of a last scrape or page."""
    clock = VirtualClock(START)
    pager = Pager(clock, tmp_path)
    own = samples(Exposition(clock, pager).render("", "")[0].decode())
    assert "enphase_exporter_last_scrape_timestamp_seconds" not in own
    assert "enphase_exporter_last_watchdog_timestamp_seconds" not in own
    assert "enphase_pager_last_test_timestamp_seconds" not in own
    assert own["enphase_pager_receiver_configured"] == {frozenset(): 0}


async def test_scrapes_and_tests_are_exported_with_their_time(tmp_path: Path) -> None:
    """The time of the last scrape is that of the one before this one."""
    clock = VirtualClock(START)
    pager = Pager(clock, tmp_path)
    exposition = Exposition(clock, pager)
    pager.scraped()
    pager.receiver, pager.tested_at = "ntfy", START - 60
    await clock.sleep(15)
    own = samples(exposition.render("", "")[0].decode())
    assert own["enphase_exporter_last_scrape_timestamp_seconds"] == {frozenset(): START}
    assert own["enphase_pager_last_test_timestamp_seconds"] == {frozenset(): START - 60}
    assert own["enphase_pager_receiver_configured"] == {frozenset(): 1}


@pytest.mark.parametrize(
    ("given", "packaged", "revision"),
    [
        ("abc123", "def456\n", "abc123"),
        ("unknown", "def456\n", "def456"),
        ("", "def456\n", "def456"),
        ("", None, "unknown"),
    ],
)
def test_the_build_is_identified_by_version_and_revision(
    given: str,
    packaged: str | None,
    revision: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The revision comes from the image, else from the wheel; in a checkout it is not known."""
    file = tmp_path / "revision.txt"
    if packaged is not None:
        file.write_text(packaged)
    monkeypatch.setattr(own_metrics, "_REVISION_FILE", file)
    monkeypatch.setenv("ENPHASE_EXPORTER_REVISION", given)
    own = samples(Exposition(VirtualClock(START)).render("", "")[0].decode())
    labels = {("version", __version__), ("revision", revision)}
    assert own["enphase_exporter_build_info"] == {frozenset(labels): 1}


@pytest.mark.parametrize(
    ("accept_encoding", "compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_gzip_is_sent_to_those_who_accept_it(accept_encoding: str, compressed: bool) -> None:
    """A weight of zero refuses it."""
    assert negotiate("", accept_encoding).compressed is compressed
