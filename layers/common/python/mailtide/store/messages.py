"""The rows of messages, as the sender writes and reads them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from mailtide.domain.message import EventRow
from mailtide.store import dynamo
from mailtide.store.event_rows import from_item, to_item
from mailtide.store.tables import DeliveryEventRow


class Messages:
    """The sender's side of `email_delivery_events`."""

    def write_ahead(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix their content; all of them, or RetryableError."""
        items = {(row.message_id, row.event_key): to_item(row) for row in rows}
        dynamo.put_many(DeliveryEventRow.Meta.table_name, items.values())

    def put_newer(self, row: EventRow) -> bool:
        """Write a row unless its key holds one of the same or a later attempt; True if written."""
        attempt = DeliveryEventRow.attempt
        return _put(row, attempt.does_not_exist() | (attempt < row.attempt))

    def correct(self, row: EventRow) -> bool:
        """Replace the message's row of the same key if its attempt is `row.attempt`."""
        return _put(row, DeliveryEventRow.attempt == row.attempt)

    def replace(self, old: EventRow, new: EventRow) -> bool:
        """Write `new` if the row still reads as `old`; True when it was written."""
        return _put(new, _reads_as(old))

    def of_messages(self, message_ids: Collection[str]) -> Mapping[str, Sequence[EventRow]]:
        """Read all rows of messages consistently, by message; sorted by event key."""
        return {
            message_id: [from_item(i) for i in dynamo.query_items(DeliveryEventRow, message_id)]
            for message_id in message_ids
        }


def _put(row: EventRow, condition: Condition) -> bool:
    item = to_item(row)
    found = dynamo.put_item(DeliveryEventRow, item, condition)
    return found is None or found == item


def _reads_as(row: EventRow) -> Condition:
    """Return the condition that every attribute is as in `row`, and those it has not are absent."""
    item = to_item(row)
    condition = DeliveryEventRow.event_key.exists()
    for name in DeliveryEventRow.get_attributes():
        path = Path(name)
        condition &= path == _plain(item[name]) if name in item else path.does_not_exist()
    return condition


def _plain(value: dict[str, Any]) -> str | int:
    return str(value["S"]) if "S" in value else int(value["N"])
