"""Places: a count with a limit in one partition, and the reservations that make it up.

A reservation and the count change in one transaction, whose condition holds the limit and the stop
flag as they were read: whatever changes in between, the reservation is decided anew.
"""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition

from mailtide.domain.quota import Day, grant
from mailtide.errors import RetryableError
from mailtide.store import dynamo
from mailtide.store.row import assign, whole
from mailtide.store.tables import WarmupRow

QUOTA = "quota"
HELD = "held"
RETURNED = "returned"
_ROUNDS = 20  # decisions anew before we give up; each means that another sender got through


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one partition of `warmup_schedules`."""

    partition: str
    limit: int | None  # where the row has none of its own; None is unlimited
    expires_at: datetime  # of reservations, and of the count where it `passes`
    passes: bool = False

    def day(self) -> Day:
        """Read the count consistently."""
        return self.seen(dynamo.get(WarmupRow, self.partition, QUOTA))

    def set_limit(self, limit: int | None) -> None:
        """Give the row a limit of its own, for reservations from now on; None takes it away."""
        row = WarmupRow(self.partition, QUOTA)
        actions = [WarmupRow.id.set(row.key_text()), assign(WarmupRow.daily_limit, limit)]
        if self.passes:
            actions.append(WarmupRow.expires_at.set(self.expires_at))
        dynamo.update(row, actions)

    def held(self, item: str) -> int:
        """Return the places that a reservation holds; 0 when there is none."""
        row = dynamo.get(WarmupRow, self.partition, item)
        return places_of(row) if row else 0

    def reserve(self, item: str, wanted: int) -> int:
        """Have up to `wanted` places reserved, earlier ones included; return how many there are.

        A reservation that has given places back takes nothing more.
        """
        for _ in range(_ROUNDS):
            rows = {
                row.item: row
                for row in dynamo.get_many(
                    WarmupRow, [(self.partition, QUOTA), (self.partition, item)]
                )
            }
            quota, reservation = rows.get(QUOTA), rows.get(item)
            held = places_of(reservation) if reservation else 0
            if reservation and reservation.state != HELD:
                return held
            day = self.seen(quota)
            more = grant(day, wanted - held)
            if more <= 0:
                return held
            if self._try_reserve(item, held, more, _still(quota, day, more)):
                return held + more
        raise RetryableError(f"too many senders at once on the places of {self.partition}")

    def give_back(self, item: str, unused: int) -> None:
        """Return places that no hand-over used; only the first call for an item does anything."""
        returned = dynamo.transact_update(
            WarmupRow(self.partition, item),
            [WarmupRow.state.set(RETURNED), WarmupRow.returned.set(unused)],
            (WarmupRow.state == HELD) & (WarmupRow.granted >= unused),
        )
        counted = dynamo.transact_update(
            WarmupRow(self.partition, QUOTA), [WarmupRow.reserved.add(-unused)], None
        )
        dynamo.transact([returned, counted])

    def seen(self, quota: WarmupRow | None) -> Day:
        """Return what a count row says, or its absence."""
        if quota is None:
            return Day(0, self.limit)
        own = whole(quota.daily_limit)
        limit = self.limit if own is None else own
        return Day(whole(quota.reserved) or 0, limit, bool(quota.stopped))

    def _try_reserve(self, item: str, held: int, more: int, condition: Condition) -> bool:
        """Add places to the count and to an item's reservation, which was read to hold so many."""
        quota, reservation = WarmupRow(self.partition, QUOTA), WarmupRow(self.partition, item)
        actions = [WarmupRow.id.set(quota.key_text()), WarmupRow.reserved.add(more)]
        if self.passes:
            actions.append(WarmupRow.expires_at.set(self.expires_at))
        counted = dynamo.transact_update(quota, actions, condition)
        still = (WarmupRow.granted == held) & (WarmupRow.state == HELD)
        reserved = dynamo.transact_update(
            reservation,
            [
                WarmupRow.id.set(reservation.key_text()),
                WarmupRow.granted.set(held + more),
                WarmupRow.returned.set(0),
                WarmupRow.state.set(HELD),
                WarmupRow.expires_at.set(self.expires_at),
            ],
            still if held else WarmupRow.item.does_not_exist(),
        )
        return dynamo.transact([counted, reserved]) is None


def item_of(batch: str, block: int) -> str:
    """Return the range key of a block's reservation."""
    return f"reservation#{batch}#{block}"


def places_of(row: WarmupRow) -> int:
    """Return the places that a reservation's row holds."""
    return int(row.granted or 0) - int(row.returned or 0)


def _still(quota: WarmupRow | None, day: Day, granted: int) -> Condition:
    """Return the condition under which `granted` places fit into the count as it was read."""
    own = whole(quota.daily_limit) if quota else None
    limit, reserved = WarmupRow.daily_limit, WarmupRow.reserved
    condition: Condition = WarmupRow.stopped.does_not_exist() | WarmupRow.stopped.is_in(False)
    condition &= limit.does_not_exist() if own is None else limit == own
    if day.limit is not None:
        condition &= reserved.does_not_exist() | (reserved <= day.limit - granted)
    return condition
