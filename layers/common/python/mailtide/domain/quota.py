"""Quota: how much of its day a sending IP has left.

Units: places are messages of one IP on one UTC date.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class ReservationKey:
    """Names one reservation: the same block meets its own places again when it is run again."""

    ip_id: str
    day: date
    batch: str  # campaign, shard and batch id
    block: int  # index of the block's first recipient


@dataclass(frozen=True, slots=True)
class Day:
    """What is known of one IP's day."""

    reserved: int
    limit: int | None  # None is unlimited
    stopped: bool = False

    @property
    def left(self) -> int | None:
        """Places that can still be reserved; None is unlimited."""
        if self.stopped:
            return 0
        return None if self.limit is None else max(0, self.limit - self.reserved)


def grant(day: Day, wanted: int) -> int:
    """Return how many of the wanted places the day still has."""
    return wanted if day.left is None else min(wanted, day.left)


def left_of_all(days: Iterable[Day]) -> int | None:
    """Return the places that several IPs' days still have together; None is unlimited."""
    total = 0
    for day in days:
        if day.left is None:
            return None
        total += day.left
    return total


def days_needed(count: int, today: int | None, later: int | None) -> int | None:
    """Return over how many days so many messages leave; None when the last of them never do.

    Args:
        count: messages.
        today: places that are left today; None is unlimited.
        later: places of each day after it.
    """
    rest = 0 if today is None else max(0, count - today)
    if rest == 0:
        return min(count, 1)
    if later is None:
        return 2
    return None if later == 0 else 1 + -(-rest // later)


def day_end(at: datetime) -> datetime:
    """Return the midnight UTC at which the places of an instant's day end."""
    return datetime.combine(at.astimezone(UTC).date() + timedelta(days=1), time(tzinfo=UTC))
