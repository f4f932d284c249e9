"""The sender's view of the event table in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from local.memory.rows import EventTable
from mailtide.domain.message import EventRow


@dataclass(slots=True)
class Messages:
    """The rows of messages, as the sender writes and reads them."""

    table: EventTable = field(default_factory=EventTable)

    def write_ahead(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix their content."""
        for row in rows:
            self.table.put(row)

    def put_newer(self, row: EventRow) -> bool:
        """Write a row unless its key holds one of the same or a later attempt; True if written."""
        newer = self.table.put_if(row, lambda old: old is None or old.attempt < row.attempt)
        return newer or self._reads(row)

    def correct(self, row: EventRow) -> bool:
        """Replace the message's row of the same key if its attempt is `row.attempt`."""
        return self.table.put_if(row, lambda old: old is not None and old.attempt == row.attempt)

    def replace(self, old: EventRow, new: EventRow) -> bool:
        """Write `new` if the row still reads as `old`; True when it was written."""
        return self.table.put_if(new, lambda stored: stored == old) or self._reads(new)

    def of_messages(self, message_ids: Collection[str]) -> Mapping[str, Sequence[EventRow]]:
        """Read all rows of messages, by message; sorted by event key."""
        return {one: self.table.of_message(one) for one in message_ids}

    def _reads(self, row: EventRow) -> bool:
        return self.table.get(row.message_id, row.event_key) == row
