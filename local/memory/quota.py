"""Sending IPs and their places in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from local.memory.places import Places
from mailtide.domain.pool import Pool
from mailtide.domain.quota import Day, ReservationKey, grant
from mailtide.domain.sending_ip import SendingIp


@dataclass(slots=True)
class SendingIps:
    """Sending IPs by organisation and id."""

    rows: dict[tuple[str, str], SendingIp] = field(default_factory=dict)
    pools: dict[tuple[str, str], Pool] = field(default_factory=dict)

    def put(self, ip: SendingIp) -> None:
        """Write a sending IP whatever was there."""
        self.rows[ip.org_id, ip.ip_id] = ip

    def active(self, org_id: str, stream: str, pool_id: str | None = None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, sorted by id; with a pool those in it."""
        pool = self.pools.get((org_id, pool_id)) if pool_id else None
        members = pool.ip_ids if pool else frozenset()
        return [
            ip
            for (org, _), ip in sorted(self.rows.items(), key=lambda row: row[0])
            if org == org_id and ip.active and ip.stream == stream
            if pool_id is None or ip.ip_id in members
        ]


@dataclass(slots=True)
class Quota:
    """The places of IPs, by day."""

    places: Places[tuple[str, date]] = field(default_factory=Places)
    limits: dict[tuple[str, date], int] = field(default_factory=dict)
    stopped: set[tuple[str, date]] = field(default_factory=set)

    def set_limit(self, ip_id: str, on: date, limit: int | None) -> None:
        """Set the limit of one day; None leaves the IP's own."""
        if limit is None:
            self.limits.pop((ip_id, on), None)
        else:
            self.limits[ip_id, on] = limit

    def stop(self, ip_id: str, on: date) -> None:
        """Grant nothing more on one day."""
        self.stopped.add((ip_id, on))

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day; a day that nobody used yet has the IP's own limit."""
        day = ip.ip_id, on
        limit = self.limits.get(day, ip.daily_limit)
        return Day(self.places.reserved[day], limit, day in self.stopped)

    def held(self, key: ReservationKey) -> int:
        """Return the places that a key's reservation holds; 0 when there is none."""
        return self.places.held(_day(key), key)

    def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are."""
        day = self.day(ip, key.day)
        return self.places.reserve(_day(key), key, wanted, lambda more: grant(day, more))

    def give_back(self, key: ReservationKey, unused: int) -> None:
        """Return places that no hand-over used; only the first call for a key does anything."""
        self.places.give_back(_day(key), key, unused)


def _day(key: ReservationKey) -> tuple[str, date]:
    return key.ip_id, key.day
