"""Everything that can go wrong on purpose, so that a caller can say it in one clear line.

    ExporterError
    ├── ConfigError                  a file, variable or flag: names source, key, value, remedy
    ├── StateError                   the state directory cannot be used
    ├── ListenError                  an address cannot be listened on
    ├── CaptureError                 a capture cannot be made or replayed
    ├── ControlError                 a command was not sent, or did not take effect
    └── GatewayError                 a request to a gateway failed; `reason` is the metric label
        ├── UnreachableError         no connection: name, route, refused
        │   └── TlsError             TLS failed, or the certificate is not the pinned one
        ├── ConnectionLostError      the connection broke before the response was complete
        ├── RequestTimeoutError      it took longer than the deadline
        ├── LoginRefusedError        the gateway refuses our credentials
        │   └── LoginRedirectError   it sends us to its login page instead
        ├── NotPermittedError        it refuses this endpoint while it lets us in at others
        ├── CloudLoginError          the Enphase cloud gave no token
        ├── IdentityError            another gateway answers than the one we have credentials for
        ├── BadStatusError           an HTTP status other than 2xx
        ├── EndpointAbsentError      this gateway does not have the endpoint
        ├── InvalidResponseError     not HTTP, cut off, or a body that cannot be decoded
        │   ├── NotJsonError         a complete body that is not JSON
        │   └── ResponseTooLargeError  a body beyond the limit of its endpoint
        ├── InvalidDataError         JSON whose keys or types are not those of the endpoint
        ├── GatewayStartingError     the zeros and empty lists of a gateway that starts
        ├── FeatureMissingError      a feature seen before that the gateway no longer has
        └── UnsupportedFirmwareError  a firmware without anything that can be read

Messages are written for the owner: what happened, then what to do. They never contain a secret.
"""

from typing import ClassVar, Self


class ExporterError(Exception):
    """Base of all errors that are shown to the user in one line, without a traceback."""


class ConfigError(ExporterError):
    """The configuration cannot be used as it is."""


class StateError(ExporterError):
    """The state directory cannot be created, read or written."""


class ListenError(ExporterError):
    """The address to listen on is taken or not ours."""


class CaptureError(ExporterError):
    """A capture folder is missing or broken, or cannot be written."""


class ControlError(ExporterError):
    """A command was not sent to the system, or did not take effect."""


class GatewayError(ExporterError):
    """A request to a gateway failed."""

    #: value of the label `reason` of `enphase_collector_failures_total`
    reason: ClassVar[str] = "other"

    def to_keep(self) -> Self:
        """Return this error without what it came through, for whoever remembers it.

        A traceback holds the variables of each function in it: the connection, its TLS, and up to
        megabytes of the body.
        """
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


class UnreachableError(GatewayError):
    """No connection to the gateway could be made."""

    reason = "unreachable"


class TlsError(UnreachableError):
    """The TLS handshake failed, or the certificate is not the pinned one."""

    reason = "tls"


class ConnectionLostError(GatewayError):
    """The connection broke before the response was complete."""

    reason = "connection_lost"


class RequestTimeoutError(GatewayError):
    """The gateway took longer than the deadline of the request."""

    reason = "timeout"


class LoginRefusedError(GatewayError):
    """The gateway refuses the credentials."""

    reason = "login_refused"


class LoginRedirectError(LoginRefusedError):
    """The gateway answers with its login page, or a redirect to it."""

    reason = "login_redirect"


class NotPermittedError(GatewayError):
    """The gateway refuses this endpoint while it lets us in at others."""

    reason = "not_permitted"


class CloudLoginError(GatewayError):
    """The Enphase cloud gave no token."""

    reason = "cloud"


class IdentityError(GatewayError):
    """Another gateway answers than the one that the credentials are for."""

    reason = "identity"


class BadStatusError(GatewayError):
    """The gateway answered with an HTTP status other than 2xx."""

    reason = "bad_status"


class EndpointAbsentError(GatewayError):
    """This gateway does not have the endpoint."""

    reason = "absent"


class InvalidResponseError(GatewayError):
    """The response is not HTTP, is cut off, or its body cannot be decoded."""

    reason = "invalid_response"


class NotJsonError(InvalidResponseError):
    """The body is complete and not JSON."""

    reason = "not_json"


class ResponseTooLargeError(InvalidResponseError):
    """The body is larger than the limit of its endpoint."""

    reason = "too_large"


class InvalidDataError(GatewayError):
    """The JSON of a response lacks a key or has a value of the wrong type."""

    reason = "invalid_data"


class GatewayStartingError(GatewayError):
    """The gateway answers with the zeros and empty lists of a restart."""

    reason = "starting"


class FeatureMissingError(GatewayError):
    """A feature that was seen before is not offered any more."""

    reason = "feature_missing"


class UnsupportedFirmwareError(GatewayError):
    """The firmware offers nothing that can be read."""

    reason = "unsupported"
