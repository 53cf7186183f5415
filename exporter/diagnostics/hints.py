"""What a failure at a gateway means, and what its owner can do about it.

A table, read from the top: the first hint that fits counts. A hint fits by step (any if empty), by
type of error and by words in its message, which are the exporter's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.diagnostics.context import DiagnosisContext
from exporter.diagnostics.result import StepFailedError, clean
from exporter.errors import (
    BadStatusError,
    CloudLoginError,
    ConnectionLostError,
    EndpointAbsentError,
    FeatureMissingError,
    GatewayError,
    GatewayStartingError,
    InvalidResponseError,
    LoginRedirectError,
    LoginRefusedError,
    NotPermittedError,
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


def _port_80(context: DiagnosisContext) -> bool:
    return context.given_port == 80


def _other_gateway(context: DiagnosisContext) -> bool:
    return bool(token_serial(context))


def _invalid_token(context: DiagnosisContext) -> bool:
    given = context.config.credentials().token
    return bool(given) and Token.parse(given or "", context.clock.time()) is None


def _has_username(context: DiagnosisContext) -> bool:
    return bool(context.config.credentials().username)


def _uses_token(context: DiagnosisContext) -> bool:
    identity = context.session.identity
    return identity is not None and identity.wants_token


def _logged_in_by_token(context: DiagnosisContext) -> bool:
    return context.logged_in and _uses_token(context)


@dataclass(frozen=True, slots=True)
class Hint:
    """One type of failure; `message` replaces the error's own words, `when` narrows it down."""

    step: str
    kinds: tuple[type[GatewayError], ...]
    words: str
    remedy: str
    message: str = ""
    when: Callable[[DiagnosisContext], bool] | None = None

    def fits(self, step: str, error: GatewayError, context: DiagnosisContext) -> bool:
        """Return whether the hint is about this failure."""
        return (
            self.step in ("", step)
            and isinstance(error, self.kinds)
            and self.words in str(error)
            and (self.when is None or self.when(context))
        )


HINTS: tuple[Hint, ...] = (
    # --- /info ----------------------------------------------------------------------------------
    Hint(
        "info",
        (BadStatusError, InvalidResponseError, ConnectionLostError, UnreachableError),
        "",
        "newer firmware does not answer on port 80: remove `:80` from `host`",
        when=_port_80,
    ),
    Hint(
        "info",
        (BadStatusError, InvalidResponseError, EndpointAbsentError, LoginRefusedError),
        "",
        "another device has this address, for example the router: correct `host`;"
        " `enphase-exporter discover` lists the gateways on this network",
        message="this is probably not an Enphase gateway{subject}: {error}",
    ),
    Hint(
        "info",
        (RequestTimeoutError, ConnectionLostError, UnreachableError),
        "",
        "the gateway is starting, blocked or busy, as every day just after 23:00: try again in ten"
        " minutes; if it stays like this, power-cycle it",
    ),
    # --- login with a token ---------------------------------------------------------------------
    Hint(
        "login",
        (LoginRefusedError,),
        "",
        f"{_NEW_TOKEN}; a token starts with eyJ and is about a thousand characters long",
        message="the configured token is not a valid token",
        when=_invalid_token,
    ),
    Hint(
        "login",
        (LoginRefusedError,),
        "made for another gateway",
        f"a token is valid for one gateway only: at {_PORTAL} choose the gateway with the serial"
        " number {serial}, or point `host` at the other gateway",
        message="the token is for gateway {token_serial}, this one is {serial}",
        when=_other_gateway,
    ),
    Hint(
        "login",
        (LoginRefusedError,),
        "refuses the token",
        f"it was revoked, or the gateway's clock is wrong: {_NEW_TOKEN}",
        message="the gateway rejects the token",
    ),
    Hint(
        "login",
        (LoginRefusedError,),
        "the token ended",
        f"{_NEW_TOKEN}; with `username` and `password_file` of the account, the exporter renews it"
        " by itself",
        message="the token has expired",
    ),
    Hint(
        "login",
        (LoginRefusedError,),
        "wants a token",
        f"{_NEW_TOKEN}; or configure `username` and `password_file` of the Enphase account;"
        " `enphase-exporter init` can do both",
        message="this firmware needs a token, and none is configured",
    ),
    Hint(
        "",
        (LoginRedirectError,),
        "",
        f"it no longer accepts the login: {_NEW_TOKEN}",
        message="the gateway sends its login page instead of data: it rejects the login",
        when=_uses_token,
    ),
    # --- login with the account -----------------------------------------------------------------
    Hint(
        "login",
        (CloudLoginError,),
        "second factor",
        f"{_NEW_TOKEN}: it is valid for a year; or create an account without MFA that can see this"
        " system",
        message="the Enphase account asks for a second factor (MFA), which a program cannot give",
    ),
    Hint(
        "login",
        (CloudLoginError,),
        "refuses username and password",
        "try both at https://enlighten.enphaseenergy.com: too many wrong attempts lock the account",
        message="the Enphase cloud rejects the user name or password",
    ),
    Hint(
        "login",
        (CloudLoginError,),
        "no token for this gateway",
        "is gateway {serial} registered to this account? The Enphase app lists it under Devices; a"
        " replaced gateway is registered by the installer",
        message="the Enphase account has no gateway {serial}",
    ),
    Hint(
        "login",
        (CloudLoginError,),
        "",
        "can this machine reach the internet? Otherwise the Enphase cloud may be temporarily"
        f" unavailable: try later, or use a token from {_PORTAL}",
    ),
    # --- endpoints that this login may not read -------------------------------------------------
    Hint(
        "",
        (NotPermittedError, LoginRefusedError),
        "",
        "the login works, but this endpoint is not open to it: on firmware 8 an owner's token may"
        " not read some endpoints, an installer's may; everything else is read as usual",
        when=_logged_in_by_token,
    ),
    # --- local users of old firmware ------------------------------------------------------------
    Hint(
        "",
        (LoginRefusedError,),
        "",
        "the configured `username` and `password` are not those of the gateway: remove both; the"
        " passwords of old firmware are derived from the serial number",
        when=_has_username,
    ),
    Hint(
        "",
        (NotPermittedError, LoginRefusedError),
        "",
        "the gateway does not accept its default login: its local password may have been changed;"
        " configure it with `username: installer` and `password_file`",
    ),
    # --- what it offers -------------------------------------------------------------------------
    Hint(
        "",
        (UnsupportedFirmwareError,),
        "",
        "the gateway itself works: this firmware is too old to offer its data to programs; ask"
        " Enphase or the installer for an update",
    ),
    Hint("", (GatewayStartingError,), "", "the gateway is starting: try again in ten minutes"),
    Hint(
        "",
        (FeatureMissingError, EndpointAbsentError),
        "",
        "the hardware was removed, or the gateway is starting: check again in ten minutes",
    ),
    Hint(
        "",
        (RequestTimeoutError, ConnectionLostError, UnreachableError),
        "",
        "the gateway is overloaded or the network is bad: does something else poll it, and how"
        " often? The exporter pauses between its requests and tries again by itself",
    ),
    Hint(
        "",
        (GatewayError,),
        "",
        "the exporter tries again by itself and reads everything else; if it stays like this,"
        " report it with a capture (`enphase-exporter capture`)",
    ),
)


def explain(step: str, error: GatewayError, context: DiagnosisContext) -> StepFailedError:
    """Return what a step's error means, and the remedy."""
    hint = next(hint for hint in HINTS if hint.fits(step, error, context))
    identity = context.session.identity
    words = {
        "error": clean(str(error)),
        "serial": clean(identity.serial) if identity else "unknown",
        "token_serial": token_serial(context),
        "subject": f" (its certificate names {context.subject})" if context.subject else "",
    }
    return StepFailedError((hint.message or "{error}").format(**words), hint.remedy.format(**words))


def token_serial(context: DiagnosisContext) -> str:
    """Return for which other gateway the configured token was made; empty if for none."""
    given = context.config.credentials().token
    token = Token.parse(given, context.clock.time()) if given else None
    identity = context.session.identity
    if token is None or identity is None or token.serial in (None, identity.serial):
        return ""
    return clean(str(token.serial))
