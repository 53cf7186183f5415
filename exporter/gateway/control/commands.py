"""The table of commands: what each needs, reads, wants and writes."""

from collections.abc import Mapping
from typing import Any

from pyenphase.const import URL_INVENTORY, SupportedFeatures

from exporter.gateway.control import acb, dry_contacts, generator, grid, storage
from exporter.gateway.control.models import Control, Need
from exporter.gateway.control.reader import acbs
from exporter.gateway.policy import DRY_CONTACT_SETTINGS, GENERATOR_CONFIG, INVENTORY


def _listed(kind: str, told: Any) -> bool:
    """Return whether the ensemble inventory lists devices of this kind."""
    return any(group["type"] == kind and group.get("devices") for group in told)


CONTROLLER = Need(
    SupportedFeatures.ENPOWER,
    INVENTORY,
    lambda told: _listed("ENPOWER", told),
    "has no system controller (IQ System Controller, Enpower), which holds the relay to the grid"
    " and the dry contacts: there is nothing to command",
    "ENPOWER",
)
BATTERIES = Need(
    SupportedFeatures.ENCHARGE | SupportedFeatures.TARIFF,
    INVENTORY,
    lambda told: _listed("ENCHARGE", told),
    "has no IQ Batteries (Encharge): there is no storage to set",
    "ENCHARGE",
)
ACBS = Need(
    SupportedFeatures.ACB,
    URL_INVENTORY,
    lambda told: bool(acbs(told)),
    "has no AC Batteries (ACB): there is nothing to send to sleep",
    "ACB",
)
GENERATOR = Need(
    SupportedFeatures.GENERATOR | SupportedFeatures.GENERATOR_SCHEDULE,
    GENERATOR_CONFIG,
    lambda told: "charge_from_generator" in told,
    "has no generator configured: there is nothing to command",
    "GENERATOR",
)

_ON = {True: "on", False: "off"}

_ROWS = (
    Control(
        name="grid off",
        title=lambda args: "disconnect the house from the grid",
        needs=CONTROLLER,
        reads=grid.READS,
        state=grid.state,
        wanted=lambda args, before: {"commanded": "open", "relay": "open"},
        write=lambda envoy, args, wanted: envoy.go_off_grid(),
        looks=grid.LOOKS,
        notes=grid.before_leaving,
        why=grid.why_not_left,
        phrase="off grid",
        timeout=60.0,
    ),
    Control(
        name="grid on",
        title=lambda args: "connect the house to the grid",
        needs=CONTROLLER,
        reads=grid.READS,
        state=grid.state,
        wanted=lambda args, before: {"commanded": "closed", "relay": "closed"},
        write=lambda envoy, args, wanted: envoy.go_on_grid(),
        why=grid.why_not_joined,
        # the grid has to be good for five minutes first
        timeout=420.0,
        pace=10.0,
    ),
    Control(
        name="contact open",
        title=lambda args: f"open dry contact {args['id']}",
        needs=CONTROLLER,
        reads=dry_contacts.STATUS_READS,
        state=dry_contacts.status,
        wanted=lambda args, before: {"status": "open"},
        write=lambda envoy, args, wanted: envoy.open_dry_contact(args["id"]),
        looks=(DRY_CONTACT_SETTINGS,),
        notes=dry_contacts.by_hand,
    ),
    Control(
        name="contact close",
        title=lambda args: f"close dry contact {args['id']}",
        needs=CONTROLLER,
        reads=dry_contacts.STATUS_READS,
        state=dry_contacts.status,
        wanted=lambda args, before: {"status": "closed"},
        write=lambda envoy, args, wanted: envoy.close_dry_contact(args["id"]),
        looks=(DRY_CONTACT_SETTINGS,),
        notes=dry_contacts.by_hand,
    ),
    Control(
        name="contact set",
        title=lambda args: f"change the settings of dry contact {args['id']}",
        needs=CONTROLLER,
        reads=dry_contacts.SETTINGS_READS,
        state=dry_contacts.settings,
        wanted=dry_contacts.wanted,
        check=dry_contacts.check,
        write=dry_contacts.write,
    ),
    Control(
        name="storage mode",
        title=lambda args: f"set the storage mode to {args['mode']}",
        needs=BATTERIES,
        reads=storage.READS,
        state=storage.state,
        wanted=storage.wanted_mode,
        write=storage.write_mode,
        notes=storage.mode_notes,
        why=storage.why_mode,
        cloud=True,
    ),
    Control(
        name="storage reserve",
        title=lambda args: f"set the reserve for outages to {args['reserve']} %",
        needs=BATTERIES,
        reads=storage.READS,
        state=storage.state,
        wanted=lambda args, before: {"reserve_percent": float(args["reserve"])},
        check=storage.check_reserve,
        write=lambda envoy, args, wanted: envoy.set_reserve_soc(args["reserve"]),
        notes=storage.reserve_notes,
        why=storage.why_other,
        cloud=True,
    ),
    Control(
        name="storage charge-from-grid",
        title=lambda args: f"turn charging from the grid {_ON[args['on']]}",
        needs=BATTERIES,
        reads=storage.READS,
        state=storage.state,
        wanted=lambda args, before: {"charge_from_grid": args["on"]},
        write=storage.write_charging,
        why=storage.why_other,
        cloud=True,
    ),
    Control(
        name="acb sleep",
        title=lambda args: f"send AC Battery {', '.join(args['serials'])} to sleep",
        needs=ACBS,
        reads=acb.READS,
        state=acb.state,
        wanted=acb.wanted_asleep,
        check=acb.check_asleep,
        write=acb.sleep,
        notes=acb.asleep_notes,
        why=acb.why,
        timeout=acb.TIMEOUT,
        pace=acb.PACE,
        watched=acb.WATCHED,
    ),
    Control(
        name="acb wake",
        title=lambda args: f"wake AC Battery {', '.join(args['serials'])} up",
        needs=ACBS,
        reads=acb.READS,
        state=acb.state,
        wanted=acb.wanted_awake,
        write=acb.wake,
        notes=acb.lag_notes,
        why=acb.why,
        timeout=acb.TIMEOUT,
        pace=acb.PACE,
        watched=acb.WATCHED,
    ),
    Control(
        name="generator mode",
        title=lambda args: f"set the generator to {args['mode']}",
        needs=GENERATOR,
        reads=generator.MODE_READS,
        state=generator.mode,
        wanted=lambda args, before: {"mode": args["mode"]},
        write=lambda envoy, args, wanted: envoy.set_generator_mode(args["mode"]),
        notes=generator.mode_notes,
    ),
    Control(
        name="generator schedule",
        title=lambda args: "change the schedule of the generator",
        needs=GENERATOR,
        reads=generator.SCHEDULE_READS,
        state=generator.schedule,
        wanted=generator.wanted_schedule,
        check=generator.check_schedule,
        write=generator.write_schedule,
    ),
    Control(
        name="generator charge",
        title=lambda args: f"turn charging from the generator {_ON[args['on']]}",
        needs=GENERATOR,
        reads=generator.CONFIG_READS,
        state=generator.charging,
        wanted=lambda args, before: {"charge_from_generator": args["on"]},
        write=lambda envoy, args, wanted: envoy.set_generator_charge_from_generator(args["on"]),
        why=generator.why_charging,
    ),
)

#: the rows by name
CONTROLS: Mapping[str, Control] = {row.name: row for row in _ROWS}
