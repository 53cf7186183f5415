"""The steps at a reachable gateway, with the exporter's own session and collectors."""

from datetime import UTC, datetime

from exporter.diagnostics.context import DiagnosisContext
from exporter.diagnostics.hints import explain
from exporter.diagnostics.result import Passed, StepFailedError, StepSkippedError, clean
from exporter.errors import GatewayError
from exporter.gateway.endpoints import inverters
from exporter.gateway.endpoints.home import Home
from exporter.gateway.identity import Identity

_HOUR, _DAY = 3600.0, 86400.0
#: seconds since the last cloud report, by network and by cellular modem, as in the alert rules
_SILENCE, _SILENCE_CELLULAR = 2700.0, 25200.0
#: seconds of clock skew, as in the alert rules
_SKEW = 120.0
#: seconds of lifetime of a token that is not renewed by itself, as in the alert rules; below the
#: second, the exporter is about to stop
_TOKEN_WARNING, _TOKEN_CRITICAL = 14 * _DAY, _DAY


_RENEWAL = (
    "get a new one at https://entrez.enphaseenergy.com, or configure `username` and `password_file`"
    " of the account, with which the exporter renews it by itself"
)
_SHORT_LIVED = (
    f"the exporter stops reading then; {_RENEWAL}. Tokens of installer accounts are valid for 12"
    " hours, those of owners for a year"
)


async def info(context: DiagnosisContext) -> Passed:
    """Read the identity, which needs no login."""
    try:
        identity = await context.session.identify()
    except GatewayError as error:
        raise explain("info", error, context) from None
    return Passed(f"gateway {clean(identity.serial)} answers")


async def firmware(context: DiagnosisContext) -> Passed:
    """Report firmware and part number, and how to log in."""
    identity = _identity(context)
    part = f", part {clean(identity.part_number)}" if identity.part_number else ""
    kind = "metered" if identity.metered else "not metered"
    access = "needs a token" if identity.wants_token else "needs no token"
    message = f"{clean(str(identity.firmware))}{part}, {kind}; {access}"
    if identity.wants_token and not context.encrypted:
        return Passed(
            f"{message}, but the connection is plain HTTP",
            "remove the port from `host`: from firmware 7 on, the login needs HTTPS",
        )
    known_serial = context.memory.serial
    if known_serial and known_serial != identity.serial:
        return Passed(
            f"{message}; so far gateway {known_serial} was at this address",
            "if the gateway was replaced, this is expected, and its counters start again; if you"
            " have"
            " two gateways, check `host`",
        )
    return Passed(message)


async def login(context: DiagnosisContext) -> Passed:
    """Log in as the exporter would."""
    try:
        await context.session.log_in()
        if context.session.token is None:
            # Whether local users are accepted shows only with a request.
            await context.session.check_access(inverters.ENDPOINT.path)
    except GatewayError as error:
        raise explain("login", error, context) from None
    context.logged_in = True
    token = context.session.token
    if token is None:
        return Passed("logged in as a local user of the gateway")
    given = context.config.credentials().token
    if given and given.strip() == token.value:
        return Passed("the configured token is accepted")
    return Passed("a token from the Enphase account is accepted")


async def cloud(context: DiagnosisContext) -> Passed:
    """Check when the gateway last reported to Enphase."""
    reading = context.readings.get("home")
    home = reading.data["home"] if reading else None
    if not isinstance(home, Home) or (home.last_report is None and home.cloud_connected is None):
        raise StepSkippedError("the gateway does not report it")
    cellular = home.primary_interface in {
        name for name, interface in home.interfaces.items() if interface.type == "cellular"
    }
    age = None if not home.last_report else context.gateway_time - home.last_report
    last = "never" if age is None else f"{_ago(age)} ago"
    remedy = (
        "the local network works, so this exporter is not affected; the Enphase app and Enphase's"
        " own"
        " monitoring get no data: check the gateway's internet connection, then call Enphase or the"
        " installer"
    )
    if home.cloud_connected is False:
        raise StepFailedError(f"not connected to Enphase; last report {last}", remedy)
    if age is None or age > (_SILENCE_CELLULAR if cellular else _SILENCE):
        raise StepFailedError(f"last report to Enphase {last}", remedy)
    return Passed(f"last report to Enphase {last}")


async def clock(context: DiagnosisContext) -> Passed:
    """Compare the gateway's clock with ours."""
    skew = context.session.clock_skew
    if skew is None:
        raise StepSkippedError("the gateway sends no time")
    if abs(skew) <= _SKEW:
        return Passed(
            "same as this machine's" if not skew else f"{skew:+.0f} s from this machine's"
        )
    return Passed(
        f"{_ago(abs(skew))} {'ahead of' if skew > 0 else 'behind'} this machine's",
        "one of the two is wrong: check that this machine uses network time (`timedatectl`), and"
        " that"
        " the gateway can reach the internet; with a wrong clock, valid tokens seem expired",
    )


async def token(context: DiagnosisContext) -> Passed:
    """Report how long the token is valid, and whether it is renewed."""
    held = context.session.token
    if held is None:
        raise StepSkippedError("this firmware needs none")
    left = held.expires - context.clock.time()
    end = datetime.fromtimestamp(min(held.expires, 2**33), UTC)
    message = f"expires {end:%Y-%m-%d}, in {_ago(left)}"
    credentials = context.config.credentials()
    if credentials.username and credentials.password:
        return Passed(f"{message}; renewed from the account before")
    if left < _TOKEN_CRITICAL:
        raise StepFailedError(f"{message}, and nothing renews it", _SHORT_LIVED)
    if left < _TOKEN_WARNING:
        return Passed(message, _RENEWAL)
    return Passed(f"{message}; not renewed automatically")


def _identity(context: DiagnosisContext) -> Identity:
    identity = context.session.identity
    if identity is None:
        raise StepFailedError("not connected", "see the failed steps above")
    return identity


def _ago(seconds: float) -> str:
    """Return a duration in the unit that fits."""
    if seconds < 120:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"
