"""The rows of messages, as what comes back writes and reads them."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from mailtide.domain.message import DOUBT, ENGAGEMENT, SENT, EventRow, millis, order_of
from mailtide.domain.page import Page
from mailtide.store import dynamo
from mailtide.store.event_rows import from_item, to_item
from mailtide.store.messages import Messages
from mailtide.store.tables import DeliveryEventRow


class Events(Messages):
    """The receiving side of `email_delivery_events`."""

    def sent(self, message_ids: Collection[str]) -> Mapping[str, EventRow]:
        """Read `sent` rows consistently; a message without one is missing."""
        rows = _read((message_id, SENT) for message_id in message_ids)
        return {row.message_id: row for row in rows}

    def marks(self, message_ids: Collection[str]) -> Sequence[EventRow]:
        """Read the doubt and engagement rows of messages consistently."""
        return _read((message_id, key) for message_id in message_ids for key in (DOUBT, ENGAGEMENT))

    def put_all(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix what they say; no key twice."""
        dynamo.put_many(DeliveryEventRow.Meta.table_name, map(to_item, rows))

    def put_least(self, rows: Sequence[EventRow]) -> None:
        """Write each state row unless one of the same or a lesser merge order stands there."""
        order = DeliveryEventRow.merge_order
        for row in rows:
            condition = order.does_not_exist() | (order > order_of(row))
            dynamo.put_item(DeliveryEventRow, to_item(row), condition)

    def put_if_absent(self, row: EventRow) -> bool:
        """Write a row unless its key is taken; True when it was written."""
        absent = DeliveryEventRow.event_key.does_not_exist()
        return dynamo.put_item(DeliveryEventRow, to_item(row), absent) is None

    def remove(self, message_id: str, event_keys: Collection[str]) -> None:
        """Delete rows; those that are gone already are no error."""
        for event_key in event_keys:
            dynamo.delete(DeliveryEventRow(message_id, event_key))

    def to_contact(self, contact_id: str, limit: int, after: str | None) -> Page[EventRow]:
        """Return the `sent` rows of messages to a contact, the newest first.

        A position is `<13-digit ms>#<message id>`. An index lags behind its table a little.
        """
        with dynamo.calling():
            rows = list(
                DeliveryEventRow.recipient_index.query(
                    contact_id,
                    scan_index_forward=False,
                    last_evaluated_key=_start(contact_id, after) if after else None,
                    limit=limit + 1,
                )
            )
        shown = [from_item(row.serialize()) for row in rows[:limit]]
        last = shown[-1] if len(rows) > limit else None
        return Page(shown, f"{millis(last.ts):013d}#{last.message_id}" if last else None)


def _start(contact_id: str, after: str) -> dynamo.Item:
    ms, _, message_id = after.partition("#")
    return {
        "by_recipient": {"S": contact_id},
        "ts": {"N": str(int(ms))},
        "message_id": {"S": message_id},
        "event_key": {"S": SENT},
    }


def _read(keys: Iterable[tuple[str, str]]) -> list[EventRow]:
    return [from_item(item) for item in dynamo.get_items(DeliveryEventRow, list(keys))]
