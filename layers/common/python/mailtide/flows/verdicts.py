"""Verdicts: keep a message's engagement row equal to what the rules say of its other rows.

The row is a pure function of the others, so it is computed anew whenever one of them changed, and
written only over the row that was read; then everything is read again until nothing is left to
change. Two that work on one message at once both end only when the row fits all rows they know of,
also when the hit that called for it was there already (an earlier run may have died behind it).
Source: docs/domain/counters.md (why a row and not the hits is counted).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mailtide.domain import engagement
from mailtide.domain.event import EventType
from mailtide.domain.message import ENGAGEMENT, SENT, EventRow
from mailtide.errors import RetryableError

ROUNDS = 20  # more than so many writers at one message at once is trouble: back to the queue


class Rows(Protocol):
    """The rows of messages."""

    def of_messages(self, message_ids: Collection[str]) -> Mapping[str, Sequence[EventRow]]:
        """Read all rows of messages consistently, by key."""
        ...

    def put_if_absent(self, row: EventRow) -> bool:
        """Write a row unless its key is taken; True when it was written."""
        ...

    def replace(self, old: EventRow, new: EventRow) -> bool:
        """Write `new` if the row still reads as `old`; True when it was written."""
        ...

    def remove(self, message_id: str, event_keys: Collection[str]) -> None:
        """Delete rows; those that are gone already are no error."""
        ...


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Keeps engagement rows."""

    rows: Rows

    def renew(self, message_id: str) -> None:
        """Bring the message's engagement row up to date and drop hits beyond the limits.

        Raises:
            RetryableError: when others keep changing it.
        """
        for _ in range(ROUNDS):
            rows = self.rows.of_messages([message_id])[message_id]
            surplus = _surplus(rows)
            if surplus:
                self.rows.remove(message_id, surplus)
            stored = next((row for row in rows if row.event_key == ENGAGEMENT), None)
            rest = [row for row in rows if row.event_key not in {ENGAGEMENT, *surplus}]
            wanted = _judged(rest)
            if wanted is None or wanted == stored:
                return
            if stored is None:
                self.rows.put_if_absent(wanted)
            else:
                self.rows.replace(stored, wanted)
        raise RetryableError(f"message {message_id} is changed by too many at once")


def _surplus(rows: Sequence[EventRow]) -> set[str]:
    """Return the keys of opens and clicks beyond the earliest; keys sort by time, then hash."""
    opens = sorted(row.event_key for row in rows if row.event_type is EventType.OPENED)
    clicks = sorted(row.event_key for row in rows if row.event_type is EventType.CLICKED)
    return {*opens[engagement.MAX_OPENS :], *clicks[engagement.MAX_CLICKS :]}


def _judged(rows: Sequence[EventRow]) -> EventRow | None:
    """Return the engagement row that fits `rows`; None where there is no hit to judge."""
    hits = [row for row in rows if row.event_type in (EventType.OPENED, EventType.CLICKED)]
    if not hits:
        return None
    first = min(hits, key=lambda row: (row.ts, row.event_key))
    base = next((row for row in rows if row.event_key == SENT), first)
    return replace(
        base,
        event_key=ENGAGEMENT,
        event_type=EventType.ENGAGEMENT,
        ts=first.ts,
        smtp_code=None,
        smtp_response=None,
        data=engagement.summary(engagement.judge(rows)),
    )
