"""The steps at a gateway that can be reached, by the exporter's own session and collectors."""

from datetime import UTC, datetime

from exporter.diagnostics.context import Case
from exporter.diagnostics.hints import failure
from exporter.diagnostics.result import Failure, NotApplicable, Told, clean
from exporter.errors import (
    FeatureMissingError,
    GatewayError,
    InvalidResponseError,
    LoginRefusedError,
)
from exporter.exposition import Exposition
from exporter.gateway.client import Identity
from exporter.gateway.collectors import COLLECTORS, collect
from exporter.gateway.extras import Home
from exporter.gateway.policy import INVERTERS, observed
from exporter.gateway.probe import DRIVEN, lost_features, nothing_found, probe
from exporter.snapshot import Reading, Snapshot

_HOUR, _DAY = 3600.0, 86400.0
#: seconds of silence towards the cloud, over the network and by modem, as in the alert rules
_SILENCE, _SILENCE_CELLULAR = 2700.0, 25200.0
#: seconds that a clock may be wrong, as in the alert rules
_SKEW = 120.0
#: seconds before the end of a token that nobody renews, as in the alert rules
_TOKEN_ENDS = 14 * _DAY


async def info(case: Case) -> Told:
    """Ask who it is, which needs no login."""
    try:
        found = await case.session.identify()
    except GatewayError as error:
        raise failure("info", error, case) from None
    return Told(f"gateway {found.serial} answers")


async def firmware(case: Case) -> Told:
    """Say what it is, and by what it lets in."""
    found = _identity(case)
    part = f", part {clean(found.part_number)}" if found.part_number else ""
    kind = "metered" if found.metered else "not metered"
    way = "wants a token" if found.wants_token else "needs no token"
    said = f"{found.firmware}{part}, {kind}; {way}"
    if found.wants_token and not case.encrypted:
        return Told(
            f"{said}, though it is asked by plain HTTP",
            "leave the port out of `host`: from firmware 7 on, login takes HTTPS",
        )
    remembered = case.memory.serial
    if remembered and remembered != found.serial:
        return Told(
            f"{said}; until now gateway {remembered} answered here",
            "if the gateway was replaced, all is well, and its counters begin anew; if you have"
            " two, check `host`",
        )
    return Told(said)


async def login(case: Case) -> Told:
    """Log in as the exporter would."""
    try:
        await case.session.log_in()
        if case.session.token is None:
            # Users of the gateway's own show only with a question, and are asked one in any case.
            await case.session.try_login(INVERTERS)
    except GatewayError as error:
        raise failure("login", error, case) from None
    token = case.session.token
    if token is None:
        return Told("the gateway's local users are let in")
    given = case.config.credentials().token
    if given and given.strip() == token.value:
        return Told("the configured token is accepted")
    return Told("a token of the Enphase account is accepted")


async def features(case: Case) -> Told:
    """Find out what there is to collect."""
    try:
        found = await probe(case.session, _identity(case))
    except GatewayError as error:
        raise failure("features", error, case) from None
    case.site.discovery = found
    if not found.features:
        # Each refused, they were all refused: that is the login, not the features.
        refused = [each for each in found.doubts.values() if isinstance(each, LoginRefusedError)]
        told = refused[0] if refused else nothing_found(found, str(_identity(case).firmware))
        raise failure("features", told, case)
    known = case.memory.features
    case.memory.collectors |= found.collectors
    case.memory.features = known | found.names
    said = ", ".join(c.name for c in COLLECTORS if c.name in found.collectors)
    lost = [name for each in COLLECTORS for name in lost_features(each.name, known, found)]
    if lost:
        return Told(
            f"{said}; gone: {', '.join(lost).lower()}",
            "it was there before: it comes back by itself, unless the hardware was taken out",
        )
    # A doubt about what another endpoint has answered for is none; nor is a page of old firmware,
    # which has one for everything that it does not know.
    pages = () if _identity(case).wants_token else (InvalidResponseError,)
    doubts = [
        each
        for endpoint, each in found.doubts.items()
        if observed(endpoint).collector not in found.collectors and not isinstance(each, pages)
    ]
    if doubts:
        words = "; ".join(clean(str(each)) for each in doubts)
        return Told(f"{said}; in doubt: {words}", failure("features", doubts[0], case).remedy)
    return Told(said)


async def poll(case: Case) -> Told:
    """Run every collector that has something to collect, once."""
    site, problems, wanted = case.site, [], []
    for collector in COLLECTORS:
        if collector.name not in case.memory.collectors | site.collectors_seen():
            continue
        case.collecting = collector.name
        wanted.append(collector.name)
        try:
            if collector.name in DRIVEN and not site.discovery.updaters.get(collector.name):
                raise FeatureMissingError(f"{collector.name}: the gateway does not offer it now")
            found = await collect(collector, site)
        except GatewayError as error:
            problems.append(error)
            continue
        problems += found.problems
        counters = {**site.guard.judge(collector.name, found.data), **found.counters}
        case.readings[collector.name] = Reading(found.data, case.clock.time(), counters=counters)
    case.samples = _samples(case)
    said = f"{len(case.readings)} of {len(wanted)} collectors, {case.samples} samples"
    if problems:
        worst = failure("poll", problems[0], case)
        told = "; ".join(dict.fromkeys(clean(str(each)) for each in problems))
        raise Failure(f"{said}: {told}", worst.remedy)
    return Told(said)


async def cloud(case: Case) -> Told:
    """See when the gateway last reported to Enphase."""
    reading = case.readings.get("home")
    home = reading.data["home"] if reading else None
    if not isinstance(home, Home) or (home.last_report is None and home.cloud_connected is None):
        raise NotApplicable("the gateway does not say")
    cellular = home.primary_interface in {
        name for name, interface in home.interfaces.items() if interface.type == "cellular"
    }
    age = None if not home.last_report else case.site.gateway_time() - home.last_report
    last = "never" if age is None else f"{_ago(age)} ago"
    remedy = (
        "the LAN side works, so this exporter goes on; the Enphase app and Enphase's own monitoring"
        " are blind: check the gateway's way to the internet, then call Enphase or the installer"
    )
    if home.cloud_connected is False:
        raise Failure(f"not connected to Enphase; last report {last}", remedy)
    if age is None or age > (_SILENCE_CELLULAR if cellular else _SILENCE):
        raise Failure(f"last report to Enphase {last}", remedy)
    return Told(f"last report to Enphase {last}")


async def clock(case: Case) -> Told:
    """Compare its clock with ours."""
    skew = case.transport.clock_skew
    if skew is None:
        raise NotApplicable("the gateway tells no time")
    if abs(skew) <= _SKEW:
        return Told("as this machine's" if not skew else f"{skew:+.0f} s beside this machine's")
    return Told(
        f"{_ago(abs(skew))} {'ahead of' if skew > 0 else 'behind'} this machine's",
        "one of the two is wrong: see that this machine has network time (`timedatectl`), and that"
        " the gateway reaches the internet; a wrong clock also makes good tokens look ended",
    )


async def token(case: Case) -> Told:
    """Say how long the token lives, and who renews it."""
    held = case.session.token
    if held is None:
        raise NotApplicable("this firmware needs none")
    left = held.expires - case.clock.time()
    end = datetime.fromtimestamp(min(held.expires, 2**33), UTC)
    said = f"ends {end:%Y-%m-%d}, in {_ago(left)}"
    credentials = case.config.credentials()
    if credentials.username and credentials.password:
        return Told(f"{said}; renewed from the account before")
    if left < _TOKEN_ENDS:
        return Told(
            said,
            "get a new one at https://entrez.enphaseenergy.com, or configure the account, with"
            " which the exporter renews it by itself",
        )
    return Told(f"{said}; nobody renews it before")


def _identity(case: Case) -> Identity:
    identity = case.session.identity
    if identity is None:
        raise Failure("not connected", "see what failed before")
    return identity


def _samples(case: Case) -> int:
    """Return how many samples the readings make on `/metrics`."""
    exposition = Exposition(case.clock)
    exposition.update(Snapshot(case.config.name, case.readings))
    return exposition.with_timestamps(0).count(b"\n")


def _ago(seconds: float) -> str:
    """Return a time in words, in the unit that fits."""
    if seconds < 120:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"
