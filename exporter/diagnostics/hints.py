"""What a failure at a gateway means, and what its owner can do about it.

A table, read from the top: the first row that fits counts. A row fits by step (any if empty), by
kind of error and by words in it, which are the exporter's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.diagnostics.context import Case
from exporter.diagnostics.result import Failure, clean
from exporter.errors import (
    BadStatusError,
    CloudLoginError,
    ConnectionLostError,
    FeatureMissingError,
    GatewayError,
    GatewayStartingError,
    InvalidResponseError,
    LoginRefusedError,
    RequestTimeoutError,
    UnreachableError,
    UnsupportedFirmwareError,
)
from exporter.gateway.tokens import Token

_PORTAL = "https://entrez.enphaseenergy.com"
_NEW_TOKEN = (
    f"get one at {_PORTAL} (log in, choose the system and this gateway), and put it into the"
    " `token_file` of the configuration"
)


def _port_80(case: Case) -> bool:
    return case.given_port == 80


def _other_gateway(case: Case) -> bool:
    return bool(made_for(case))


def _no_token(case: Case) -> bool:
    given = case.config.credentials().token
    return bool(given) and Token.parse(given or "", case.clock.time()) is None


def _owners_users(case: Case) -> bool:
    return bool(case.config.credentials().username)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of failure; `said` replaces the error's own words, `when` narrows it down."""

    step: str
    kinds: tuple[type[GatewayError], ...]
    words: str
    remedy: str
    said: str = ""
    when: Callable[[Case], bool] | None = None

    def fits(self, step: str, error: GatewayError, case: Case) -> bool:
        """Return whether the row is about this failure."""
        return (
            self.step in ("", step)
            and isinstance(error, self.kinds)
            and self.words in str(error)
            and (self.when is None or self.when(case))
        )


ROWS: tuple[Row, ...] = (
    # --- /info ----------------------------------------------------------------------------------
    Row(
        "info",
        (BadStatusError, InvalidResponseError, ConnectionLostError, UnreachableError),
        "",
        "newer firmware does not speak on port 80: leave `:80` out of `host`",
        when=_port_80,
    ),
    Row(
        "info",
        (BadStatusError, InvalidResponseError),
        "",
        "another device has this address, such as the router: correct `host`;"
        " `enphase-exporter discover` lists the gateways that can be heard from here",
        said="what answers here is no Enphase gateway{subject}: {error}",
    ),
    Row(
        "info",
        (RequestTimeoutError, ConnectionLostError, UnreachableError),
        "",
        "the gateway starts, hangs or is busy, as just after 23:00: try again in ten minutes; if it"
        " stays so, switch it off and on",
    ),
    # --- login by token -------------------------------------------------------------------------
    Row(
        "login",
        (LoginRefusedError,),
        "",
        f"the configured text is not one: {_NEW_TOKEN}; a token begins with eyJ and is about a"
        " thousand characters long",
        said="what is configured as token is no token",
        when=_no_token,
    ),
    Row(
        "login",
        (LoginRefusedError,),
        "refuses the token",
        f"tokens are made for one gateway: at {_PORTAL} choose the gateway with the serial number"
        " {serial}, or point `host` at the other one",
        said="the token was made for gateway {made_for}, this one is {serial}",
        when=_other_gateway,
    ),
    Row(
        "login",
        (LoginRefusedError,),
        "refuses the token",
        f"it was revoked, or the clock of the gateway is wrong: {_NEW_TOKEN}",
        said="the gateway refuses the token",
    ),
    Row(
        "login",
        (LoginRefusedError,),
        "the token ended",
        f"{_NEW_TOKEN}; with `username` and `password_file` of the account the exporter renews it"
        " by itself",
    ),
    Row(
        "login",
        (LoginRefusedError,),
        "wants a token",
        f"{_NEW_TOKEN}; or configure `username` and `password_file` of the Enphase account;"
        " `enphase-exporter init` does either",
        said="this firmware wants a token, and none is configured",
    ),
    # --- login by account -----------------------------------------------------------------------
    Row(
        "login",
        (CloudLoginError,),
        "second factor",
        f"{_NEW_TOKEN}: it lasts a year; or make an account without MFA that sees this system",
        said="the Enphase account asks for a second factor (MFA), which a program cannot give",
    ),
    Row(
        "login",
        (CloudLoginError,),
        "refuses username and password",
        "try both at https://enlighten.enphaseenergy.com: too many wrong attempts lock the account",
        said="the Enphase cloud refuses user name or password",
    ),
    Row(
        "login",
        (CloudLoginError,),
        "no token for this gateway",
        "is the gateway {serial} registered to this account? In the Enphase app it stands under"
        " Devices; a replaced one is registered by the installer",
        said="the Enphase account has no gateway {serial}",
    ),
    Row(
        "login",
        (CloudLoginError,),
        "",
        "does this machine reach the internet? Else the cloud has a bad hour: try later, or give a"
        f" token got by hand at {_PORTAL}",
    ),
    # --- local users of old firmware ------------------------------------------------------------
    Row(
        "",
        (LoginRefusedError,),
        "",
        "the configured `username` and `password` are not those of the gateway: leave both out, the"
        " passwords of old firmware follow from the serial number",
        when=_owners_users,
    ),
    Row(
        "",
        (LoginRefusedError,),
        "",
        "the gateway does not let us see this: somebody may have changed its local password; set it"
        " as `username: installer` and `password_file`",
    ),
    # --- what it offers -------------------------------------------------------------------------
    Row(
        "",
        (UnsupportedFirmwareError,),
        "",
        "firmware that old says nothing that can be read by program: ask Enphase or the installer"
        " for an update",
    ),
    Row("", (GatewayStartingError,), "", "the gateway is starting: try again in ten minutes"),
    Row(
        "", (FeatureMissingError,), "", "the hardware went, or the gateway starts: wait, then look"
    ),
    Row(
        "",
        (RequestTimeoutError, ConnectionLostError, UnreachableError),
        "",
        "the gateway is overloaded or the network is bad: who else asks it, and how often? The"
        " exporter leaves it alone between its questions and tries again by itself",
    ),
    Row(
        "",
        (GatewayError,),
        "",
        "the exporter tries again by itself and goes on with the rest; if it stays so, report it",
    ),
)


def failure(step: str, error: GatewayError, case: Case) -> Failure:
    """Return what a step's error means, and the remedy."""
    row = next(row for row in ROWS if row.fits(step, error, case))
    identity = case.session.identity
    words = {
        "error": clean(str(error)),
        "serial": clean(identity.serial) if identity else "unknown",
        "made_for": made_for(case),
        "subject": f" (its certificate names {case.subject})" if case.subject else "",
    }
    return Failure((row.said or "{error}").format(**words), row.remedy.format(**words))


def made_for(case: Case) -> str:
    """Return for which other gateway the configured token was made; empty if for none."""
    given = case.config.credentials().token
    token = Token.parse(given, case.clock.time()) if given else None
    identity = case.session.identity
    if token is None or identity is None or token.serial in (None, identity.serial):
        return ""
    return clean(str(token.serial))
