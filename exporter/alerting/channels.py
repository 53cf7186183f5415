"""The ways to be reached: what each asks for, and its part of `alertmanager.yml`.

Everything is valid for Alertmanager 0.25. Secrets are in files of their own wherever it can read
them from files; the others are in the configuration, which is then private as well.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yarl import URL

from exporter.errors import ConfigError

Answers = Mapping[str, str]
Settings = dict[str, Any]


class SecretFiles:
    """Secrets that Alertmanager reads from files, in a folder next to its configuration."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute() / "secrets"
        #: content by path
        self.contents: dict[Path, str] = {}

    def add(self, name: str, secret: str) -> str:
        """Return the path of the file that will contain this secret."""
        path = self._folder / name
        self.contents[path] = f"{secret}\n"
        return str(path)


def _not_empty(text: str) -> str:
    if not text:
        raise ConfigError("an answer is needed")
    return text


def _any_text(text: str) -> str:
    return text


def http_url(text: str) -> str:
    """Return a URL; raise ConfigError for anything else."""
    try:
        url = URL(text)
        valid = url.scheme in ("http", "https") and bool(url.host) and " " not in text
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError("use a URL that starts with https:// or http://")
    return text


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ConfigError("use an e-mail address")
    return text


def _server(text: str) -> str:
    if not re.fullmatch(r"[^\s:/]+:\d{1,5}", text):
        raise ConfigError("use a server with its port, such as smtp.example.com:587")
    return text


def _chat_id(text: str) -> str:
    if not re.fullmatch(r"-?\d+", text):
        raise ConfigError("use the number of the chat, such as 123456789")
    return text


def _topic(text: str) -> str:
    if not re.fullmatch(r"[\w-]{1,64}", text, re.ASCII):
        raise ConfigError("use letters, digits, - and _")
    return text


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a channel asks for; an empty default makes it optional."""

    key: str
    text: str
    parse: Callable[[str], str] = _not_empty
    secret: bool = False
    default: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to be reached."""

    description: str
    questions: tuple[Question, ...]
    #: the key of the receiver in Alertmanager's configuration, and its value for a severity
    receiver: str
    build: Callable[[Answers, str, SecretFiles], Settings]
    #: settings for the section `global`
    global_settings: Callable[[Answers, SecretFiles], Settings] = field(
        default=lambda answers, files: {}
    )
    #: keys of answers that end up in the configuration itself and are secret
    inline_secrets: tuple[str, ...] = ()


_TITLE, _TEXT = '{{ template "enphase.title" . }}', '{{ template "enphase.text" . }}'
_LINK = '{{ template "enphase.link" . }}'


def _optional() -> str:
    return ""


def _bearer(answers: Answers, files: SecretFiles, name: str) -> Settings:
    if not answers.get("token"):
        return {}
    path = files.add(f"{name}-token", answers["token"])
    return {"http_config": {"authorization": {"type": "Bearer", "credentials_file": path}}}


def _ntfy(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    priority = "urgent" if severity == "critical" else "default"
    url = URL(answers["server"]) / answers["topic"]
    return {
        "url": str(url.with_query(template="alertmanager", priority=priority)),
        "send_resolved": True,
        **_bearer(answers, files, "ntfy"),
    }


def _pushover(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    # priority 2 rings until somebody confirms it
    firing = "2" if severity == "critical" else "0"
    return {
        "user_key": answers["user_key"],
        "token": answers["token"],
        "title": _TITLE,
        "message": _TEXT,
        "url": _LINK,
        "priority": f'{{{{ if eq .Status "firing" }}}}{firing}{{{{ else }}}}0{{{{ end }}}}',
        "retry": "1m",
        "expire": "1h",
        "send_resolved": True,
    }


def _telegram(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    return {
        "bot_token": answers["bot_token"],
        "chat_id": int(answers["chat_id"]),
        "parse_mode": "HTML",
        "message": '{{ template "enphase.telegram" . }}',
        "disable_notifications": severity != "critical",
        "send_resolved": True,
    }


def _email_receiver(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    return {
        "to": answers["to"],
        "headers": {"Subject": _TITLE},
        "html": '{{ template "enphase.email" . }}',
        "text": _TEXT,
        "send_resolved": True,
    }


def _email_global(answers: Answers, files: SecretFiles) -> Settings:
    settings: Settings = {"smtp_smarthost": answers["server"], "smtp_from": answers["from"]}
    if answers["username"]:
        settings["smtp_auth_username"] = answers["username"]
        settings["smtp_auth_password_file"] = files.add("smtp-password", answers["password"])
    return settings


def _slack(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    settings: Settings = {
        "api_url_file": files.add("slack-url", answers["url"]),
        "title": _TITLE,
        "title_link": _LINK,
        "text": _TEXT,
        "send_resolved": True,
    }
    return {**settings, "channel": answers["channel"]} if answers.get("channel") else settings


def _discord(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    return {
        "webhook_url": answers["url"],
        "title": _TITLE,
        "message": _TEXT,
        "send_resolved": True,
    }


def _webhook(answers: Answers, severity: str, files: SecretFiles) -> Settings:
    return {"url": answers["url"], "send_resolved": True, **_bearer(answers, files, "webhook")}


CHANNELS: Mapping[str, Channel] = {
    "ntfy": Channel(
        "ntfy: a free app for Android and iOS",
        (
            Question("server", "ntfy server", http_url, default=lambda: "https://ntfy.sh"),
            Question(
                "topic",
                "Topic to subscribe to in the app (keep it secret)",
                _topic,
                default=lambda: f"enphase-{secrets.token_hex(6)}",
            ),
            Question("token", "Access token, if the server needs one", _any_text, True, _optional),
        ),
        "webhook_configs",
        _ntfy,
        inline_secrets=("topic",),
    ),
    "pushover": Channel(
        "Pushover: rings until you confirm",
        (
            Question("user_key", "User key", secret=True),
            Question("token", "Application token", secret=True),
        ),
        "pushover_configs",
        _pushover,
        inline_secrets=("user_key", "token"),
    ),
    "telegram": Channel(
        "Telegram bot",
        (
            Question("bot_token", "Bot token, from @BotFather", secret=True),
            Question("chat_id", "Chat id", _chat_id),
        ),
        "telegram_configs",
        _telegram,
        inline_secrets=("bot_token",),
    ),
    "email": Channel(
        "E-mail",
        (
            Question("to", "Send to", _email),
            Question("from", "Sender", _email),
            Question("server", "SMTP server with port, such as smtp.example.com:587", _server),
            Question("username", "SMTP user name, if any", _any_text, default=_optional),
            Question("password", "SMTP password, if any", _any_text, True, _optional),
        ),
        "email_configs",
        _email_receiver,
        _email_global,
    ),
    "slack": Channel(
        "Slack: an incoming webhook",
        (
            Question("url", "Webhook URL", http_url, secret=True),
            Question(
                "channel", "Channel, if not that of the webhook", _any_text, default=_optional
            ),
        ),
        "slack_configs",
        _slack,
    ),
    "discord": Channel(
        "Discord: a webhook",
        (Question("url", "Webhook URL", http_url, secret=True),),
        "discord_configs",
        _discord,
        inline_secrets=("url",),
    ),
    "webhook": Channel(
        "any webhook, such as Home Assistant's",
        (
            Question("url", "URL", http_url),
            Question("token", "Bearer token, if it needs one", _any_text, True, _optional),
        ),
        "webhook_configs",
        _webhook,
        inline_secrets=("url",),
    ),
}
