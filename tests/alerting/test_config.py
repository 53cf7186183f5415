"""Every channel is a valid configuration, and secrets are in private files."""

import shutil
import stat
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from exporter.alerting.channels import CHANNELS, Channel
from exporter.alerting.config import Alerting, Receiver, build, check, parse_quiet_hours
from exporter.cli import dispatch
from exporter.cli.atomic_files import write_files
from exporter.errors import ConfigError

VALUES = {
    "server": "smtp.example.com:587",
    "topic": "my-home",
    "token": "canary-token",
    "user_key": "canary-user",
    "bot_token": "123:canary-bot",
    "chat_id": "-1001",
    "to": "me@example.com",
    "from": "home@example.com",
    "username": "me",
    "password": "canary-password",
    "url": "https://hooks.example.com/canary-hook",
    "channel": "#home",
}


def answers(name: str, channel: Channel) -> dict[str, str]:
    """Return valid answers for a channel."""
    values = {question.key: question.parse(VALUES[question.key]) for question in channel.questions}
    return {**values, "server": "https://ntfy.sh"} if name == "ntfy" else values


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of our own, without any setting of the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ENPHASE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.mark.parametrize("name", [*CHANNELS])
def test_a_channel(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes amtool, and every secret is in a file that only its owner can read."""
    if name == "ntfy":
        monkeypatch.setitem(VALUES, "server", "https://ntfy.sh")
    receiver = Receiver(name, answers(name, CHANNELS[name]))
    alerting = Alerting(
        {"critical": receiver, "warning": receiver},
        "http://localhost:10055/-/alerts",
        ("22:00", "06:30"),
        "Europe/Berlin",
        "https://hc-ping.com/canary-check",
    )
    files = build(alerting, tmp_path)
    write_files(files)
    main = tmp_path / "alertmanager.yml"
    if shutil.which("amtool"):
        assert check(main)
    for path, (content, _) in files.items():
        if "canary" in content:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    config = yaml.safe_load(main.read_text())
    receivers = {each["name"]: each for each in config["receivers"]}
    assert CHANNELS[name].receiver in receivers["wake"]
    (page,) = receivers["page"]["webhook_configs"]
    assert page["url"] == "http://localhost:10055/-/alerts"
    assert receivers["dead-mans-switch"]["webhook_configs"][0]["send_resolved"] is False
    quiet, morning = (each["time_intervals"][0] for each in config["time_intervals"])
    assert {quiet["location"], morning["location"]} == {"Europe/Berlin"}
    assert quiet["times"] == [
        {"start_time": "22:00", "end_time": "24:00"},
        {"start_time": "00:00", "end_time": "06:30"},
    ]
    assert morning["times"] == [{"start_time": "06:30", "end_time": "07:00"}]


def test_no_quiet_hours(tmp_path: Path) -> None:
    """Without quiet hours warnings are sent at any time, and nothing refers to them."""
    receiver = Receiver("webhook", {"url": "https://example.com", "token": ""})
    alerting = Alerting({"critical": receiver, "warning": receiver}, "http://a", None, "Local")
    text = build(alerting, tmp_path)[tmp_path / "alertmanager.yml"][0]
    assert "quiet-hours" not in text
    assert "morning" not in text
    assert "hc-ping" not in text


@pytest.mark.parametrize("text", ["9-17", "21:00", "24:00-07:00", "07:00-07:00", ""])
def test_quiet_hours_that_are_invalid(text: str) -> None:
    """What is no span of the day is refused with an example."""
    with pytest.raises(ConfigError, match="such as 21:00-07:00, or none"):
        parse_quiet_hours(text)


def test_the_command_writes_and_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With options nothing is asked, and the receiver is on record as not yet tested."""
    words = ("alerting", "init", "--yes", "--channel=ntfy", "--set=topic=t0pic", "--output=am")
    assert dispatch.run(words) == 0
    output = capsys.readouterr().out
    assert "Wrote am/alertmanager.yml (private)" in output
    assert "enphase-exporter alerting test" in output
    text = Path("am/alertmanager.yml").read_text()
    assert "https://ntfy.sh/t0pic?template=alertmanager&priority=urgent" in text
    record = orjson.loads((tmp_path / "state" / "alerting.json").read_bytes())
    assert record == {"receiver": "ntfy", "tested_at": None}
    assert dispatch.run(words) == 0
    assert dispatch.run((*words, "--quiet-hours=none")) == 1
    assert "exists already: --force overwrites it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--channel=pushover",), "give --set=user_key=@FILE"),
        (("--channel=pushover", "--set=user_key=plain"), "name a file that contains it"),
        (("--channel=slack", "--set=colour=red"), "--set=colour: use one of bot_token"),
        (("--channel=telegram", "--set=bot_token=@token", "--set=chat_id=me"), "number of the"),
        ((), "give --channel"),
    ],
)
def test_options_that_are_invalid(
    words: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is one line, no secret is shown, and nothing is written."""
    Path("token").write_text("canary-token")
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    assert dispatch.run(("alerting", "init", "--yes", *words)) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "canary" not in error
    assert [path.name for path in Path().iterdir()] == ["token"]


def test_questions(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is asked for channels, quiet hours, a dead man's switch and the folder."""
    channels = ("discord", "back", "telegram", "canary-bot", "123", "webhook", "https://a.example")
    lines = (*channels, "n", "none", "https://hc-ping.com/x", "")
    monkeypatch.setattr(sys, "stdin", StringIO("".join(f"{line}\n" for line in lines)))
    assert dispatch.run(("alerting", "init")) == 0
    config: dict[str, Any] = yaml.safe_load(Path("alertmanager/alertmanager.yml").read_text())
    receivers = {each["name"]: each for each in config["receivers"]}
    assert receivers["wake"]["telegram_configs"][0]["chat_id"] == 123
    assert receivers["same-day"]["webhook_configs"][0]["url"] == "https://a.example"
    assert "canary" not in capsys.readouterr().out
