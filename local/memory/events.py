"""The receiving side's view of the event table in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from local.memory.messages import Messages
from local.memory.pages import page
from mailtide.domain.message import DOUBT, ENGAGEMENT, SENT, EventRow, millis, order_of
from mailtide.domain.page import Page

_LATEST = 10**13  # above every instant: turns "newest first" into "least first"


@dataclass(slots=True)
class Events(Messages):
    """The rows of messages, as what comes back writes and reads them."""

    def sent(self, message_ids: Collection[str]) -> Mapping[str, EventRow]:
        """Read `sent` rows; a message without one is missing."""
        return {row.message_id: row for row in self._read(message_ids, SENT)}

    def marks(self, message_ids: Collection[str]) -> Sequence[EventRow]:
        """Read the doubt and engagement rows of messages."""
        return self._read(message_ids, DOUBT, ENGAGEMENT)

    def put_all(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix what they say; no key twice."""
        for row in rows:
            self.table.put(row)

    def put_least(self, rows: Sequence[EventRow]) -> None:
        """Write each state row unless one of the same or a lesser merge order stands there."""
        for row in rows:
            stored = self.table.get(row.message_id, row.event_key)
            if stored is None or order_of(stored) > order_of(row):
                self.table.put(row)

    def put_if_absent(self, row: EventRow) -> bool:
        """Write a row unless its key is taken; True when it was written."""
        return self.table.put_if_absent(row)

    def remove(self, message_id: str, event_keys: Collection[str]) -> None:
        """Delete rows; those that are gone already are no error."""
        for event_key in event_keys:
            self.table.delete(message_id, event_key)

    def to_contact(self, contact_id: str, limit: int, after: str | None) -> Page[EventRow]:
        """Return the `sent` rows of messages to a contact, the newest first."""
        mine = [
            row
            for row in self.table.all()
            if row.event_key == SENT and row.of.recipient_id == contact_id
        ]
        by_age = {f"{_LATEST - millis(row.ts):013d}#{row.message_id}": row for row in mine}
        return page(by_age, limit, after)

    def _read(self, message_ids: Collection[str], *event_keys: str) -> list[EventRow]:
        found = (self.table.get(one, key) for one in sorted(message_ids) for key in event_keys)
        return [row for row in found if row is not None]
