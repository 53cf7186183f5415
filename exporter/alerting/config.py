"""Builds `alertmanager.yml`: the shipped routes and inhibitions with the owner's receivers.

The routes stay those of the repository, so that an upgrade of the exporter can write them again.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from exporter.alerting.channels import CHANNELS, Answers, SecretFiles
from exporter.errors import ConfigError

#: receivers of the shipped configuration, by the severity that they get
RECEIVERS: Mapping[str, str] = {"critical": "wake", "warning": "same-day"}
_PAGE, _DEAD_MANS_SWITCH = "page", "dead-mans-switch"
_QUIET_HOURS, _MORNING = "quiet-hours", "morning"
#: minutes after the quiet hours in which what ended during them is sent
_MORNING_MINUTES = 30
_AMTOOL_DEADLINE = 20.0
_PACKAGED = files("exporter").joinpath("alertmanager")
_CHECKOUT = Path(__file__).resolve().parents[2] / "alertmanager"

_HEADER = """\
# Written by `enphase-exporter alerting init`; run it again to change receivers and quiet hours.
# It needs Alertmanager 0.25 or newer. The routes are explained in the alertmanager.yml of the
# enphase-exporter repository.

"""


@dataclass(frozen=True)
class Receiver:
    """A channel with its answers."""

    channel: str
    answers: Answers


@dataclass(frozen=True)
class Alerting:
    """Everything that the owner chose."""

    #: by severity
    receivers: Mapping[str, Receiver]
    #: URL of the exporter's webhook
    page_url: str
    #: start and end as HH:MM, None without quiet hours
    quiet_hours: tuple[str, str] | None
    #: IANA name, or `Local`
    timezone: str
    #: URL that expects a sign of life
    heartbeat_url: str | None = None

    @property
    def names(self) -> str:
        """Return the channels, for the record."""
        return ", ".join(dict.fromkeys(each.channel for each in self.receivers.values()))


def shipped(name: str) -> str:
    """Return a file of the shipped Alertmanager configuration."""
    packaged = _PACKAGED.joinpath(name)
    source = packaged if packaged.is_file() else _CHECKOUT / name
    return source.read_text(encoding="utf-8")


def build(alerting: Alerting, folder: Path) -> dict[Path, tuple[str, int]]:
    """Return the files of a configuration in `folder`: content and mode, the main file last."""
    config = yaml.safe_load(shipped("alertmanager.yml"))
    secret_files = SecretFiles(folder)
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    private = False
    for severity, receiver in alerting.receivers.items():
        channel = CHANNELS[receiver.channel]
        settings = channel.build(receiver.answers, severity, secret_files)
        _replace(receivers[RECEIVERS[severity]], channel.receiver, settings)
        config["global"] |= channel.global_settings(receiver.answers, secret_files)
        private = private or any(receiver.answers.get(key) for key in channel.inline_secrets)
    if _PAGE in receivers:
        page = {"url": alerting.page_url, "send_resolved": True}
        _replace(receivers[_PAGE], "webhook_configs", page)
    receivers[_DEAD_MANS_SWITCH].pop("webhook_configs", None)
    if alerting.heartbeat_url:
        heartbeat = {"url": alerting.heartbeat_url, "send_resolved": False}
        _replace(receivers[_DEAD_MANS_SWITCH], "webhook_configs", heartbeat)
        private = True
    _set_quiet_hours(config, alerting)
    text = _HEADER + yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=100)
    return {
        **{path: (content, 0o600) for path, content in secret_files.contents.items()},
        folder / "templates" / "enphase.tmpl": (shipped("templates/enphase.tmpl"), 0o644),
        folder / "alertmanager.yml": (text, 0o600 if private else 0o644),
    }


def check(path: Path) -> bool:
    """Check a configuration with amtool; return False without amtool, raise ConfigError."""
    amtool = shutil.which("amtool")
    if amtool is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and a path of our own
            [amtool, "check-config", str(path)],
            check=False,
            capture_output=True,
            text=True,
            timeout=_AMTOOL_DEADLINE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"amtool cannot be run: {error}") from None
    if done.returncode:
        reason = " ".join((done.stderr or done.stdout).split())
        raise ConfigError(f"amtool rejects the configuration: {reason}")
    return True


def parse_quiet_hours(text: str) -> tuple[str, str] | None:
    """Return start and end of `21:00-07:00`, None for `none`; raise ConfigError."""
    if text == "none":
        return None
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text)
    if match is None or match[1] + match[2] == match[3] + match[4]:
        raise ConfigError("use start and end, such as 21:00-07:00, or none")
    return f"{match[1]}:{match[2]}", f"{match[3]}:{match[4]}"


def parse_timezone(text: str) -> str:
    """Return a time zone that Alertmanager knows; raise ConfigError."""
    if text != "Local":
        try:
            ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError("use an IANA name, such as Europe/Berlin, or Local") from None
    return text


def _replace(receiver: dict[str, Any], key: str, settings: Mapping[str, Any]) -> None:
    """Make this the only integration of a receiver."""
    name = receiver["name"]
    receiver.clear()
    receiver |= {"name": name, key: [dict(settings)]}


def _set_quiet_hours(config: dict[str, Any], alerting: Alerting) -> None:
    if alerting.quiet_hours is None:
        del config["time_intervals"]
        routes = config["route"]["routes"]
        routes[:] = [route for route in routes if "active_time_intervals" not in route]
        for route in routes:
            route.pop("mute_time_intervals", None)
        return
    start, end = alerting.quiet_hours
    morning = (end, _later(end, _MORNING_MINUTES))
    spans = {_QUIET_HOURS: (start, end), _MORNING: morning}
    for interval in config["time_intervals"]:
        times = _times(*spans[interval["name"]])
        interval["time_intervals"] = [{"times": times, "location": alerting.timezone}]


def _times(start: str, end: str) -> list[dict[str, str]]:
    """Return a span of the day in Alertmanager's way, which has none over midnight."""
    if start <= end:
        return [{"start_time": start, "end_time": end}]
    times = [{"start_time": start, "end_time": "24:00"}]
    return [*times, {"start_time": "00:00", "end_time": end}] if end != "00:00" else times


def _later(time: str, minutes: int) -> str:
    hour, minute = map(int, time.split(":"))
    hour, minute = divmod((hour * 60 + minute + minutes) % 1440, 60)
    return f"{hour:02d}:{minute:02d}"
