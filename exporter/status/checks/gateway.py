"""The gateway: whether it answers the exporter, and whether it reports to the Enphase cloud."""

from collections.abc import Iterator

from exporter.status.checks.base import Check, Find, Finding, Thresholds, patience
from exporter.status.formatting import duration
from exporter.status.models import GatewayStatus
from exporter.status.summary import connection


def _unreachable(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if status.contact != "silent":
        return
    last = status.last_heard_timestamp_seconds
    if not status.unreadable:
        yield Finding(status.host, last)
        return
    detail = ", ".join(filter(None, (status.host, status.trouble.rstrip("."))))
    yield Finding(
        detail,
        last,
        f"The gateway {connection(status)} only.",
        "Run enphase-exporter check: it tells whether this is the address of a gateway."
        if last is None
        else "Restart the gateway, its breaker off for a minute; its lights are on, as it answers.",
    )


def _refused(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if status.contact == "refused":
        yield Finding(status.trouble.rstrip("."), status.last_heard_timestamp_seconds)


def _token(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    expiry = status.token_expiry_timestamp_seconds
    if expiry is None:
        return
    left = expiry - status.timestamp_seconds
    # A token of twelve hours, as installers have, is renewed in its last three.
    long_lived = thresholds["installer_token_lifetime_seconds"] < left
    due = left < thresholds["token_remaining_seconds"]
    if left < thresholds["installer_token_remaining_seconds"] or (long_lived and due):
        yield Finding(
            f"expires in {duration(left)}" if left > 0 else f"expired {duration(-left)} ago"
        )


def _collectors(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if status.contact != "answers":
        return
    wait = patience("EnphaseCollectorFailing")
    for collector in status.collectors:
        last = collector.last_success_timestamp_seconds
        age = wait if last is None else status.timestamp_seconds - last
        if not collector.up and collector.failures and age >= wait:
            why = f", {collector.trouble.rstrip('.')}" if collector.trouble else ""
            yield Finding(collector.name + why, last)


def _skew(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
    skew = status.clock_skew_seconds
    if skew is not None and abs(skew) > thresholds["clock_skew_seconds"]:
        yield Finding(f"{duration(abs(skew))} {'ahead' if skew > 0 else 'behind'}")


def _cloud(*, critical: bool) -> Find:
    """Return what finds a silence towards the cloud, of the critical length or below."""

    def find(status: GatewayStatus, thresholds: Thresholds) -> Iterator[Finding]:
        last = status.cloud.last_report_timestamp_seconds
        if last is None or status.contact != "answers":
            return
        kind = "cloud_silence_cellular" if status.cloud.cellular else "cloud_silence"
        limit = thresholds[f"{kind}_seconds"]
        most = thresholds["cloud_silence_critical_seconds"]
        age = status.timestamp_seconds - last
        if age > max(limit, most) if critical else limit < age <= most:
            yield Finding(f"last report {duration(age)} ago", last)

    return find


def _no_address(status: GatewayStatus, _: Thresholds) -> Iterator[Finding]:
    if status.cloud.interfaces_without_address:
        yield Finding(", ".join(status.cloud.interfaces_without_address))


CHECKS: tuple[Check, ...] = (
    Check("EnphaseGatewayUnreachable", "critical", _unreachable),
    Check("EnphaseAuthenticationFailing", "critical", _refused),
    Check("EnphaseCloudReportingStopped", "critical", _cloud(critical=True)),
    Check("EnphaseCloudReportingStopped", "warning", _cloud(critical=False)),
    Check("EnphaseTokenExpiring", "warning", _token),
    Check("EnphaseCollectorFailing", "warning", _collectors),
    Check("EnphaseGatewayClockSkew", "warning", _skew),
    Check("EnphaseGatewayInterfaceWithoutAddress", "info", _no_address),
)
