"""The gateway and the exporter: whether one hears the other, and Enphase hears them."""

from collections.abc import Callable, Iterator

from exporter.status.checks.base import Check, Finding
from exporter.status.formatting import connection, duration
from exporter.status.models import GatewayStatus

#: thresholds as in alertmanager/rules/thresholds.rules.yml, in seconds
_CLOUD_SILENCE, _CLOUD_SILENCE_CELLULAR, _CLOUD_CRITICAL = 2700.0, 25200.0, 86400.0
_SKEW = 120.0
_TOKEN_LEFT, _INSTALLER_TOKEN, _INSTALLER_LEFT = 1_231_200.0, 46_800.0, 9_000.0
#: a collector that fails once has not failed for long
_COLLECTOR_PATIENCE = 720.0


def _unreachable(status: GatewayStatus) -> Iterator[Finding]:
    if status.contact == "silent":
        where = f" at {status.host}" if status.host else ""
        why = f": {_trouble(status)}" if status.unreadable else "."
        yield f"The gateway{where} {connection(status)}{why}", status.last_heard_timestamp_seconds


def _trouble(status: GatewayStatus) -> str:
    return next((c.trouble for c in status.collectors if c.name == "gateway"), "")


def _refused(status: GatewayStatus) -> Iterator[Finding]:
    if status.contact == "refused":
        why = f": {_trouble(status)}" if _trouble(status) else "."
        yield f"The exporter is not let in{why}", status.last_heard_timestamp_seconds


def _token(status: GatewayStatus) -> Iterator[Finding]:
    expiry = status.token_expiry_timestamp_seconds
    if expiry is None:
        return
    left = expiry - status.timestamp_seconds
    # A token of twelve hours, as installers have, is renewed in its last three.
    if left < _INSTALLER_LEFT or _INSTALLER_TOKEN < left < _TOKEN_LEFT:
        when = f"expires in {duration(left)}" if left > 0 else f"expired {duration(-left)} ago"
        yield f"The token for the gateway {when} and was not renewed.", None


def _collectors(status: GatewayStatus) -> Iterator[Finding]:
    if status.contact != "answers":
        return
    for collector in status.collectors:
        last = collector.last_success_timestamp_seconds
        age = _COLLECTOR_PATIENCE if last is None else status.timestamp_seconds - last
        if not collector.up and collector.failures and age >= _COLLECTOR_PATIENCE:
            why = collector.trouble or "it fails"
            yield f"The data of {collector.name} is missing: {why}", last


def _skew(status: GatewayStatus) -> Iterator[Finding]:
    skew = status.clock_skew_seconds
    if skew is not None and abs(skew) > _SKEW:
        how = "ahead" if skew > 0 else "behind"
        yield f"The clock of the gateway is {duration(abs(skew))} {how}.", None


def _cloud(low: float, high: float) -> Callable[[GatewayStatus], Iterator[Finding]]:
    """Return what finds a silence towards the cloud between these lengths (s)."""

    def find(status: GatewayStatus) -> Iterator[Finding]:
        last = status.cloud.last_report_timestamp_seconds
        if last is None or status.contact != "answers":
            return
        age = status.timestamp_seconds - last
        if max(low, _CLOUD_SILENCE_CELLULAR if status.cloud.cellular else low) < age <= high:
            yield f"Enphase was last told {duration(age)} ago; nobody there watches.", last

    return find


CHECKS: tuple[Check, ...] = (
    Check(
        "EnphaseGatewayUnreachable",
        "critical",
        _unreachable,
        "Look at the lights of the gateway; if they are off, look at its breaker and at the grid.",
    ),
    Check(
        "EnphaseAuthenticationFailing",
        "critical",
        _refused,
        "Get a new token at entrez.enphaseenergy.com, or check user name and password.",
    ),
    Check(
        "EnphaseCloudReportingStopped",
        "critical",
        _cloud(_CLOUD_CRITICAL, float("inf")),
        "Restart gateway and router; if that does not help, call Enphase, ask for a case number"
        " and an appointment, and call again.",
    ),
    Check(
        "EnphaseCloudReportingStopped",
        "warning",
        _cloud(_CLOUD_SILENCE, _CLOUD_CRITICAL),
        "See whether the house has internet; then restart the gateway.",
    ),
    Check(
        "EnphaseTokenExpiring",
        "warning",
        _token,
        "Get a new one at entrez.enphaseenergy.com and put it where the configuration says.",
    ),
    Check(
        "EnphaseCollectorFailing",
        "warning",
        _collectors,
        "See in the log of the exporter why; a feature that has vanished counts as failing too.",
    ),
    Check(
        "EnphaseGatewayClockSkew",
        "warning",
        _skew,
        "See whether the gateway has internet, from where it takes the time; then restart it.",
    ),
)
