"""Event rows as items of `email_delivery_events`, for the stores and the stream's readers.

What a condition looks at stands in an attribute of its own (`merge_order`), the rest of `data` in
one JSON text. The two sparse indexes follow from the row alone.
"""

import json
from typing import Any

from mailtide.domain.event import EventType
from mailtide.domain.message import (
    DOUBT,
    SENT,
    Dimensions,
    EventRow,
    SentState,
    instant,
    millis,
)

Item = dict[str, dict[str, Any]]

PROBLEM_SHARDS = 8
_ORDER = "order"  # in `data`; the attribute is `merge_order`


def to_item(row: EventRow) -> Item:
    """Return the item that holds a row."""
    of = row.of
    texts = {
        "id": f"{row.message_id}/{row.event_key}",
        "message_id": row.message_id,
        "event_key": row.event_key,
        "event_type": row.event_type.value,
        "org_id": of.org_id,
        "campaign_id": of.campaign_id,
        "recipient_id": of.recipient_id,
        "list_id": of.list_id,
        "variant": of.variant,
        "identity_id": of.identity_id,
        "ip_id": of.ip_id,
        "provider": of.provider,
        "smtp_response": row.smtp_response,
        "merge_order": row.data.get(_ORDER),
        "by_recipient": of.recipient_id if row.event_key == SENT else None,
        "problem_of": problem_of(row),
        "data": _rest_of(row),
    }
    numbers = {
        "attempt": row.attempt,
        "ts": millis(row.ts),
        "smtp_code": row.smtp_code,
    }
    item: Item = {name: {"S": text} for name, text in texts.items() if text is not None}
    item.update({name: {"N": str(n)} for name, n in numbers.items() if n is not None})
    return item


def from_item(item: Item) -> EventRow:
    """Return the row that an item, or an image in the stream, holds.

    Raises:
        ValueError: when the item is not one that `to_item` could have made.
    """
    try:
        return _read(item)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not an event row: {error!r}") from error


def _read(item: Item) -> EventRow:
    data = json.loads(item["data"]["S"]) if "data" in item else {}
    if "merge_order" in item:
        data[_ORDER] = item["merge_order"]["S"]
    of = Dimensions(
        org_id=item["org_id"]["S"],
        campaign_id=item["campaign_id"]["S"],
        recipient_id=item["recipient_id"]["S"],
        list_id=item["list_id"]["S"],
        variant=item["variant"]["S"],
        identity_id=item["identity_id"]["S"],
        ip_id=item["ip_id"]["S"],
        provider=item["provider"]["S"],
    )
    return EventRow(
        message_id=item["message_id"]["S"],
        event_key=item["event_key"]["S"],
        event_type=EventType(item["event_type"]["S"]),
        of=of,
        ts=instant(int(item["ts"]["N"])),
        attempt=int(item["attempt"]["N"]),
        smtp_code=int(item["smtp_code"]["N"]) if "smtp_code" in item else None,
        smtp_response=item["smtp_response"]["S"] if "smtp_response" in item else None,
        data=data,
    )


def problem_of(row: EventRow) -> str | None:
    """Return the partition of the `problems` index the row stands in, or None.

    Bounces, messages that never left and open doubts are problems.
    """
    failed = row.event_key == SENT and row.data.get("state") == SentState.FAILED
    doubted = row.event_key == DOUBT and not row.data.get("settled")
    if not (failed or doubted or row.event_type is EventType.BOUNCED):
        return None
    return f"{row.of.campaign_id}#{int(row.message_id[-1], 32) % PROBLEM_SHARDS}"


def _rest_of(row: EventRow) -> str | None:
    rest = {name: value for name, value in row.data.items() if name != _ORDER}
    return json.dumps(rest, separators=(",", ":")) if rest else None
