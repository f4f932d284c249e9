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
from mailtide.domain.engagement import Verdict
from mailtide.domain.event import EventType
from mailtide.domain.message import ANSWERS, ENGAGEMENT, HITS, SENT, EventRow
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
            verdict = engagement.judge(rows)
            if not verdict.counted:
                return
            surplus = _surplus(rows, verdict)
            if surplus:
                self.rows.remove(message_id, surplus)
            stored = next((row for row in rows if row.event_key == ENGAGEMENT), None)
            wanted = _row_of(verdict, rows)
            if wanted == stored:
                return
            if stored is None:
                self.rows.put_if_absent(wanted)
            else:
                self.rows.replace(stored, wanted)
        raise RetryableError(f"message {message_id} is changed by too many at once")


def _surplus(rows: Sequence[EventRow], verdict: Verdict) -> set[str]:
    """Return the keys of hits and answers that the verdict leaves out: beyond the earliest."""
    return {row.event_key for row in rows if row.event_type in HITS | ANSWERS} - set(
        verdict.counted
    )


def _row_of(verdict: Verdict, rows: Sequence[EventRow]) -> EventRow:
    """Return the engagement row of a verdict over `rows` in which something counts."""
    first = min(verdict.counted, key=lambda key: (verdict.counted[key], key))
    by_key = {row.event_key: row for row in rows}
    return replace(
        by_key.get(SENT, by_key[first]),
        event_key=ENGAGEMENT,
        event_type=EventType.ENGAGEMENT,
        ts=by_key[first].ts,
        smtp_code=None,
        smtp_response=None,
        data=engagement.summary(verdict),
    )
