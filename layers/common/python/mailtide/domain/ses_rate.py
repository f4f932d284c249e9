"""SES rate: the instants at which an account's messages may leave, shared by all senders.

Virtual scheduling (the generic cell rate algorithm): one number, the next free instant, is the
whole state. A booking takes instants from it, one gap apart and for nobody else; what leaves within
`TOLERANCE` of its instant keeps every stretch of time to `rate` x (stretch + `TOLERANCE`) + 1.
Units: rates are messages a second, above 0.
Source: docs/domain/ses.md; ITU-T I.371 (virtual scheduling).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=1)  # an instant that is longer ago is lost
MOST_AT_ONCE = 50  # of a booking: a fast sender books several times a second, a dead one wastes 50
SANDBOX_RATE = 1.0  # the least that SES grants: what is kept to while the account is not known
_TICK = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
FIRST_PAUSE = _SECOND
LONGEST_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Booking:
    """Instants that belong to one sender."""

    first: datetime
    gap: timedelta  # between two instants
    messages: int

    @property
    def end(self) -> datetime:
        """The next free instant behind the booking."""
        return self.first + self.gap * self.messages

    def instants(self) -> Iterator[datetime]:
        """Yield the instants, in order."""
        for number in range(self.messages):
            yield self.first + self.gap * number


def gap(rate: float) -> timedelta:
    """Return the time between two messages, rounded up: a rate is never passed by rounding."""
    return max(_TICK, _TICK * math.ceil(_SECOND / _TICK / rate))


def book(
    free_at: datetime | None, wanted: int, rate: float, now: datetime, until: datetime
) -> Booking | None:
    """Book up to `wanted` instants before `until`; None when not even one is left.

    No more than a second's worth, and `MOST_AT_ONCE`, come at a time: whoever is slow, or dies,
    wastes little.

    Args:
        free_at: the next free instant; None when nobody booked yet.
        wanted: messages that wait, at least 1.
        rate: of the account.
        now: the time.
        until: no message begins at it or later.
    """
    first = now if free_at is None else max(free_at, now)
    between = gap(rate)
    room = math.ceil((until - first) / between)
    messages = min(wanted, max(1, int(rate)), MOST_AT_ONCE, room)
    return Booking(first, between, messages) if messages > 0 else None


def usable(instant: datetime, now: datetime) -> bool:
    """Say whether a message that begins now may still use its instant."""
    return now <= instant + TOLERANCE


def pause(throttled: int) -> timedelta:
    """Return how long everybody waits after so many throttled answers in a row, at least 1."""
    return min(FIRST_PAUSE * int(2 ** min(throttled - 1, 10)), LONGEST_PAUSE)
