"""Everything that can go wrong on purpose, so that a caller can say it in one clear line.

    ExporterError
    ├── ConfigError          a file, variable or flag: names source, key, value, remedy
    ├── StateError           the state directory cannot be used
    ├── ListenError          an address cannot be listened on
    ├── CaptureError         a capture cannot be made or replayed
    ├── ControlError         a system was not told what its owner wants, or did not do it
    └── GatewayError         a gateway did not give what was asked; `reason` is the metric label
        ├── Unreachable      no connection: name, route, refused, TLS
        ├── ConnectionLost   the connection broke before the answer was whole
        ├── DeadlineExceeded it took longer than the caller waits
        ├── LoginRefused     the gateway refuses our credentials
        ├── CloudLoginFailed the Enphase cloud gave no token
        ├── BadStatus        an HTTP status other than 2xx
        ├── BadAnswer        a body that is not what it should be: not JSON, too large, cut off
        ├── BadData          JSON whose keys or types are not those of the endpoint
        ├── NotReady         data the gateway only gives while starting: zeros, empty lists
        ├── FeatureMissing   a feature seen before that the gateway no longer shows
        └── Unsupported      a firmware that offers nothing we can read

Messages are written for the owner: what happened, then what to do. They never carry a secret.
"""

from typing import ClassVar


class ExporterError(Exception):
    """Base of all errors that are told to the user in one line, without a traceback."""


class ConfigError(ExporterError):
    """The configuration cannot be used as it is."""


class StateError(ExporterError):
    """The state directory cannot be created, read or written."""


class ListenError(ExporterError):
    """The address to listen on is taken or not ours."""


class CaptureError(ExporterError):
    """A capture folder is missing or broken, or cannot be written."""


class ControlError(ExporterError):
    """A system was not told what its owner wants, or did not do it."""


class GatewayError(ExporterError):
    """A gateway did not give what was asked for."""

    #: value of the label `reason` of `enphase_collector_failures_total`
    reason: ClassVar[str] = "other"


class Unreachable(GatewayError):
    """No connection to the gateway could be made."""

    reason = "unreachable"


class ConnectionLost(GatewayError):
    """The connection broke before the answer was whole."""

    reason = "connection_lost"


class DeadlineExceeded(GatewayError):
    """The gateway took longer than the deadline of the request."""

    reason = "timeout"


class LoginRefused(GatewayError):
    """The gateway refuses the credentials."""

    reason = "auth"


class CloudLoginFailed(GatewayError):
    """The Enphase cloud gave no token."""

    reason = "cloud"


class BadStatus(GatewayError):
    """The gateway answered with an HTTP status other than 2xx."""

    reason = "http_status"


class BadAnswer(GatewayError):
    """The body of an answer is not JSON, too large or cut off."""

    reason = "bad_answer"


class BadData(GatewayError):
    """The JSON of an answer lacks a key or has a value of the wrong type."""

    reason = "bad_data"


class NotReady(GatewayError):
    """The gateway answers with the zeros and empty lists of a restart."""

    reason = "not_ready"


class FeatureMissing(GatewayError):
    """A feature that was seen before is not offered any more."""

    reason = "feature_missing"


class Unsupported(GatewayError):
    """The firmware offers nothing that can be read."""

    reason = "unsupported"
