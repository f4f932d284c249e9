"""The event table in memory: rows by message and key, and the stream of their changes.

Everything that writes event rows shares one table, as in AWS, so that `rollup` and `react` can be
fed from `stream` in any cut.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mailtide.domain.message import EventRow

Condition = Callable[[EventRow | None], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """One record of the stream; `old` is None for a new row, `new` for a deleted one."""

    sequence: int  # from 1, without gaps
    old: EventRow | None
    new: EventRow | None


@dataclass(slots=True)
class EventTable:
    """Rows in two levels: message id, then event key."""

    rows: dict[str, dict[str, EventRow]] = field(default_factory=lambda: defaultdict(dict))
    stream: list[Change] = field(default_factory=list)

    def get(self, message_id: str, event_key: str) -> EventRow | None:
        """Return one row."""
        return self.rows.get(message_id, {}).get(event_key)

    def of_message(self, message_id: str) -> list[EventRow]:
        """Return all rows of a message by key."""
        found = self.rows.get(message_id, {})
        return [found[key] for key in sorted(found)]

    def all(self) -> Iterator[EventRow]:
        """Return every row by message and key."""
        for message_id in sorted(self.rows):
            yield from self.of_message(message_id)

    def put(self, row: EventRow) -> None:
        """Write a row whatever was there."""
        self._change(row.message_id, row.event_key, row)

    def put_if_absent(self, row: EventRow) -> bool:
        """Write a row if its key is free; say whether it was."""
        return self.put_if(row, lambda stored: stored is None)

    def put_if(self, row: EventRow, condition: Condition) -> bool:
        """Write a row if the stored one (or its absence) meets a condition; say whether it did."""
        if not condition(self.get(row.message_id, row.event_key)):
            return False
        self.put(row)
        return True

    def delete(self, message_id: str, event_key: str) -> None:
        """Remove a row if it is there."""
        self._change(message_id, event_key, None)

    def _change(self, message_id: str, event_key: str, new: EventRow | None) -> None:
        old = self.get(message_id, event_key)
        if old == new:  # a write that changes nothing leaves no record, as in DynamoDB
            return
        if new is None:
            del self.rows[message_id][event_key]
        else:
            self.rows[message_id][event_key] = new
        self.stream.append(Change(len(self.stream) + 1, old, new))
