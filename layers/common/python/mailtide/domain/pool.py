"""Pool: sending IPs of one stream that an identity may be held to."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream

MOST_IPS = 50


@dataclass(frozen=True, slots=True)
class Pool:
    """A named group of one organisation's sending IPs; an IP may be in several."""

    org_id: str
    pool_id: str
    name: str
    stream: Stream
    ip_ids: frozenset[str] = frozenset()


def misfits(pool: Pool, ips: Mapping[str, SendingIp]) -> list[str]:
    """Return in words what keeps IPs from being in the pool; `ips` are the organisation's by id."""
    missing = [f"there is no sending IP `{one}`" for one in sorted(pool.ip_ids - ips.keys())]
    foreign = [
        f"the sending IP `{one}` is of the stream {ips[one].stream}, the pool of {pool.stream}"
        for one in sorted(pool.ip_ids & ips.keys())
        if ips[one].stream is not pool.stream
    ]
    return missing + foreign
