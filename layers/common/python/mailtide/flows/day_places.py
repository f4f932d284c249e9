"""Day places: what is left of each sending IP's day while one look hands it out.

Nothing is reserved here: it is the order of handing out, and the sender's reservation is the guard.
Source: docs/domain/sending.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from mailtide.domain.batch import BatchRef
from mailtide.domain.content import Identity, started
from mailtide.domain.quota import Day
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream


class SendingIps(Protocol):
    """The organisation's sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, by id; those in a pool when one is named."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity; a started campaign's copy under `content.started`."""
        ...


class Quota(Protocol):
    """The places of each IP and UTC date."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently; a day that nobody used yet has the IP's own limit."""
        ...


@dataclass(slots=True)
class DayPlaces:
    """What is left of each sending IP's day while one look hands it out."""

    sending_ips: SendingIps
    identities: Identities
    quota: Quota
    day: date
    ips: dict[str, Sequence[SendingIp]] = field(default_factory=dict)  # by campaign
    left: dict[str, int | None] = field(default_factory=dict)  # by IP; None is unlimited

    def take(self, ref: BatchRef, wanted: int) -> int:
        """Take up to `wanted` places of the IPs that a batch may leave from."""
        if ref.campaign_id not in self.ips:
            self.ips[ref.campaign_id] = self._ips(ref)
        taken = 0
        for ip in self.ips[ref.campaign_id]:
            left = self._left(ip)
            share = wanted - taken if left is None else min(left, wanted - taken)
            if left is not None:
                self.left[ip.ip_id] = left - share
            taken += share
        return taken

    def _ips(self, ref: BatchRef) -> Sequence[SendingIp]:
        identity = self.identities.get(started(ref.org_id), ref.campaign_id)
        pool_id = identity.pool_id if identity else None
        return self.sending_ips.active(ref.org_id, Stream.MARKETING, pool_id)

    def _left(self, ip: SendingIp) -> int | None:
        if ip.ip_id not in self.left:
            self.left[ip.ip_id] = self.quota.day(ip, self.day).left
        return self.left[ip.ip_id]
