"""Sending IPs with their transports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mailtide.domain import sending_rate
from mailtide.domain.page import Page
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls, Transport
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.paging import page
from mailtide.store.row import assign, whole
from mailtide.store.tables import PoolRow, SendingIpRow


class SendingIps:
    """The sending IPs of all organisations."""

    def active(self, org_id: str, stream: str, pool_id: str | None = None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, sorted by id; read consistently.

        With a pool only those in it; none when the pool is gone.
        """
        pool = dynamo.get(PoolRow, org_id, pool_id) if pool_id else None
        members = frozenset((pool.ip_ids or ()) if pool else ())
        with dynamo.calling():
            rows = list(SendingIpRow.query(org_id, consistent_read=True))
        ips = [ip for ip in map(sending_ip_of, rows) if ip.active and ip.stream == stream]
        return ips if pool_id is None else [ip for ip in ips if ip.ip_id in members]

    def get(self, org_id: str, ip_id: str) -> SendingIp | None:
        """Read one sending IP consistently."""
        row = dynamo.get(SendingIpRow, org_id, ip_id)
        return sending_ip_of(row) if row else None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[SendingIp]:
        """Return the organisation's sending IPs by id."""
        return page(SendingIpRow, org_id, limit, after, sending_ip_of)

    def create(self, ip: SendingIp, at: datetime) -> None:
        """Write a sending IP under a fresh id; a repeat of the same write changes nothing."""
        row = SendingIpRow(
            ip.org_id,
            ip.ip_id,
            tag=ip.tag,
            stream_=ip.stream.value,
            transport=_written(ip.transport),
            daily_limit=ip.daily_limit,
            active=ip.active,
            rate_limits=sending_rate.written(ip.rate_limits) or None,
            created_at=at,
        )
        dynamo.put(row, SendingIpRow.org_id.does_not_exist())

    def change(self, old: SendingIp, new: SendingIp) -> bool:
        """Write what differs; what others changed meanwhile stays. False when it is not there."""
        fields = [
            (True, SendingIpRow.tag.set(new.tag)),  # never changes; an update needs an action
            (old.stream != new.stream, SendingIpRow.stream_.set(new.stream.value)),
            (
                old.transport != new.transport,
                SendingIpRow.transport.set(_written(new.transport)),
            ),
            (old.daily_limit != new.daily_limit, assign(SendingIpRow.daily_limit, new.daily_limit)),
            (old.active != new.active, SendingIpRow.active.set(new.active)),
            (
                old.rate_limits != new.rate_limits,
                assign(SendingIpRow.rate_limits, sending_rate.written(new.rate_limits) or None),
            ),
        ]
        row = SendingIpRow(new.org_id, new.ip_id)
        actions = [action for differs, action in fields if differs]
        return dynamo.update(row, actions, SendingIpRow.org_id.exists()) is None

    def delete(self, org_id: str, ip_id: str) -> bool:
        """Delete a sending IP; False when it is not there."""
        row = SendingIpRow(org_id, ip_id)
        return dynamo.delete(row, SendingIpRow.org_id.exists()) is None


def _written(transport: Transport) -> dict[str, Any]:
    if isinstance(transport, Ses):
        return {"kind": "ses", "configuration_set": transport.configuration_set} | (
            {} if transport.pool is None else {"pool": transport.pool}
        )
    return {
        "kind": "smtp",
        "host": transport.host,
        "port": transport.port,
        "tls": transport.tls.value,
        "username": transport.username,
        "secret": transport.secret,
    }


def _read(written: Mapping[str, Any]) -> Transport:
    if written["kind"] == "ses":
        return Ses(written["configuration_set"], written.get("pool"))
    return Relay(
        host=written["host"],
        port=written["port"],
        tls=Tls(written["tls"]),
        username=written.get("username"),
        secret=written.get("secret"),
    )


def sending_ip_of(row: SendingIpRow) -> SendingIp:
    """Return the sending IP that a row holds."""
    return SendingIp(
        org_id=row.org_id,
        ip_id=row.ip_id,
        tag=row.tag,
        stream=Stream(row.stream_),
        transport=_read(row.transport),
        daily_limit=whole(row.daily_limit),
        active=row.active,
        rate_limits=sending_rate.kept(row.rate_limits or ()),
    )
