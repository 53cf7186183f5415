"""A capture with a secret in it is never written, however the secret got there."""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from exporter.capture.recorder import RecordedResponse
from exporter.capture.writer import write
from exporter.errors import CaptureError

SECRET = "pass word/42"


@pytest.mark.parametrize(
    "body",
    [
        SECRET.encode(),
        quote(SECRET, safe="").encode(),
        quote(SECRET, safe="").lower().encode(),
        b64encode(SECRET.encode()),
        b"<p>" + SECRET.encode() + b"</p>",
    ],
)
def test_a_secret_in_a_body(body: bytes, tmp_path: Path) -> None:
    """Plain or encoded, it is detected, and no file is left behind."""
    answer = RecordedResponse("/home", 200, {}, b"before " + body + b" after")
    with pytest.raises(CaptureError, match="home still contains a secret") as error:
        write(tmp_path / "capture", [answer], "readme", [SECRET])
    assert SECRET not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_secret_in_a_header(tmp_path: Path) -> None:
    """The logs are searched as well."""
    answer = RecordedResponse("/home", 200, {"X-Echo": SECRET}, b"")
    with pytest.raises(CaptureError, match=r"home_log\.json still contains a secret"):
        write(tmp_path / "capture", [answer], "readme", [SECRET])


@pytest.mark.parametrize("word", ["bad", "battery", ""])
def test_a_password_that_is_a_common_word(word: str, tmp_path: Path) -> None:
    """A word that any response may contain cannot be searched for."""
    answer = RecordedResponse("/home", 200, {}, b"a bad battery")
    write(tmp_path / "capture", [answer], "readme", [word])
    assert (tmp_path / "capture" / "home").read_bytes() == b"a bad battery"
