"""Time stamps move, everything else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.timeshift import TimestampedBody, newest_timestamp

TARGETS = ["/home", "/info", "/inv", "/ivp/meters", "/ivp/peb/devstatus", "/datatab/event_dt.rb"]


@given(st.binary(), st.sampled_from(TARGETS))
def test_unmoved_text_is_the_text(body: bytes, target: str) -> None:
    """Whatever the bytes are, moving them by nothing changes nothing."""
    assert TimestampedBody(body, target).shifted(0) == body


@pytest.mark.parametrize(
    "name",
    [
        "timestamp",
        "readingTime",
        "lastReportDate",
        "last_rpt_date",
        "endDate",
        "created",
        "createdAt",
        "created_date",
        "createdTime",
        "img_load_date",
        "installed",
        "last_enlighten_report_time",
        "date",
        "last_update",
    ],
)
@pytest.mark.parametrize("form", ['{"%s": %d}', '{"%s":"%d"}', '[{"a":1,"%s" : %d},2]'])
def test_time_stamps_move(name: str, form: str) -> None:
    """A stamp is known by its name, as a number or as text."""
    text = TimestampedBody((form % (name, 1_700_000_000)).encode(), "/any")
    assert text.shifted(86_400) == (form % (name, 1_700_086_400)).encode()


@pytest.mark.parametrize(
    "body",
    [
        b'{"eid": 1700000000}',
        b'{"chanEid": 1627390225}',
        b'{"software_build_epoch": 1700000000}',
        b'{"joulesProduced": 1700000000}',
        b'{"whLifetime": 1700000000}',
        b'{"whLifetime": 1700000000.5}',
        b'{"serial_num": "1700000000"}',
        b'{"essential_start_time": 32400.0}',
        b'{"img_load_date": "0"}',
        b'{"readingTime": 0}',
        b'{"date": "2023-05-11 19:46:56 UTC"}',
        b'{"lastReportDate": 17000000001}',
        b'{"installed": 1}',
        b'{"id": "1700000000"}',
    ],
)
def test_other_numbers_stay(body: bytes) -> None:
    """Ids, energies, durations, flags and build times are nothing that passes."""
    assert TimestampedBody(body, "/any").shifted(86_400) == body


def test_the_short_names_of_inv_are_known_there_only() -> None:
    """`/inv` abbreviates created, last report and load."""
    body = b'{"cd":"1700000000","ld":"1700000001","ce":"1627390225"}'
    moved = b'{"cd":"1700000100","ld":"1700000101","ce":"1627390225"}'
    assert TimestampedBody(body, "/inv").shifted(100) == moved


def test_the_time_of_info_moves() -> None:
    """`/info` is XML and has one stamp; the time of its build stays."""
    body = b"<a><time>1700000000</time><build_time_gmt>1690000000</build_time_gmt></a>"
    assert TimestampedBody(body, "/info").shifted(1) == body.replace(b"1700000000", b"1700000001")


def test_the_local_time_of_home_follows_daylight_saving() -> None:
    """Half a year on, the clock on the wall is an hour off from the one that counts seconds."""
    body = b'{"timezone":"Europe/Berlin","current_date":"07/01/2025","current_time":"12:00"}'
    moved = b'{"timezone":"Europe/Berlin","current_date":"12/28/2025","current_time":"11:00"}'
    assert TimestampedBody(body, "/home").shifted(180 * 86_400) == moved


@pytest.mark.parametrize(
    "body",
    [
        b'{"timezone":"Nowhere/Else","current_date":"07/01/2025"}',
        b'{"current_date":"99/99/2025","current_time":"12:00"}',
    ],
)
def test_a_local_time_that_is_none_stays(body: bytes) -> None:
    """Half a time, or no time at all, is left as it is."""
    assert TimestampedBody(body, "/home").shifted(86_400) == body


def test_the_newest_stamp_is_found() -> None:
    """The newest stamp of a body tells when it was given."""
    assert newest_timestamp(
        b'[{"date": 1700000000}, {"date": 1700000005, "eid": 1800000000}]', "/any"
    ) == (1_700_000_005)
    assert newest_timestamp(b"[]", "/any") is None


def test_rows_without_names_move() -> None:
    """In a table of values, what looks like a time stamp is one, and text is not."""
    body = b'{"values": [["900000000101", 1, true, 1764299400, 22], ["1764299400", 2, false]]}'
    moved = TimestampedBody(body, "/ivp/peb/devstatus").shifted(60)
    assert moved == body.replace(b" 1764299400", b" 1764299460")


def test_the_event_log_moves() -> None:
    """The local time of an entry moves, with its weekday; the name of the zone stays."""
    row = b'["16326", "Relay open: Set", "9", "nsrb ", "Fri Nov 28, 2025 06:30 AM CET"]'
    moved = TimestampedBody(row, "/datatab/event_dt.rb?iDisplayStart=0").shifted(86_400)
    assert moved == row.replace(b"Fri Nov 28", b"Sat Nov 29")
