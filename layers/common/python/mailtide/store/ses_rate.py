"""SES rate: the next free instant of the account, which every sender books from.

The row is changed under the condition that it is still what was read. A write whose reply was lost
is made again and books other instants: the first ones are lost, and nobody has them.
"""

from datetime import datetime

from pynamodb.expressions.condition import Condition

from mailtide.domain import ses_rate as rules
from mailtide.domain.ses_rate import Booking
from mailtide.errors import RetryableError
from mailtide.store import dynamo
from mailtide.store.row import ticks, ticks_of
from mailtide.store.tables import WarmupRow

RATE = "rate"
_ROUNDS = 20  # bookings anew before we give up; each means that another sender got through


class SesRate:
    """The shared rate of the account's SES in one region."""

    def __init__(self, region: str) -> None:
        self._partition = f"ses#{region}"

    def book(self, wanted: int, rate: float, now: datetime, until: datetime) -> Booking | None:
        """Book instants for up to `wanted` messages; None when none is left before `until`.

        Raises:
            RetryableError: too many senders at once.
        """
        free_at = self._free_at()
        for _ in range(_ROUNDS):
            booking = rules.book(free_at, wanted, rate, now, until)
            if booking is None:
                return None
            if self._set(booking.end, _still(free_at)):
                return booking
            free_at = self._free_at()
        raise RetryableError("too many senders at once on SES")

    def hold(self, until: datetime) -> None:
        """Let nobody book an instant before `until`."""
        free_at = WarmupRow.free_at
        self._set(until, free_at.does_not_exist() | (free_at < ticks(until)))

    def _free_at(self) -> datetime | None:
        row = dynamo.get(WarmupRow, self._partition, RATE)
        return None if row is None else ticks_of(int(row.free_at or 0))

    def _set(self, free_at: datetime, condition: Condition) -> bool:
        row = WarmupRow(self._partition, RATE)
        actions = [WarmupRow.id.set(row.key_text()), WarmupRow.free_at.set(ticks(free_at))]
        return dynamo.update(row, actions, condition) is None


def _still(free_at: datetime | None) -> Condition:
    if free_at is None:
        return WarmupRow.free_at.does_not_exist()
    return WarmupRow.free_at == ticks(free_at)
