"""`/home`: reporting to the cloud, network interfaces, links to the devices, state of updates."""

import ipaddress
from itertools import islice
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from exporter.gateway.endpoints.base import (
    MAX_ENTRIES,
    MAX_TEXT,
    Endpoint,
    Model,
    Notes,
    as_object,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.fields import (
    Count,
    Epoch,
    Flag,
    Level,
    PercentText,
    Text,
    Words,
    Zone,
)


def _is_usable_address(value: Any) -> bool:
    """Return whether an interface can be reached by its address; null stands for none.

    An address that the interface gave itself, because nothing assigned one, leads nowhere.
    """
    if value is None or value == "":
        return False
    if not isinstance(value, str):
        raise ValueError("not an address")
    address = ipaddress.ip_interface(value.strip()).ip
    return not (address.is_link_local or address.is_unspecified or address.is_loopback)


class Interface(Model):
    """A network interface of the gateway; signal strength in bars."""

    nullable: ClassVar[frozenset[str]] = frozenset({"ip"})

    type: Text = None
    carrier: Flag = None
    dhcp: Flag = None
    has_address: Annotated[Flag, BeforeValidator(_is_usable_address)] = Field(None, alias="ip")
    signal_strength: Count = None
    signal_strength_max: Count = None
    status: Text = None
    supported: Flag = None
    present: Flag = None
    configured: Flag = None
    network: Flag = None


class Link(Model):
    """Power-line or radio link to one kind of device: how many, and the level 0 to 5."""

    num: Count = None
    level: Level = None
    level_24g: Level = None
    level_subg: Level = None


class Radio(Model):
    """A radio of the gateway towards batteries and controller."""

    connected: Flag = None
    signal_strength: Count = None
    signal_strength_max: Count = None


class Controller(Model):
    """The system controller, as the gateway's own page shows it."""

    connected: Flag = None
    grid_status: Text = None


class _Network(Model):
    """Reporting to the cloud."""

    required: ClassVar[frozenset[str]] = frozenset({"web_comm", "last_enlighten_report_time"})

    web_comm: Flag = None
    ever_reported_to_enlighten: Flag = None
    last_enlighten_report_time: Epoch = None
    primary_interface: Text = None
    tunnel_open: Flag = None


class Home(Model):
    """What the gateway says of itself; `last_report` is that to the cloud."""

    nullable: ClassVar[frozenset[str]] = frozenset({"alerts"})

    cloud_connected: Flag = None
    ever_reported: Flag = None
    last_report: Epoch = None
    primary_interface: Text = None
    timezone: Zone = None
    software_build: Epoch = Field(None, alias="software_build_epoch")
    update_status: Text = None
    #: names of what the gateway complains of
    alerts: Words = None
    database_size: Count = Field(None, alias="db_size")
    database_percent_full: PercentText = Field(None, alias="db_percent_full")
    tunnel_open: Flag = None
    interfaces: dict[str, Interface] = Field(default_factory=dict)
    links: dict[str, Link] = Field(default_factory=dict)
    radios: dict[str, Radio] = Field(default_factory=dict)
    controller: Controller | None = None

    @property
    def alert_count(self) -> int | None:
        """How many complaints the gateway has."""
        return None if self.alerts is None else len(self.alerts)


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return what the gateway says of itself, each interface, link and radio on its own."""
    raw = as_object(document)
    network = raw.get("network")
    cloud = _Network.read(network, notes, "network")
    home = Home.read({key: value for key, value in raw.items() if key not in _OWN_SHAPE}, notes)
    if home is None:
        return {}
    interfaces = network.get("interfaces") if isinstance(network, dict) else None
    parts: dict[str, Any] = {
        "interfaces": {
            name: _typed(name, interface)
            for name, interface in _by_name(Interface, interfaces, "interface", notes).items()
        },
        "links": _links(raw.get("comm"), notes),
        "radios": _by_name(Radio, raw.get("wireless_connection"), "type", notes),
    }
    if cloud is not None:
        parts |= {
            "cloud_connected": cloud.web_comm,
            "ever_reported": cloud.ever_reported_to_enlighten,
            "last_report": cloud.last_enlighten_report_time,
            "primary_interface": cloud.primary_interface,
        }
        if cloud.tunnel_open is not None:
            parts["tunnel_open"] = cloud.tunnel_open
    if "enpower" in raw:
        parts["controller"] = Controller.read(raw["enpower"], notes, "enpower")
    return {"home": home.model_copy(update=parts)}


_OWN_SHAPE = frozenset(
    {
        "network",
        "comm",
        "wireless_connection",
        "enpower",
        "interfaces",
        "links",
        "radios",
        "controller",
    }
)


#: what the names of network interfaces begin with, by type
_TYPES = {"eth": "ethernet", "wlan": "wifi", "ppp": "cellular"}


def _typed(name: str, interface: Interface) -> Interface:
    """Return an interface with the type that its name implies, if it has none."""
    if interface.type is not None:
        return interface
    implied = next((kind for start, kind in _TYPES.items() if name.startswith(start)), None)
    return interface.model_copy(update={"type": implied})


def _by_name(
    model: type[Interface] | type[Radio], raw: Any, key: str, notes: Notes
) -> dict[str, Any]:
    name = model.__name__.lower()
    listed = () if raw is None else entries(raw, notes, name)
    return {
        own_name: part
        for own_name, entry in by_identity(listed, key, notes, name, tracked=False).items()
        if (part := model.read(entry, notes, name)) is not None
    }


def _links(raw: Any, notes: Notes) -> dict[str, Link]:
    """Return the links by kind of device; of several links of one kind the counts add up."""
    if not isinstance(raw, dict):
        if raw is not None:
            notes.unreadable("comm")
        return {}
    links: dict[str, Link] = {}
    for kind, value in islice(raw.items(), MAX_ENTRIES):
        # The sum over all kinds stands beside them as plain numbers.
        if not isinstance(value, (dict, list)) or len(kind) > MAX_TEXT:
            continue
        listed = value if isinstance(value, list) else [value]
        parts = [
            part
            for entry in entries(listed, notes, "comm")
            if (part := Link.read(entry, notes, "comm")) is not None
        ]
        if parts:
            counts = [part.num for part in parts]
            total = None if None in counts else sum(count or 0 for count in counts)
            links[kind] = parts[0].model_copy(update={"num": total})
    return links


ENDPOINT = Endpoint("/home", "home", read, deadline=60)
