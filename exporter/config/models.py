"""The sections and keys of the configuration; each model is a section of the YAML file.

Models are immutable and compare by value, including the content of their secret files: after a
reload, a gateway that differs from its predecessor has changed.
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
    AlertName,
    Amperes,
    Cadences,
    Coordinate,
    Deadlines,
    Fingerprint,
    Host,
    Latitude,
    ListenAddress,
    Longitude,
    Name,
    Percent,
    Secret,
    Thresholds,
    TimeZone,
    Token,
    Url,
    read_secret,
)
from exporter.errors import ConfigError
from exporter.fleet.shard import Shard
from exporter.logging import hide_secret

__all__ = [
    "COLLECTORS",
    "SECRETS",
    "Alerts",
    "Config",
    "Credentials",
    "DeviceName",
    "Gateway",
    "GatewaysFile",
    "InverterConfig",
    "Location",
    "Log",
    "Wanted",
    "Web",
]

log = logging.getLogger(__name__)

#: keys of a gateway whose value may be in a file of its own, named by `<key>_file`
SECRETS = ("token", "username", "password")
#: users of the gateway itself, before firmware 7; pyenphase knows their passwords
_LOCAL_USERS = frozenset({"envoy", "installer"})
_SECRET_TYPES = {"token": TypeAdapter(Token), **dict.fromkeys(SECRETS[1:], TypeAdapter(Secret))}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The login of a gateway; no secret is ever part of a repr."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


class InverterConfig(Strict):
    """The owner's name of an inverter, the array it belongs to, and its position.

    `x` to the right and `y` upwards, on one plan for all inverters of the gateway, in any unit.
    """

    name: str = ""
    array: str = ""
    x: Coordinate | None = None
    y: Coordinate | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        for given, other in (("x", "y"), ("y", "x")):
            if getattr(self, other) is None and getattr(self, given) is not None:
                raise field_error(f"has no {other}: give both, or leave both out", given)
        return self


class DeviceName(Strict):
    """The owner's name of a battery, a meter or a relay."""

    name: Name


class Location(Strict):
    """Where the panels are, in degrees; the height of the sun follows from it."""

    latitude: Latitude
    longitude: Longitude


class Alerts(Strict):
    """Thresholds of the alert rules that differ from the shipped ones."""

    thresholds: Thresholds = Field(default_factory=dict)


class AllAlerts(Alerts):
    """What is the same for the alerts of all gateways, for `enphase-exporter rules`."""

    #: where runbooks are; the exporter serves them below /runbooks
    runbook_url: Url | None = None
    #: where Grafana is
    dashboard_url: Url | None = None
    #: labels that every alert gets
    labels: dict[str, str] = Field(default_factory=dict)
    #: other severities than the shipped ones, by alert
    severities: dict[AlertName, Literal["critical", "warning", "info"]] = Field(
        default_factory=dict
    )
    #: alerts that are left out
    disabled: tuple[AlertName, ...] = ()


class GatewayAlerts(Strict):
    """The alerts of one gateway, where only its name matters."""

    name: Name
    alerts: Alerts = Alerts()


class AlertsFile(Strict):
    """What the machine with Prometheus has to know, where the exporter runs elsewhere."""

    alerts: AllAlerts = AllAlerts()
    gateways: tuple[GatewayAlerts, ...] = ()


class Wanted(Strict):
    """The settings that the owner wants; the reserve is in percent."""

    storage_mode: Literal["backup", "self-consumption", "economy"] | None = None
    reserve_soc: Percent | None = None
    #: whether the panels are to produce; off is no alert then
    production: bool | None = None


class Gateway(Strict):
    """One gateway: its address, its login, and the owner's names of its devices."""

    host: Host
    #: other addresses of the same gateway, tried in this order when `host` does not answer
    fallback_hosts: tuple[Host, ...] = ()
    #: SHA-256 of the certificate that the gateway has to present, in hexadecimal
    tls_fingerprint: Fingerprint | None = None
    name: Name = Field(default_factory=lambda data: data["host"])
    token: Token | None = None
    token_file: Path | None = None
    username: Secret | None = None
    username_file: Path | None = None
    password: Secret | None = None
    password_file: Path | None = None
    #: seconds by collector; once loaded, they include the common ones
    cadences: Cadences = Field(default_factory=dict)
    #: seconds by collector that one request may take; once loaded, they include the common ones
    deadlines: Deadlines = Field(default_factory=dict)
    #: once loaded, the thresholds include the common ones
    alerts: Alerts = Alerts()
    #: by serial number
    inverters: dict[str, InverterConfig] = Field(default_factory=dict)
    #: by serial number
    batteries: dict[str, DeviceName] = Field(default_factory=dict)
    #: by what they measure, such as `production`
    meters: dict[str, DeviceName] = Field(default_factory=dict)
    #: by the number of the dry contact, such as `NC1`
    relays: dict[str, DeviceName] = Field(default_factory=dict)
    #: serial numbers of hardware that was removed for good
    retired: tuple[str, ...] = ()
    wanted: Wanted = Wanted()
    timezone: TimeZone | None = None
    location: Location | None = None
    #: rating of the main breaker, which limits what can flow to and from the grid
    main_breaker_amperes: Amperes | None = None

    _credentials: Credentials = PrivateAttr(default=Credentials())

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for key in SECRETS:
            if getattr(self, key) is not None and getattr(self, f"{key}_file") is not None:
                raise field_error(f"{key} is given as well: give one of the two", f"{key}_file")
        values: dict[str, str | None] = {}
        for key in SECRETS:
            try:
                values[key] = self._read(key)
            except ConfigError as error:
                raise field_error(str(error), f"{key}_file") from None
        login = Credentials(**values)
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
        """Return the login, with the secret files read again.

        A file that can no longer be read costs a warning, and its previous value is used.
        """
        values: dict[str, str | None] = {}
        for key in SECRETS:
            try:
                values[key] = self._read(key)
            except ConfigError as error:
                values[key] = getattr(self._credentials, key)
                log.warning(
                    "secret file unreadable; using previous value",
                    extra={"gateway": self.name, "error": str(error)},
                )
        self._remember(Credentials(**values))
        return self._credentials

    @property
    def last_credentials(self) -> Credentials:
        """What was read last; no file is touched."""
        return self._credentials

    def device_names(self) -> dict[tuple[str, str], str]:
        """Return the owner's names of devices by kind and serial number, role or number."""
        configured = (
            (("battery", "acb"), self.batteries),
            (("meter",), self.meters),
            (("dry_contact", "iq_relay"), self.relays),
            (("inverter",), self.inverters),
        )
        return {
            (kind, identity): device.name
            for kinds, devices in configured
            for identity, device in devices.items()
            for kind in kinds
            if device.name
        }

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
            return _SECRET_TYPES[key].validate_python(text).get_secret_value()
        except ValidationError as error:
            reason = error.errors(include_input=False)[0]["ctx"]["message"]
            raise ConfigError(f"{path}: {reason}") from None

    def _remember(self, login: Credentials) -> None:
        self._credentials = login
        for secret in (login.token, login.password):
            if secret:
                hide_secret(secret)


class GatewaysFile(Strict):
    """The content of `gateways_file`: a list of gateways."""

    gateways: tuple[Gateway, ...]


class Log(Strict):
    """The level and format of the log."""

    level: Literal["debug", "info", "warn", "error"] = "info"
    format: Literal["logfmt", "json"] = "logfmt"


#: up to this many gateways are on `/metrics` by default
_MAX_ON_METRICS = 100


class Web(Strict):
    """Where the exporter listens, the file with TLS and users, and the scope of `/metrics`."""

    listen_address: ListenAddress = ":10055"
    config_file: Path | None = None
    #: whether `/metrics` has all gateways; None decides by their number
    gateways_on_metrics: bool | None = None


class Metrics(Strict):
    """What `/metrics` leaves out: names of metrics or patterns such as `enphase_inverter_dc_*`."""

    drop: tuple[str, ...] = ()


class Config(Strict):
    """The whole configuration."""

    gateways: tuple[Gateway, ...]
    #: more gateways, in a list that is read again whenever it changes
    gateways_file: Path | None = None
    state_dir: Path
    #: defaults for all gateways: seconds by collector, and thresholds
    cadences: Cadences = Field(default_factory=dict)
    deadlines: Deadlines = Field(default_factory=dict)
    alerts: AllAlerts = AllAlerts()
    metrics: Metrics = Metrics()
    log: Log = Log()
    web: Web = Web()

    @property
    def gateways_on_metrics(self) -> bool:
        """Whether `/metrics` includes all gateways."""
        setting = self.web.gateways_on_metrics
        return len(self.gateways) <= _MAX_ON_METRICS if setting is None else setting

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

    def for_shard(self, shard: Shard) -> Self:
        """Return the same with the gateways of one replica only."""
        own = tuple(gateway for gateway in self.gateways if shard.owns(gateway.name))
        return self.model_copy(update={"gateways": own})

    def with_defaults(self) -> Self:
        """Return the same with the common settings merged into each gateway."""
        merged = tuple(
            gateway.model_copy(
                update={
                    "cadences": {**self.cadences, **gateway.cadences},
                    "deadlines": {**self.deadlines, **gateway.deadlines},
                    "alerts": Alerts(
                        thresholds={**self.alerts.thresholds, **gateway.alerts.thresholds}
                    ),
                }
            )
            for gateway in self.gateways
        )
        return self.model_copy(update={"gateways": merged})
