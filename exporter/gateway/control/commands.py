"""The table of commands: what each requires, reads, expects and writes."""

from collections.abc import Mapping
from typing import Any

from pyenphase.const import URL_INVENTORY, SupportedFeatures

from exporter.gateway.control import acb, dry_contacts, generator, grid, site, storage
from exporter.gateway.control.models import Command, Requirement
from exporter.gateway.control.reader import acbs
from exporter.gateway.paths import DRY_CONTACT_SETTINGS, GENERATOR_CONFIG, INVENTORY


def _listed(kind: str, inventory: Any) -> bool:
    """Return whether the ensemble inventory lists devices of this kind."""
    return any(group["type"] == kind and group.get("devices") for group in inventory)


CONTROLLER = Requirement(
    SupportedFeatures.ENPOWER,
    INVENTORY,
    lambda inventory: _listed("ENPOWER", inventory),
    "has no system controller (IQ System Controller, Enpower) with a grid relay and dry contacts",
    "ENPOWER",
)
BATTERIES = Requirement(
    SupportedFeatures.ENCHARGE | SupportedFeatures.TARIFF,
    INVENTORY,
    lambda inventory: _listed("ENCHARGE", inventory),
    "has no IQ Batteries (Encharge)",
    "ENCHARGE",
)
ACBS = Requirement(
    SupportedFeatures.ACB,
    URL_INVENTORY,
    lambda inventory: bool(acbs(inventory)),
    "has no AC Batteries (ACB)",
    "ACB",
)
GENERATOR = Requirement(
    SupportedFeatures.GENERATOR | SupportedFeatures.GENERATOR_SCHEDULE,
    GENERATOR_CONFIG,
    lambda config: "charge_from_generator" in config,
    "has no generator configured",
    "GENERATOR",
)

PRODUCTION_SWITCH = Requirement(
    SupportedFeatures(0),
    site.POWER,
    lambda content: "powerForcedOff" in content,
    "has no switch for production: its firmware is too old",
    "production switch",
)
EXPORT_LIMIT = Requirement(
    SupportedFeatures(0),
    site.DYNAMIC_LIMIT,
    lambda content: isinstance(content.get("dynamic_pel_settings"), dict),
    "has no dynamic export limit: it needs meters and firmware 7 or newer",
    "dynamic export limit",
)
LIVE_DATA = Requirement(
    SupportedFeatures(0),
    site.LIVE_STATUS,
    lambda content: "sc_stream" in content["connection"],
    "has no live data: its firmware is too old",
    "live data",
)

_ON = {True: "on", False: "off"}

_ROWS = (
    Command(
        name="grid off",
        title=lambda args: "disconnect the house from the grid",
        requirement=CONTROLLER,
        reads=grid.READS,
        state=grid.state,
        desired=lambda args, before: {"commanded": "open", "relay": "open"},
        write=lambda envoy, args, desired: envoy.go_off_grid(),
        extra_reads=grid.EXTRA_READS,
        notes=grid.off_grid_notes,
        failure_hint=grid.off_grid_hint,
        phrase="off grid",
        timeout=60.0,
    ),
    Command(
        name="grid on",
        title=lambda args: "connect the house to the grid",
        requirement=CONTROLLER,
        reads=grid.READS,
        state=grid.state,
        desired=lambda args, before: {"commanded": "closed", "relay": "closed"},
        write=lambda envoy, args, desired: envoy.go_on_grid(),
        failure_hint=grid.on_grid_hint,
        # the grid has to be stable for five minutes first
        timeout=420.0,
        poll_interval=10.0,
    ),
    Command(
        name="contact open",
        title=lambda args: f"open dry contact {args['id']}",
        requirement=CONTROLLER,
        reads=dry_contacts.STATUS_READS,
        state=dry_contacts.status,
        desired=lambda args, before: {"status": "open"},
        write=lambda envoy, args, desired: envoy.open_dry_contact(args["id"]),
        extra_reads=(DRY_CONTACT_SETTINGS,),
        notes=dry_contacts.manual_notes,
    ),
    Command(
        name="contact close",
        title=lambda args: f"close dry contact {args['id']}",
        requirement=CONTROLLER,
        reads=dry_contacts.STATUS_READS,
        state=dry_contacts.status,
        desired=lambda args, before: {"status": "closed"},
        write=lambda envoy, args, desired: envoy.close_dry_contact(args["id"]),
        extra_reads=(DRY_CONTACT_SETTINGS,),
        notes=dry_contacts.manual_notes,
    ),
    Command(
        name="contact set",
        title=lambda args: f"change the settings of dry contact {args['id']}",
        requirement=CONTROLLER,
        reads=dry_contacts.SETTINGS_READS,
        state=dry_contacts.settings,
        desired=dry_contacts.desired,
        check=dry_contacts.check,
        write=dry_contacts.write,
    ),
    Command(
        name="storage mode",
        title=lambda args: f"set the storage mode to {args['mode']}",
        requirement=BATTERIES,
        reads=storage.READS,
        state=storage.state,
        desired=storage.desired_mode,
        write=storage.write_mode,
        notes=storage.mode_notes,
        failure_hint=storage.mode_hint,
        cloud=True,
    ),
    Command(
        name="storage reserve",
        title=lambda args: f"set the reserve for outages to {args['reserve']} %",
        requirement=BATTERIES,
        reads=storage.READS,
        state=storage.state,
        desired=lambda args, before: {"reserve_percent": float(args["reserve"])},
        check=storage.check_reserve,
        write=lambda envoy, args, desired: envoy.set_reserve_soc(args["reserve"]),
        notes=storage.reserve_notes,
        failure_hint=storage.cloud_hint,
        cloud=True,
    ),
    Command(
        name="storage charge-from-grid",
        title=lambda args: f"turn charging from the grid {_ON[args['on']]}",
        requirement=BATTERIES,
        reads=storage.READS,
        state=storage.state,
        desired=lambda args, before: {"charge_from_grid": args["on"]},
        write=storage.write_charging,
        failure_hint=storage.cloud_hint,
        cloud=True,
    ),
    Command(
        name="acb sleep",
        title=lambda args: f"send AC Battery {', '.join(args['serials'])} to sleep",
        requirement=ACBS,
        reads=acb.READS,
        state=acb.state,
        desired=acb.desired_asleep,
        check=acb.check_asleep,
        write=acb.sleep,
        notes=acb.asleep_notes,
        failure_hint=acb.failure_hint,
        timeout=acb.TIMEOUT,
        poll_interval=acb.POLL_INTERVAL,
        watch_seconds=acb.WATCHED,
    ),
    Command(
        name="acb wake",
        title=lambda args: f"wake AC Battery {', '.join(args['serials'])} up",
        requirement=ACBS,
        reads=acb.READS,
        state=acb.state,
        desired=acb.desired_awake,
        write=acb.wake,
        notes=acb.lag_notes,
        failure_hint=acb.failure_hint,
        timeout=acb.TIMEOUT,
        poll_interval=acb.POLL_INTERVAL,
        watch_seconds=acb.WATCHED,
    ),
    Command(
        name="generator mode",
        title=lambda args: f"set the generator to {args['mode']}",
        requirement=GENERATOR,
        reads=generator.MODE_READS,
        state=generator.mode,
        desired=lambda args, before: {"mode": args["mode"]},
        write=lambda envoy, args, desired: envoy.set_generator_mode(args["mode"]),
        notes=generator.mode_notes,
    ),
    Command(
        name="generator schedule",
        title=lambda args: "change the schedule of the generator",
        requirement=GENERATOR,
        reads=generator.SCHEDULE_READS,
        state=generator.schedule,
        desired=generator.desired_schedule,
        check=generator.check_schedule,
        write=generator.write_schedule,
    ),
    Command(
        name="generator charge",
        title=lambda args: f"turn charging from the generator {_ON[args['on']]}",
        requirement=GENERATOR,
        reads=generator.CONFIG_READS,
        state=generator.charging,
        desired=lambda args, before: {"charge_from_generator": args["on"]},
        write=lambda envoy, args, desired: envoy.set_generator_charge_from_generator(args["on"]),
        failure_hint=generator.charging_hint,
    ),
    Command(
        name="production off",
        title=lambda args: "switch production off",
        requirement=PRODUCTION_SWITCH,
        reads=(site.POWER,),
        state=site.production,
        desired=lambda args, before: {"production": "off"},
        write=site.write_production,
        notes=site.production_off_notes,
        failure_hint=site.production_hint,
        phrase="production off",
        timeout=60.0,
        cloud=True,
    ),
    Command(
        name="production on",
        title=lambda args: "switch production on",
        requirement=PRODUCTION_SWITCH,
        reads=(site.POWER,),
        state=site.production,
        desired=lambda args, before: {"production": "on"},
        write=site.write_production,
        notes=site.production_on_notes,
        failure_hint=site.production_hint,
        timeout=60.0,
    ),
    Command(
        name="export limit",
        title=lambda args: f"limit export to {args['watts']} W",
        requirement=EXPORT_LIMIT,
        reads=(site.DYNAMIC_LIMIT,),
        state=site.export_limit,
        desired=site.desired_limit,
        check=site.check_limit,
        write=site.write_limit,
        notes=site.limit_notes,
    ),
    Command(
        name="export unlimited",
        title=lambda args: "remove the dynamic export limit",
        requirement=EXPORT_LIMIT,
        reads=(site.DYNAMIC_LIMIT,),
        state=site.export_limit,
        desired=site.desired_limit,
        check=site.check_limit,
        write=site.write_limit,
    ),
    Command(
        name="live stream",
        title=lambda args: f"turn the live data stream {_ON[args['on']]}",
        requirement=LIVE_DATA,
        reads=(site.LIVE_STATUS,),
        state=site.live_stream,
        desired=lambda args, before: {"stream": "enabled" if args["on"] else "disabled"},
        write=site.write_live_stream,
        notes=site.live_notes,
    ),
)

#: the rows by name
COMMANDS: Mapping[str, Command] = {row.name: row for row in _ROWS}
