"""Quota: the places of each sending IP and UTC date, reserved so that no day is ever passed."""

from datetime import UTC, date, datetime, time, timedelta

from mailtide.domain.quota import Day, ReservationKey
from mailtide.domain.sending_ip import SendingIp
from mailtide.store.places import QUOTA, Places, item_of

__all__ = ["KEPT", "QUOTA", "Quota"]

KEPT = timedelta(days=7)  # a reservation is of no use once its day is over


class Quota:
    """The days of all sending IPs."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently; a day that nobody used yet has the IP's own limit."""
        return _places(ip.ip_id, on, ip.daily_limit).day()

    def set_limit(self, ip_id: str, on: date, limit: int | None) -> None:
        """Set the limit of one day, for reservations from now on; None leaves the IP's own."""
        _places(ip_id, on).set_limit(limit)

    def held(self, key: ReservationKey) -> int:
        """Return the places that a key's reservation holds; 0 when there is none."""
        return _places(key.ip_id, key.day).held(item_of(key.batch, key.block))

    def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are.

        A key that has given places back takes nothing more.
        """
        places = _places(key.ip_id, key.day, ip.daily_limit)
        return places.reserve(item_of(key.batch, key.block), wanted)

    def give_back(self, key: ReservationKey, unused: int) -> None:
        """Return places that no hand-over used; only the first call for a key does anything."""
        _places(key.ip_id, key.day).give_back(item_of(key.batch, key.block), unused)


def _places(ip_id: str, on: date, limit: int | None = None) -> Places:
    ends = datetime.combine(on, time(tzinfo=UTC)) + KEPT
    return Places(f"{ip_id}#{on.isoformat()}", limit, ends)
