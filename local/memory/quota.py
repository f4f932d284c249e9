"""Sending IPs and their places in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

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
class Reservation:
    """What a key was granted, and what of it was returned."""

    granted: int
    returned: int | None = None

    @property
    def places(self) -> int:
        """Places that it holds."""
        return self.granted - (self.returned or 0)


@dataclass(slots=True)
class Quota:
    """Reservations by key, and their sum for each day."""

    reservations: dict[ReservationKey, Reservation] = field(default_factory=dict)
    reserved: Counter[tuple[str, date]] = field(default_factory=Counter)
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
        return Day(self.reserved[day], self.limits.get(day, ip.daily_limit), day in self.stopped)

    def held(self, key: ReservationKey) -> int:
        """Return the places that a key's reservation holds; 0 when there is none."""
        return self.reservations[key].places if key in self.reservations else 0

    def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are."""
        held, reservation = self.held(key), self.reservations.get(key)
        more = grant(self.day(ip, key.day), wanted - held)
        if more <= 0 or (reservation and reservation.returned is not None):
            return held
        self.reservations[key] = Reservation(held + more)
        self.reserved[key.ip_id, key.day] += more
        return held + more

    def give_back(self, key: ReservationKey, unused: int) -> None:
        """Return places that no hand-over used; only the first call for a key does anything."""
        reservation = self.reservations.get(key)
        if reservation and reservation.returned is None and unused <= reservation.granted:
            reservation.returned = unused
            self.reserved[key.ip_id, key.day] -= unused
