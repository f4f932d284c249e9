"""Block days: a block's places where nothing but the days of the sending IPs has a say.

Source: docs/domain/sending.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mailtide.domain import ip_router
from mailtide.domain.quota import Day, ReservationKey
from mailtide.domain.sending_ip import SendingIp


class Quota(Protocol):
    """The places of each IP and UTC date."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently; a day that nobody used yet has the IP's own limit."""
        ...

    def held(self, key: ReservationKey) -> int:
        """Read consistently how many places a key holds already; 0 when it has no reservation."""
        ...

    def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are.

        A key that has given places back takes nothing more.
        """
        ...

    def give_back(self, key: ReservationKey, unused: int) -> None:
        """Return places that no hand-over used; only the first call for a key does anything."""
        ...


@dataclass(frozen=True, slots=True)
class BlockDays:
    """The days of the sending IPs, as a block sees them."""

    quota: Quota

    def reserve(
        self, ips: Mapping[str, SendingIp], keys: Mapping[str, ReservationKey], wanted: int
    ) -> dict[str, int]:
        """Reserve on the scarcest IP first: what another sender took of it goes over the others."""
        unasked = {ip: self.capacity(ips[ip], keys[ip]) for ip in ips}
        granted: dict[str, int] = {}
        for ip in ip_router.scarcest_first(unasked):
            seed = f"{keys[ip].batch}#{keys[ip].block}"
            share = ip_router.share(wanted, unasked, seed).get(ip, 0)
            del unasked[ip]
            if share:
                granted[ip] = self.quota.reserve(ips[ip], keys[ip], share)
                wanted = max(0, wanted - granted[ip])
        return granted

    def capacity(self, ip: SendingIp, key: ReservationKey) -> int | None:
        """Return what the day has for this block, the places of an earlier run included.

        A stop holds for those too.
        """
        day = self.quota.day(ip, key.day)
        if day.stopped:
            return 0
        return None if day.left is None else day.left + self.quota.held(key)
