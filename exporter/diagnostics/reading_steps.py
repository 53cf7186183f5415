"""The steps that read data: every endpoint once, then the samples that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.diagnostics.context import DiagnosisContext
from exporter.diagnostics.hints import explain
from exporter.diagnostics.result import Passed, StepFailedError, clean
from exporter.errors import (
    EndpointAbsentError,
    GatewayError,
    GatewayStartingError,
    InvalidResponseError,
    LoginRefusedError,
    NotPermittedError,
    UnsupportedFirmwareError,
)
from exporter.exposition import Exposition
from exporter.gateway.counters import CounterGuard
from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from exporter.gateway.inventory import Inventory
from exporter.gateway.topology import HOME_COLLECTORS
from exporter.snapshot import Reading, Snapshot

_NOT_READ = frozenset({"/installer/pcu_comm_check", "/ivp/peb/devstatus"})
#: read only if another one does not answer
_SUBSTITUTES: Mapping[str, str] = {"/production": "/production.json?details=1"}
#: the endpoints that list the hardware, read first
_INVENTORIES = ("/ivp/ensemble/inventory", "/inventory.json?deleted=1")
#: endpoints of batteries, controllers and what belongs to them
_STORAGE = frozenset(
    path
    for name in ("battery_power", "storage", "dry_contacts", "generator")
    for path in PATHS[name]
)
_PATHS = tuple(
    dict.fromkeys(path for name in HOME_COLLECTORS for path in PATHS[name] if path not in _NOT_READ)
)
#: seconds for one endpoint
_DEADLINE = 15.0
#: seconds that requests may wait for the limit that all programs share, before some are left out
_LIMIT_PATIENCE = 18.0
#: seconds between two reads of battery power, which counters assume
_POWER_INTERVAL = 60.0


async def features(context: DiagnosisContext) -> Passed:
    """Read every endpoint once, and report which data the gateway offers."""
    await _read_all(context)
    try:
        context.data = {
            name: data for name in HOME_COLLECTORS if (data := _assembled(context, name))
        }
    except GatewayError as error:
        raise explain("features", error, context) from None
    if not context.data:
        raise explain("features", _nothing_readable(context), context)
    home = context.data.get("home", {}).get("home")
    context.memory.timezone = getattr(home, "timezone", None) or context.memory.timezone
    message = ", ".join(context.data)
    if context.left_out:
        message += (
            f"; {len(context.left_out)} endpoints left out, as the gateway was asked"
            " enough for this minute (by the exporter, or an earlier check)"
        )
    missing = list(_missing(context))
    if missing:
        return Passed(
            f"{message}; missing: {', '.join(missing)}",
            "it was there before: it comes back by itself, unless the hardware was removed; then"
            " `enphase-exporter forget` retires it",
        )
    problems = list(_problems(context))
    if problems:
        details = "; ".join(clean(str(error)) for error in problems)
        remedy = explain("features", problems[0], context).remedy
        return Passed(f"{message}; not readable: {details}", remedy)
    return Passed(message)


async def poll(context: DiagnosisContext) -> Passed:
    """Count the samples that all data makes on `/metrics`."""
    guard = CounterGuard(context.memory, context.clock, _POWER_INTERVAL)
    now = context.clock.time()
    for name, data in context.data.items():
        counters = guard.judge(name, data)
        context.readings[name] = Reading(data, now, counters=counters)
    exposition = Exposition(context.clock)
    exposition.update(Snapshot(context.config.name, context.readings))
    samples = exposition.with_timestamps(0).count(b"\n")
    # a login that may not read some endpoints is reported before, and is not a failure
    failed = [error for error in _problems(context) if not _is_not_permitted(context, error)]
    broken = {name for name in HOME_COLLECTORS if _has_failed(context, name)}
    complete = context.data.keys() - broken
    message = f"{len(complete)} of {len(complete | broken)} collectors, {samples} samples"
    if failed:
        details = "; ".join(dict.fromkeys(clean(str(error)) for error in failed))
        raise StepFailedError(f"{message}: {details}", explain("poll", failed[0], context).remedy)
    return Passed(message)


def _order(path: str) -> int:
    if path in _INVENTORIES:
        return 0
    return 2 if path in _SUBSTITUTES else 1


def _is_needless(context: DiagnosisContext, path: str) -> bool:
    """Return whether another endpoint has the same, or the hardware of this one is not there."""
    if path in _SUBSTITUTES:
        return _SUBSTITUTES[path] in context.parsed
    if path not in _STORAGE or any(each in context.failures for each in _INVENTORIES):
        return False
    return not any(
        parsed.data.get(member)
        for parsed in context.parsed.values()
        for member in ("encharge_inventory", "enpower", "collar", "acb_inventory")
    )


async def _read_all(context: DiagnosisContext) -> None:
    """Read what is needed, as far as the limit on requests lets it be read now."""
    patience = context.clock.monotonic() + _LIMIT_PATIENCE
    for path in sorted(_PATHS, key=_order):
        if _is_needless(context, path):
            continue
        if context.clock.monotonic() > patience and context.session.delay() > 0:
            context.left_out.append(path)
            continue
        context.collecting = path
        try:
            context.parsed[path] = await _read(context, path)
        except EndpointAbsentError:
            continue
        except GatewayError as error:
            context.failures[path] = error
    context.collecting = ""


async def _read(context: DiagnosisContext, path: str) -> Parsed:
    endpoint = ENDPOINTS[path]
    deadline = min(endpoint.deadline, _DEADLINE)
    response = await context.session.get(path, deadline=deadline, small=endpoint.small)
    return endpoint.parse(response.body)


def _assembled(context: DiagnosisContext, collector: str) -> dict[str, Any]:
    identity = context.session.identity
    now = Context(
        gateway_time=context.gateway_time,
        firmware=identity.firmware if identity else None,
        metered=bool(identity and identity.metered),
    )
    own = [path for path in PATHS[collector] if path in context.parsed]
    data = assemble(collector, context.parsed, now) if own else {}
    return {member: value for member, value in data.items() if value not in (None, {}, [])}


def _problems(context: DiagnosisContext) -> Iterator[GatewayError]:
    """Yield the failures of endpoints; old firmware answers a page for any that it lacks."""
    identity = context.session.identity
    pages: tuple[type[GatewayError], ...] = ()
    if identity is not None and not identity.wants_token:
        pages = (InvalidResponseError,)
    return (error for error in context.failures.values() if not isinstance(error, pages))


def _is_not_permitted(context: DiagnosisContext, error: GatewayError) -> bool:
    """Return whether the login works, but not for this endpoint."""
    if isinstance(error, NotPermittedError):
        return True
    return isinstance(error, LoginRefusedError) and bool(context.parsed)


def _has_failed(context: DiagnosisContext, collector: str) -> bool:
    errors = (context.failures.get(path) for path in PATHS[collector])
    return any(error is not None and not _is_not_permitted(context, error) for error in errors)


def _missing(context: DiagnosisContext) -> Iterator[str]:
    """Yield what the exporter has seen before and the gateway does not list now."""
    inventory = Inventory(context.config.name, context.memory, context.clock)
    for name in HOME_COLLECTORS:
        unknown = {*context.failures, *context.left_out}
        if unknown.isdisjoint(PATHS[name]):
            data = context.data.get(name, {})
            yield from inventory.observe(data, MEMBERS[name])


#: the members of each collector's data that list hardware
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "ensemble": ("encharge_inventory", "enpower", "collar", "c6cc"),
    "battery_power": ("encharge_power",),
    "meters": ("meter_setup", "ctmeters"),
    "production": (),
    "storage": (),
    "dry_contacts": ("dry_contact_status",),
    "generator": ("generator",),
    "home": (),
    "tariff": (),
    "inverters": ("inverters",),
    "acb": ("acb_inventory",),
}


def _nothing_readable(context: DiagnosisContext) -> GatewayError:
    """Return why there is no data: a refused login, a gateway that starts, or old firmware."""
    errors = list(context.failures.values())
    refused = [error for error in errors if isinstance(error, LoginRefusedError)]
    if refused:
        return refused[0]
    transient = [error for error in errors if not isinstance(error, InvalidResponseError)]
    if transient:
        return GatewayStartingError(f"nothing can be read yet: {transient[0]}")
    identity = context.session.identity
    firmware = identity.firmware if identity else "unknown"
    return UnsupportedFirmwareError(
        f"firmware {firmware} offers nothing that can be read: it is too old, or this is not an"
        " Envoy"
    )
