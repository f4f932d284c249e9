"""Doubts: messages of which nobody knows whether they left, and the evidence that settles them.

Whoever marks a doubt reads the evidence again after the mark; whoever writes evidence looks for
the mark after it. So one of the two always sees the other, and no doubt outlives its answer.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailtide.domain.message import DOUBT, EVIDENCE, SENT, EventRow, SentState, settled


class Marks(Protocol):
    """The rows of messages, as far as marks are settled."""

    def replace(self, old: EventRow, new: EventRow) -> bool:
        """Write `new` if the row still reads as `old`; True when it was written."""
        ...


class Rows(Marks, Protocol):
    """The rows of messages, as far as doubts need them."""

    def put_newer(self, row: EventRow) -> bool:
        """Write a row unless its key holds one of the same or a later attempt; True if written."""
        ...

    def of_messages(self, message_ids: Collection[str]) -> Mapping[str, Sequence[EventRow]]:
        """Read all rows of messages consistently."""
        ...


@dataclass(frozen=True, slots=True)
class Doubts:
    """Marks and settles doubts."""

    rows: Rows

    def mark(self, marks: Sequence[EventRow]) -> int:
        """Mark messages in doubt, then look for evidence; return how many stay in doubt."""
        for mark in marks:
            self.rows.put_newer(mark)
        ids = {mark.message_id for mark in marks}
        return len(ids) - self.settle_with_evidence(ids)

    def settle_with_evidence(self, message_ids: Collection[str]) -> int:
        """Settle the marks of those messages that have evidence; return how many have."""
        return len(message_ids) - len(self._without_evidence(message_ids))

    def standing(self, message_ids: Collection[str]) -> frozenset[str]:
        """Return the messages that are in doubt, when evidence has settled those it can.

        Whoever has no mark is one too: it is missing until a block's holder is found dead.
        """
        return frozenset(
            message_id
            for message_id, rows in self._without_evidence(message_ids).items()
            if not any(row.event_key == DOUBT and row.data["settled"] for row in rows)
        )

    def _without_evidence(self, message_ids: Collection[str]) -> Mapping[str, Sequence[EventRow]]:
        """Settle the marks of those messages that have evidence; return the rows of the others."""
        found = {}
        for message_id, rows in self.rows.of_messages(message_ids).items():
            if evident(rows):
                settle(self.rows, (row for row in rows if row.event_key == DOUBT))
            else:
                found[message_id] = rows
        return found


def settle(rows: Marks, marks: Iterable[EventRow]) -> None:
    """Settle the marks that are open; one that changes meanwhile is settled by who changed it."""
    for mark in marks:
        if not mark.data["settled"]:
            rows.replace(mark, settled(mark))


def evident(rows: Iterable[EventRow]) -> bool:
    """Say whether a message's rows tell what became of it."""
    return any(
        row.event_type in EVIDENCE
        or (row.event_key == SENT and (row.data.get("answered") or _never_left(row)))
        for row in rows
    )


def _never_left(row: EventRow) -> bool:
    return SentState(row.data["state"]) is not SentState.SENT
