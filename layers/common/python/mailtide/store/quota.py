"""Quota: the places of each sending IP and UTC date, reserved so that no day is ever passed.

A reservation and the day's count change in one transaction, whose condition holds the limit and the
stop flag as they were read: whatever changes in between, the reservation is decided anew.
"""

from datetime import UTC, date, datetime, time, timedelta

from pynamodb.expressions.condition import Condition

from mailtide.domain.quota import Day, ReservationKey, grant
from mailtide.domain.sending_ip import SendingIp
from mailtide.errors import RetryableError
from mailtide.store import dynamo
from mailtide.store.row import assign, whole
from mailtide.store.tables import WarmupRow

QUOTA = "quota"
HELD = "held"
RETURNED = "returned"
KEPT = timedelta(days=7)  # a reservation is of no use once its day is over
_ROUNDS = 20  # decisions anew before we give up; each means that another sender got through


class Quota:
    """The days of all sending IPs."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently; a day that nobody used yet has the IP's own limit."""
        return _day(dynamo.get(WarmupRow, _ip_day(ip.ip_id, on), QUOTA), ip)

    def set_limit(self, ip_id: str, on: date, limit: int | None) -> None:
        """Set the limit of one day, for reservations from now on; None leaves the IP's own."""
        row = WarmupRow(_ip_day(ip_id, on), QUOTA)
        actions = [WarmupRow.id.set(row.key_text()), assign(WarmupRow.daily_limit, limit)]
        dynamo.update(row, actions)

    def held(self, key: ReservationKey) -> int:
        """Return the places that a key's reservation holds; 0 when there is none."""
        row = dynamo.get(WarmupRow, _ip_day(key.ip_id, key.day), _item(key))
        return _places(row) if row else 0

    def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
        """Reserve up to `wanted` places and return how many were granted.

        A key that holds a reservation already gets the same answer and takes nothing more.
        """
        partition = _ip_day(key.ip_id, key.day)
        for _ in range(_ROUNDS):
            rows = {
                row.item: row
                for row in dynamo.get_many(WarmupRow, [(partition, QUOTA), (partition, _item(key))])
            }
            if _item(key) in rows:
                return _places(rows[_item(key)])
            quota = rows.get(QUOTA)
            day = _day(quota, ip)
            granted = grant(day, wanted)
            if granted <= 0:
                return 0
            if self._try_reserve(key, granted, _still(quota, day, granted)):
                return granted
        raise RetryableError(f"too many senders at once on sending IP {ip.ip_id}")

    def give_back(self, key: ReservationKey, unused: int) -> None:
        """Return places that no hand-over used; only the first call for a key does anything."""
        partition = _ip_day(key.ip_id, key.day)
        returned = dynamo.transact_update(
            WarmupRow(partition, _item(key)),
            [WarmupRow.state.set(RETURNED), WarmupRow.returned.set(unused)],
            (WarmupRow.state == HELD) & (WarmupRow.granted >= unused),
        )
        counted = dynamo.transact_update(
            WarmupRow(partition, QUOTA), [WarmupRow.reserved.add(-unused)], None
        )
        dynamo.transact([returned, counted])

    def _try_reserve(self, key: ReservationKey, granted: int, condition: Condition) -> bool:
        partition = _ip_day(key.ip_id, key.day)
        ends = datetime.combine(key.day, time(tzinfo=UTC)) + KEPT
        quota = WarmupRow(partition, QUOTA)
        actions = [WarmupRow.id.set(quota.key_text()), WarmupRow.reserved.add(granted)]
        counted = dynamo.transact_update(quota, actions, condition)
        kept = dynamo.transact_put(
            WarmupRow(
                partition, _item(key), granted=granted, returned=0, state=HELD, expires_at=ends
            ),
            WarmupRow.item.does_not_exist(),
        )
        return dynamo.transact([counted, kept]) is None


def _still(quota: WarmupRow | None, day: Day, granted: int) -> Condition:
    """Return the condition under which `granted` places fit into the day as it was read."""
    own = whole(quota.daily_limit) if quota else None
    limit, reserved = WarmupRow.daily_limit, WarmupRow.reserved
    condition: Condition = WarmupRow.stopped.does_not_exist() | WarmupRow.stopped.is_in(False)
    condition &= limit.does_not_exist() if own is None else limit == own
    if day.limit is not None:
        condition &= reserved.does_not_exist() | (reserved <= day.limit - granted)
    return condition


def _ip_day(ip_id: str, on: date) -> str:
    return f"{ip_id}#{on.isoformat()}"


def _item(key: ReservationKey) -> str:
    return f"reservation#{key.batch}#{key.block}"


def _places(row: WarmupRow) -> int:
    return int(row.granted or 0) - int(row.returned or 0)


def _day(quota: WarmupRow | None, ip: SendingIp) -> Day:
    if quota is None:
        return Day(0, ip.daily_limit)
    own = whole(quota.daily_limit)
    limit = ip.daily_limit if own is None else own
    return Day(whole(quota.reserved) or 0, limit, bool(quota.stopped))
