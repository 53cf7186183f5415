"""What there is to configure; each model is a section of the YAML file.

Models are never changed and compare by value, what their secret files held included: after a
reload, a gateway that is not equal to its predecessor has changed.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, SecretStr, TypeAdapter, ValidationError, model_validator

from exporter.config.errors import Strict, field_error
from exporter.config.types import (
    COLLECTORS,
    Cadences,
    Coordinate,
    Host,
    ListenAddress,
    Name,
    Percent,
    Secret,
    TimeZone,
    Token,
    read_secret,
)
from exporter.errors import ConfigError
from exporter.fleet.shard import Shard
from exporter.logging import hide_secret

__all__ = [
    "COLLECTORS",
    "SECRETS",
    "Config",
    "Credentials",
    "Gateway",
    "GatewaysFile",
    "InverterLabels",
    "Log",
    "Wanted",
    "Web",
]

log = logging.getLogger(__name__)

#: keys of a gateway that may stand in a file of their own, named by `<key>_file`
SECRETS = ("token", "username", "password")
#: users of the gateway itself, before firmware 7; pyenphase knows their passwords
_LOCAL_USERS = frozenset({"envoy", "installer"})
_KINDS = {"token": TypeAdapter(Token), **dict.fromkeys(SECRETS[1:], TypeAdapter(Secret))}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What to log in with; none of it is ever part of a repr."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


class InverterLabels(Strict):
    """How the owner calls an inverter, the array it belongs to, and where it lies.

    `x` to the right and `y` upwards, on one plan for all inverters of the gateway; any unit.
    """

    name: str = ""
    array: str = ""
    x: Coordinate | None = None
    y: Coordinate | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        for given, other in (("x", "y"), ("y", "x")):
            if getattr(self, other) is None and getattr(self, given) is not None:
                raise field_error(f"has no {other} beside it: give both, or leave both out", given)
        return self


class Wanted(Strict):
    """How the owner wants the storage to be set; the reserve is in percent."""

    storage_mode: Literal["backup", "self-consumption", "economy"] | None = None
    reserve_soc: Percent | None = None


class Gateway(Strict):
    """One gateway: where it is, how to log in, what to call things."""

    host: Host
    name: Name = Field(default_factory=lambda data: data["host"])
    token: Token | None = None
    token_file: Path | None = None
    username: Secret | None = None
    username_file: Path | None = None
    password: Secret | None = None
    password_file: Path | None = None
    #: seconds by collector; once loaded, those of all gateways are in here too
    cadences: Cadences = Field(default_factory=dict)
    inverters: dict[str, InverterLabels] = Field(default_factory=dict)
    wanted: Wanted = Wanted()
    timezone: TimeZone | None = None

    _credentials: Credentials = PrivateAttr(default=Credentials())

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for key in SECRETS:
            if getattr(self, key) is not None and getattr(self, f"{key}_file") is not None:
                raise field_error(f"{key} is given as well: give one of the two", f"{key}_file")
        found: dict[str, str | None] = {}
        for key in SECRETS:
            try:
                found[key] = self._read(key)
            except ConfigError as error:
                raise field_error(str(error), f"{key}_file") from None
        login = Credentials(**found)
        if login.username and not login.password and login.username not in _LOCAL_USERS:
            key = "username" if self.username else "username_file"
            raise field_error(
                "has no password: add password, password_file or ENPHASE_PASSWORD", key
            )
        if login.password and not login.username:
            key = "password" if self.password else "password_file"
            raise field_error("has no user: add username, username_file or ENPHASE_USERNAME", key)
        self._remember(login)
        return self

    def credentials(self) -> Credentials:
        """Return what to log in with, the secret files read anew.

        A file that cannot be read any more costs a warning, and what it held last is used.
        """
        found: dict[str, str | None] = {}
        for key in SECRETS:
            try:
                found[key] = self._read(key)
            except ConfigError as error:
                found[key] = getattr(self._credentials, key)
                log.warning("%s; using what it held before", error, extra={"gateway": self.name})
        self._remember(Credentials(**found))
        return self._credentials

    @property
    def zone(self) -> ZoneInfo | None:
        """The configured time zone."""
        return ZoneInfo(self.timezone) if self.timezone else None

    def _read(self, key: str) -> str | None:
        path: Path | None = getattr(self, f"{key}_file")
        if path is None:
            value: SecretStr | None = getattr(self, key)
            return value.get_secret_value() if value else None
        text = read_secret(path)
        try:
            return _KINDS[key].validate_python(text).get_secret_value()
        except ValidationError as error:
            reason = error.errors(include_input=False)[0]["ctx"]["message"]
            raise ConfigError(f"{path}: {reason}") from None

    def _remember(self, login: Credentials) -> None:
        self._credentials = login
        for secret in (login.token, login.password):
            if secret:
                hide_secret(secret)


class GatewaysFile(Strict):
    """What `gateways_file` names: a list of gateways."""

    gateways: tuple[Gateway, ...]


class Log(Strict):
    """What is logged and how."""

    level: Literal["debug", "info", "warn", "error"] = "info"
    format: Literal["logfmt", "json"] = "logfmt"


#: up to so many gateways are on `/metrics` without being asked for
_ON_METRICS = 100


class Web(Strict):
    """Where the exporter listens, the file with its TLS and its users, and what `/metrics` has."""

    listen_address: ListenAddress = ":10055"
    config_file: Path | None = None
    #: whether `/metrics` has all gateways; None leaves it to their number
    gateways_on_metrics: bool | None = None


class Config(Strict):
    """Everything that is configured."""

    gateways: tuple[Gateway, ...]
    #: more gateways, in a list that is read again whenever it changes
    gateways_file: Path | None = None
    state_dir: Path
    #: seconds by collector, for the gateways that do not say otherwise
    cadences: Cadences = Field(default_factory=dict)
    log: Log = Log()
    web: Web = Web()

    @property
    def gateways_on_metrics(self) -> bool:
        """Whether `/metrics` has all gateways without being asked for them."""
        wanted = self.web.gateways_on_metrics
        return len(self.gateways) <= _ON_METRICS if wanted is None else wanted

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        first: dict[str, int] = {}
        for index, gateway in enumerate(self.gateways):
            if gateway.name in first:
                raise field_error(
                    f"gateways[{first[gateway.name]}] and gateways[{index}] are both named"
                    f" '{gateway.name}': give each a name of its own",
                    "gateways",
                )
            first[gateway.name] = index
        return self

    def part(self, shard: Shard) -> Self:
        """Return the same with the gateways of one replica only."""
        own = tuple(gateway for gateway in self.gateways if shard.owns(gateway.name))
        return self.model_copy(update={"gateways": own})

    def with_cadences(self) -> Self:
        """Return the same with the common cadences filled in at each gateway."""
        filled = tuple(
            gateway.model_copy(update={"cadences": {**self.cadences, **gateway.cadences}})
            for gateway in self.gateways
        )
        return self.model_copy(update={"gateways": filled})
