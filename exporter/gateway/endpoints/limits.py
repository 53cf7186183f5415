"""What limits export and production: settings that explain a low yield, and no fault.

`/ivp/ss/pel_settings`, `/ivp/ss/dpel`, `/ivp/sc/pvlimit` and `/ivp/mod/603980032/mode/power`.
"""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import Flag, FlagText, Number, Percent, Text


class ExportLimit(Model):
    """The limit that the installer set, in percent of the rated power or in W."""

    required: ClassVar[frozenset[str]] = frozenset({"PEL"})

    enabled: FlagText = Field(None, alias="PEL")
    hard: FlagText = Field(None, alias="Hard_PEL")
    soft: FlagText = Field(None, alias="Soft_PEL")
    kind: Text = Field(None, alias="Export_Limit_Type")
    in_percent: FlagText = Field(None, alias="percent")
    apparent: FlagText = None
    limit: Number = Field(None, alias="PEL_Limit")
    #: in ms
    communication_loss: Number = Field(None, alias="Comm_Time_Loss")
    soft_response: Number = Field(None, alias="Resp_Time_SoftPEL")
    hard_response: Number = Field(None, alias="Resp_Time_HardPEL")
    hard_reset: Number = Field(None, alias="msReset_HardPEL")
    dead_band: Number = Field(None, alias="PEL_db")

    @property
    def limit_watts(self) -> float | None:
        """The limit, where it is a power."""
        return self.limit if self.in_percent is False else None

    @property
    def limit_percent(self) -> float | None:
        """The limit, where it is a share of the rated power."""
        return self.limit if self.in_percent else None


class DynamicExportLimit(Model):
    """The limit that can be changed while the site runs, in W."""

    required: ClassVar[frozenset[str]] = frozenset({"enable", "limit_value_W"})

    enabled: FlagText = Field(None, alias="enable")
    limits_export: FlagText = Field(None, alias="export_limit")
    limit_watts: Number = Field(None, alias="limit_value_W")
    slew_rate: Number = None
    dynamic: FlagText = Field(None, alias="enable_dynamic_limiting")


class ProductionLimit(Model):
    """A share of the rated power that production is limited to."""

    required: ClassVar[frozenset[str]] = frozenset({"enable", "pv_limit_pct"})

    enabled: FlagText = Field(None, alias="enable")
    limit_percent: Percent = Field(None, alias="pv_limit_pct")


class ProductionPower(Model):
    """Whether somebody switched production off."""

    required: ClassVar[frozenset[str]] = frozenset({"powerForcedOff"})

    forced_off: Flag = Field(None, alias="powerForcedOff")


def read_export_limit(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the limit of export; nothing where none was ever set."""
    raw = as_object(document)
    return {"export_limit": ExportLimit.read(raw, notes)} if raw else {}


def read_dynamic_limit(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the dynamic limit of export."""
    raw = as_object(document)
    if not raw:
        return {}
    settings = DynamicExportLimit.read(
        raw.get("dynamic_pel_settings"), notes, "dynamic_pel_settings"
    )
    return {"dynamic_export_limit": settings}


def read_production_limit(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the limit of production."""
    raw = as_object(document)
    return {"production_limit": ProductionLimit.read(raw, notes)} if raw else {}


def read_production_power(document: Any, notes: Notes) -> dict[str, Any]:
    """Return whether production is switched off."""
    raw = as_object(document)
    return {"production_power": ProductionPower.read(raw, notes)} if raw else {}


_AGE = 300.0

EXPORT = Endpoint("/ivp/ss/pel_settings", "settings", read_export_limit, _AGE, 20, optional=True)
DYNAMIC_EXPORT = Endpoint(
    "/ivp/ss/dpel",
    "settings",
    read_dynamic_limit,
    _AGE,
    20,
    installer=True,
    optional=True,
)
PRODUCTION = Endpoint("/ivp/sc/pvlimit", "settings", read_production_limit, _AGE, 20, optional=True)
POWER = Endpoint(
    "/ivp/mod/603980032/mode/power",
    "settings",
    read_production_power,
    _AGE,
    20,
    installer=True,
    optional=True,
)
