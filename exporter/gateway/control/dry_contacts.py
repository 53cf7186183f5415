"""Dry contacts: opening and closing them by hand, and the settings they follow otherwise."""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.dry_contacts import EnvoyDryContactSettings
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError
from exporter.gateway.control.models import Args, Values, printable
from exporter.gateway.policy import DRY_CONTACT_SETTINGS, DRY_CONTACTS

#: the settings that an owner may change, by the name pyenphase has for them
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


def _found(contacts: dict[str, Any], name: str) -> Any:
    if name not in contacts:
        known = printable(", ".join(sorted(contacts))) or "none"
        raise ControlError(f"there is no dry contact {name!r}; the gateway knows {known}")
    return contacts[name]


def status(data: EnvoyData, args: Args) -> Values:
    """Tell whether the contact is open or closed."""
    return {"status": _plain(_found(data.dry_contact_status, args["id"]).status)}


def by_hand(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say what hangs on the contact, and how it is given back to its settings."""
    name = args["id"]
    settings = data.dry_contact_settings.get(name)
    load = getattr(settings, "load_name", "")
    kind = _plain(getattr(settings, "type", None))
    notes = [f"contact {name} switches {printable(load)}"] if load else []
    if kind == _UNUSED:
        notes.append(f"contact {name} is not in use: nothing is known to hang on it")
    return [
        *notes,
        f"it stays so until `control contact set {name} --manual-override=off` gives it back to"
        " its settings",
    ]


def settings(data: EnvoyData, args: Args) -> Values:
    """Return the settings of the contact that an owner may change."""
    found = _found(data.dry_contact_settings, args["id"])
    return {name: _plain(getattr(found, name)) for name in SETTINGS}


def _plain(value: Any) -> Any:
    """Return an enumeration of pyenphase as the text it is."""
    return str(value) if isinstance(value, str) else value


def wanted(args: Args, before: Values) -> Values:
    """Return the settings that were given."""
    return {name: args[name] for name in SETTINGS if args.get(name) is not None}


def check(args: Args, before: Values) -> None:
    """Refuse limits that leave no room, and times that nobody would keep."""
    after = {**before, **wanted(args, before)}
    low, high = after["soc_low"], after["soc_high"]
    if low is not None and high is not None and low >= high:
        raise ControlError(
            f"soc low {low:g} % is not below soc high {high:g} %: the contact opens at the one"
            " and closes at the other"
        )
    missing = [name for name in wanted(args, before) if before[name] is None]
    if missing:
        raise ControlError(
            f"the gateway has no setting {', '.join(missing).replace('_', ' ')} for this contact"
        )


async def write(envoy: Envoy, args: Args, changes: Values) -> Any:
    """Send all settings of the contact with these changes."""
    name = args["id"]
    now = envoy.data.dry_contact_settings[name] if envoy.data else None
    if not isinstance(now, EnvoyDryContactSettings):
        # A word that pyenphase does not know would have to be sent back as something else.
        raise ControlError(
            f"the settings of contact {name} hold a word that is not known here: change them in"
            " the app"
        )
    if now.manual_override is None:
        # pyenphase would send the text `none` for what this firmware does not tell.
        changes = {"manual_override": False, **changes}
    return await envoy.update_dry_contact({"id": name, **changes})


STATUS_READS, SETTINGS_READS = (DRY_CONTACTS,), (DRY_CONTACT_SETTINGS,)
