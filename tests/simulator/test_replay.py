"""Recorded gateways answer as they did then, or as they would today."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pyenphase import Envoy
from pyenphase.exceptions import EnvoyProbeFailed

from exporter.errors import CaptureError
from exporter.simulator.replay import load_capture
from exporter.simulator.server import serve

LATER = 1_900_000_000


async def _read(directory: Path, client: aiohttp.ClientSession) -> Envoy:
    """Read everything a recorded gateway offers, over the real protocol."""
    gateway = load_capture(directory)
    async with serve(gateway) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token if gateway.uses_tls else None)
        await envoy.probe()
        await envoy.update()
        assert envoy.serial_number == gateway.serial
        assert str(envoy.firmware) == gateway.firmware
    return envoy


async def test_pyenphase_reads_what_was_recorded(
    capture: Path, client: aiohttp.ClientSession
) -> None:
    """A recorded gateway gives pyenphase the very JSON of its folder."""
    if capture.name == "3.7.0":
        # it offers no production endpoint, and pyenphase says so
        with pytest.raises(EnvoyProbeFailed):
            await _read(capture, client)
        return
    envoy = await _read(capture, client)

    assert envoy.data is not None
    for endpoint, content in envoy.data.raw.items():
        assert content == json.loads(_file(capture, endpoint).read_bytes())


def test_without_now_answers_are_byte_for_byte(capture: Path) -> None:
    """What was recorded is what is served, with the recorded status."""
    gateway = load_capture(capture)
    for path in _recorded(capture):
        answer = gateway.answer(_target(path.name))
        assert answer is not None
        assert answer.body == path.read_bytes()
        log = path.with_name(f"{path.name}_log.json")
        if log.exists():
            assert answer.status == json.loads(log.read_bytes())["code"]


def test_with_now_every_time_stamp_moves_by_the_same_time(capture: Path) -> None:
    """Moved to another day, a value is either untouched or later by what has passed since."""
    gateway = load_capture(capture, now=lambda: LATER)
    assert gateway.recorded_at is not None
    passed = LATER - gateway.recorded_at
    for path in _recorded(capture):
        answer = gateway.answer(_target(path.name))
        assert answer is not None
        try:
            before = json.loads(path.read_bytes())
        except ValueError:
            continue
        for key, old, new in _pairs("", before, json.loads(answer.body)):
            if key in {"current_date", "current_time"} or old == new:
                continue
            assert type(old) is type(new)
            assert int(new) - int(old) == passed, key
            assert int(new) <= LATER, key


def test_time_goes_on_while_a_capture_is_served(captures_dir: Path) -> None:
    """A minute later, every report is a minute later as well."""
    now = [LATER]
    gateway = load_capture(captures_dir / "8.3.5169_with_generator", now=lambda: now[0])
    first = gateway.answer("/api/v1/production/inverters")
    now[0] += 60
    second = gateway.answer("/api/v1/production/inverters")

    assert first is not None
    assert second is not None
    dates = [[each["lastReportDate"] for each in json.loads(a.body)] for a in (first, second)]
    assert dates[1] == [date + 60 for date in dates[0]]
    assert [a.headers["Date"] for a in (first, second)] == [
        "Sun, 17 Mar 2030 17:46:40 GMT",
        "Sun, 17 Mar 2030 17:47:40 GMT",
    ]


def test_the_date_header_is_that_of_the_recording(captures_dir: Path) -> None:
    """Without `now`, the answers carry the date of their day."""
    gateway = load_capture(captures_dir / "8.3.5169_with_generator")
    answer = gateway.answer("/home")

    assert answer is not None
    assert answer.headers["Date"] == "Sat, 01 Aug 2026 14:09:10 GMT"


def test_both_spellings_of_production_and_inventory_are_found(captures_dir: Path) -> None:
    """The detailed answer is served where it was recorded, the plain one where it was not."""
    detailed = load_capture(captures_dir / "8.3.5169_with_generator")
    plain = load_capture(captures_dir / "8.3.1598_collar")
    folder = captures_dir / "8.3.5169_with_generator"

    answers = [gateway.answer("/production.json?details=1") for gateway in (detailed, plain)] + [
        detailed.answer("/inventory.json?deleted=1")
    ]
    assert [answer.body for answer in answers if answer] == [
        (folder / "production.json_details_1").read_bytes(),
        (captures_dir / "8.3.1598_collar" / "production.json").read_bytes(),
        (folder / "inventory.json_deleted_1").read_bytes(),
    ]


def test_notes_logs_and_formatted_twins_are_no_answers(captures_dir: Path) -> None:
    """Only requests that the gateway answered are answered."""
    gateway = load_capture(captures_dir / "8.2.4345_with_device_data")
    for target in ("/_readme", "/info_log.json", "/ivp/ss/gen_schedule.json", "/nothing", "/.."):
        assert gateway.answer(target) is None


def test_meters_that_are_no_json_were_refused(tmp_path: Path) -> None:
    """Without a log, a page instead of the meters means 401."""
    _write(tmp_path, ivp_meters="<html>401</html>")
    answer = load_capture(tmp_path).answer("/ivp/meters")

    assert answer is not None
    assert answer.status == 401


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(CaptureError, match="absent: No such file"):
        load_capture(tmp_path / "absent")


def test_a_folder_without_info_is_no_capture(tmp_path: Path) -> None:
    """The error names the file that is missing, and how to make a capture."""
    with pytest.raises(CaptureError, match=r"info is missing.*capture DIR"):
        load_capture(tmp_path)


def test_an_info_without_identity_is_an_error(tmp_path: Path) -> None:
    """A gateway nobody can tell the firmware of is not served."""
    (tmp_path / "info").write_text("<envoy_info></envoy_info>")
    with pytest.raises(CaptureError, match="info has no serial number and firmware"):
        load_capture(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"code": 1, "headers": {}}', '{"code": 200}'])
def test_a_broken_log_is_named(content: str, tmp_path: Path) -> None:
    """The error names the log file."""
    _write(tmp_path, home="{}", home_log=content)
    (tmp_path / "home_log").rename(tmp_path / "home_log.json")
    with pytest.raises(CaptureError, match=r"home_log\.json: no status and headers"):
        load_capture(tmp_path)


def test_a_link_to_nowhere_is_no_answer(tmp_path: Path) -> None:
    """What is not a file, a folder or a dead link, is passed over."""
    _write(tmp_path)
    (tmp_path / "home").symlink_to(tmp_path / "gone")
    (tmp_path / "ivp").mkdir()

    gateway = load_capture(tmp_path)
    assert gateway.answer("/home") is None
    assert gateway.answer("/ivp") is None


def test_logs_older_than_their_answers_do_not_move_stamps_into_the_future(
    captures_dir: Path, tmp_path: Path
) -> None:
    """The newest moment in the folder is its now, be it a date header or a time stamp."""
    shutil.copytree(captures_dir / "8.3.5169_with_generator", tmp_path, dirs_exist_ok=True)
    stamp = 1_999_999_999
    (tmp_path / "home").write_text(f'{{"network":{{"last_enlighten_report_time":{stamp}}}}}')

    assert load_capture(tmp_path).recorded_at == stamp


def _write(directory: Path, **files: str) -> None:
    """Write a capture with an `info` and these files."""
    files["info"] = (
        "<envoy_info><device><sn>1</sn><software>D7.0.1</software></device></envoy_info>"
    )
    for name, content in files.items():
        (directory / name).write_text(content)


def _recorded(directory: Path) -> Iterator[Path]:
    """Yield the files of a capture that are answers of their own."""
    names = {path.name for path in directory.iterdir()}
    for path in directory.iterdir():
        twin = path.suffix == ".json" and path.stem in names and path.name != "production.json"
        if not twin and not path.name.startswith("_") and not path.name.endswith("_log.json"):
            yield path


def _target(name: str) -> str:
    """Return a target whose recording has this name; which slashes it had does not matter."""
    return f"/{name}"


def _file(directory: Path, endpoint: str) -> Path:
    """Return the recording of an endpoint."""
    alternatives = {"/production.json?details=1": "production.json"}
    name = endpoint.removeprefix("/").translate(str.maketrans("/?=", "___"))
    path = directory / name
    return path if path.exists() else directory / alternatives[endpoint]


def _pairs(key: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the values of two JSON trees of the same shape, with the key each is under."""
    if isinstance(old, dict):
        assert old.keys() == new.keys()
        for name, value in old.items():
            yield from _pairs(name, value, new[name])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            yield from _pairs(key, one, other)
    else:
        yield key, old, new
