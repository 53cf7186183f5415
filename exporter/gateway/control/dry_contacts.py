"""Dry contacts: opening and closing them manually, and the settings they follow otherwise."""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.dry_contacts import EnvoyDryContactSettings
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError
from exporter.gateway.control.models import Args, Values, printable
from exporter.gateway.paths import DRY_CONTACT_SETTINGS, DRY_CONTACTS

#: the settings that an owner may change, by their names in pyenphase
SETTINGS = (
    "load_name",
    "mode",
    "soc_low",
    "soc_high",
    "grid_action",
    "micro_grid_action",
    "generator_action",
    "essential_start_time",
    "essential_end_time",
    "priority",
    "black_start",
    "override",
    "manual_override",
)
_UNUSED = "NONE"


def _find(contacts: dict[str, Any], name: str) -> Any:
    if name not in contacts:
        names = printable(", ".join(sorted(contacts))) or "none"
        raise ControlError(f"there is no dry contact {name!r}; the gateway has {names}")
    return contacts[name]


def status(data: EnvoyData, args: Args) -> Values:
    """Return whether the contact is open or closed."""
    return {"status": _plain(_find(data.dry_contact_status, args["id"]).status)}


def manual_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return which load it switches, and how to return the contact to its settings."""
    name = args["id"]
    settings = data.dry_contact_settings.get(name)
    load = getattr(settings, "load_name", "")
    kind = _plain(getattr(settings, "type", None))
    notes = [f"contact {name} switches {printable(load)}"] if load else []
    if kind == _UNUSED:
        notes.append(f"contact {name} is not in use: no load is configured for it")
    return [
        *notes,
        f"it stays like this until `control contact set {name} --manual-override=off` returns it to"
        " its settings",
    ]


def settings(data: EnvoyData, args: Args) -> Values:
    """Return the settings of the contact that an owner may change."""
    contact = _find(data.dry_contact_settings, args["id"])
    return {name: _plain(getattr(contact, name)) for name in SETTINGS}


def _plain(value: Any) -> Any:
    """Return an enumeration of pyenphase as text."""
    return str(value) if isinstance(value, str) else value


def desired(args: Args, before: Values) -> Values:
    """Return the settings that were given."""
    return {name: args[name] for name in SETTINGS if args.get(name) is not None}


def check(args: Args, before: Values) -> None:
    """Refuse limits that leave no range, and settings that this contact does not have."""
    after = {**before, **desired(args, before)}
    low, high = after["soc_low"], after["soc_high"]
    if low is not None and high is not None and low >= high:
        raise ControlError(
            f"soc low {low:g} % is not below soc high {high:g} %: the contact opens at the first"
            " and closes at the second"
        )
    missing = [name for name in desired(args, before) if before[name] is None]
    if missing:
        raise ControlError(f"this contact has no setting {', '.join(missing).replace('_', ' ')}")


async def write(envoy: Envoy, args: Args, changes: Values) -> Any:
    """Send all settings of the contact with these changes."""
    name = args["id"]
    now = envoy.data.dry_contact_settings[name] if envoy.data else None
    if not isinstance(now, EnvoyDryContactSettings):
        # A value that pyenphase does not know cannot be sent back unchanged.
        raise ControlError(
            f"the settings of contact {name} contain an unknown value: change them in the app"
        )
    if now.manual_override is None:
        # pyenphase would send the text `none` for a setting that this firmware does not report.
        changes = {"manual_override": False, **changes}
    return await envoy.update_dry_contact({"id": name, **changes})


STATUS_READS, SETTINGS_READS = (DRY_CONTACTS,), (DRY_CONTACT_SETTINGS,)
