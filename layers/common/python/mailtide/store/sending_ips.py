"""Sending IPs with their relays."""

from collections.abc import Sequence

from mailtide.domain.sending_ip import Relay, SendingIp, Tls
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.row import whole
from mailtide.store.tables import SendingIpRow


class SendingIps:
    """The sending IPs of all organisations."""

    def active(self, org_id: str, stream: str) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, sorted by id; read consistently."""
        with dynamo.calling():
            rows = list(SendingIpRow.query(org_id, consistent_read=True))
        return [ip for ip in map(sending_ip_of, rows) if ip.active and ip.stream == stream]


def sending_ip_of(row: SendingIpRow) -> SendingIp:
    """Return the sending IP that a row holds."""
    relay = row.transport
    return SendingIp(
        org_id=row.org_id,
        ip_id=row.ip_id,
        tag=row.tag,
        stream=Stream(row.stream_),
        relay=Relay(
            host=relay["host"],
            port=relay["port"],
            tls=Tls(relay["tls"]),
            username=relay.get("username"),
            secret=relay.get("secret"),
        ),
        daily_limit=whole(row.daily_limit),
        active=row.active,
    )
