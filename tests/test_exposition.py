"""The exposition equals that of prometheus_client, and is rendered before a request."""

import gzip
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exporter.clock import VirtualClock
from exporter.encoder import TableEncoder
from exporter.exposition import Exposition
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import InfoMetric, Table, gauge
from exporter.metrics.units import number
from exporter.snapshot import Reading, Snapshot
from tests.polled_gateway import START, polled_gateway, samples

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@given(
    serial=st.text(max_size=20),
    name=st.text(max_size=20),
    gateway=st.text(min_size=1, max_size=20),
    value=st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)),
)
def test_any_text_and_number_survives_the_exposition(
    serial: str, name: str, gateway: str, value: float
) -> None:
    """Quotes, line breaks and backslashes in labels come back as they went in."""
    rows = (
        gauge("enphase_thing_watts", "Some power.", "watts", number),
        InfoMetric("enphase_thing_info", "Some thing.", describes=(("name", "name"),)),
    )
    table = Table("Things", "things", "things.*", rows, keys=("serial",))
    thing = SimpleNamespace(watts=value, name=name)
    lines = TableEncoder(table, gateway)
    text = b"".join(
        line for _, line in lines.update(Reading({"things": {serial: thing}}, START))
    ).decode()
    # the parser splits lines where Python does, Prometheus at line feeds only
    parsed = {
        sample.name: (sample.labels, sample.value)
        for line in text.removesuffix("\n").split("\n")
        for family in text_string_to_metric_families(f"{line}\n")
        for sample in family.samples
    }
    labels = {"gateway": gateway, "serial": serial}
    assert parsed["enphase_thing_watts"] == (labels, value)
    assert parsed["enphase_thing_info"] == ({**labels, "name": name}, 1)


async def test_every_format_has_the_same_samples(tmp_path: Path) -> None:
    """Text, OpenMetrics and both of them compressed hold the same samples of the gateway."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        plain, headers = watched.exposition.render("", "")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        squeezed, headers = watched.exposition.render("", "gzip, deflate")
        assert headers["Content-Encoding"] == "gzip"
        assert samples(gzip.decompress(squeezed).decode()).keys() == samples(plain.decode()).keys()
        # one member only: many clients stop at the end of the first
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        assert inflate.decompress(squeezed).endswith(b"\n")
        assert inflate.eof
        assert inflate.unused_data == b""
        openmetrics, headers = watched.exposition.render(OPENMETRICS, "")
        assert headers["Content-Type"].startswith("application/openmetrics-text")
        assert openmetrics.endswith(b"# EOF\n")
        assert openmetrics.count(b"# EOF") == 1
        ours = [line for line in plain.splitlines() if line.startswith(b"enphase_")]
        assert ours == [line for line in openmetrics.splitlines() if line.startswith(b"enphase_")]


async def test_openmetrics_families_are_distinct() -> None:
    """No two families have the same name once OpenMetrics takes their suffix off."""
    suffix = {"counter": "_total", "info": "_info"}
    names = [
        name.removesuffix(suffix.get(str(family.row.kind), "")) for name, family in FAMILIES.items()
    ]
    assert len(names) == len(set(names))


async def test_only_the_metrics_that_are_asked_for_are_served(tmp_path: Path) -> None:
    """`name[]` restricts the body, the process's own metrics included."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        names = ["enphase_up", "process_cpu_seconds_total", "enphase_exporter_build_info"]
        for accept in ("", OPENMETRICS):
            body, _ = watched.exposition.render(accept, "", names)
            families = {line.split(b"{")[0].split()[0] for line in body.splitlines()} - {b"#"}
            assert families == {name.encode() for name in names}
        assert b"enphase" not in watched.exposition.render("", "", ["no_such_metric"])[0]


async def test_the_same_bytes_are_sent_until_something_changes(tmp_path: Path) -> None:
    """A scrape renders nothing: it gets the very object that the last one got."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        first, _ = watched.exposition.render("", "gzip")
        assert watched.exposition.render("", "gzip")[0] is first
        await watched.pass_time(30)
        assert watched.exposition.render("", "gzip")[0] is not first


def test_gateways_share_a_family_in_one_piece() -> None:
    """The series of all gateways stand under one HELP and TYPE, and go with their gateway."""
    clock = VirtualClock(START)
    exposition = Exposition(clock)
    for name in ("a", "b"):
        report = SimpleNamespace(up=True)
        exposition.update(Snapshot(name, {"self": Reading({"self": report}, START)}))
    body = exposition.render("", "")[0].decode()
    assert body.count("# TYPE enphase_up gauge") == 1
    assert 'enphase_up{gateway="a"} 1\nenphase_up{gateway="b"} 1\n' in body
    exposition.remove("a")
    assert samples(exposition.render("", "")[0].decode())["enphase_up"].keys() == {
        frozenset({("gateway", "b")})
    }


@pytest.mark.parametrize("passed", [0, 99.9, 100, 1000])
def test_an_expired_reading_is_not_rendered(passed: float) -> None:
    """A reading is served until its time is up, whether or not anything new is published."""
    clock = VirtualClock(START)
    exposition = Exposition(clock)
    report = SimpleNamespace(up=True)
    reading = Reading({"self": report}, START, expires=100)
    exposition.update(Snapshot("a", {"self": reading}))
    clock._passed = passed  # time passes without an event loop
    served = "enphase_up" in samples(exposition.render("", "")[0].decode())
    assert served == (passed < 100)
