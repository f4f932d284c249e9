"""Stream records of `email_delivery_events` as the changes that `rollup` and `react` work on."""

import json
from collections.abc import Mapping
from typing import Any

from mailtide.domain.message import EventRow
from mailtide.domain.metrics import contributions
from mailtide.flows.envelope import Bucket
from mailtide.flows.rollup import Change, Unreadable
from mailtide.store.event_rows import Item, from_item

SEQUENCE_DIGITS = 40  # the longest that DynamoDB gives; padded, they compare as texts

_EXPIRY = ("Service", "dynamodb.amazonaws.com")


def read(record: Mapping[str, Any]) -> Change | Unreadable:
    """Read one record of the event; what is no row of ours comes back with the reason.

    Raises:
        KeyError: when it is no stream record at all.
    """
    change = record["dynamodb"]
    sequence = str(change["SequenceNumber"]).zfill(SEQUENCE_DIGITS)
    try:
        old, new = _row(change.get("OldImage")), _row(change.get("NewImage"))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        key = change.get("Keys", {}).get("message_id", {}).get("S")
        return Unreadable(sequence, key, repr(error), record)
    return Change(sequence, old, new, expired=_is_expiry(record))


def _row(image: Item | None) -> EventRow | None:
    """Read an image; that its counts can be read is a part of that."""
    if image is None:
        return None
    row = from_item(image)
    contributions(row)
    return row


def _is_expiry(record: Mapping[str, Any]) -> bool:
    """Say whether the table's time to live removed the row, and none of us."""
    by = {name.lower(): value for name, value in (record.get("userIdentity") or {}).items()}
    return (by.get("type"), by.get("principalid")) == _EXPIRY


class Quarantine:
    """Records that could not be read, in the bucket under their place in the stream."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put(self, shard: str, record: Unreadable) -> None:
        """Keep one record; again under the same sequence number changes nothing."""
        told = {"reason": record.reason, "record": record.record}
        body = json.dumps(told, default=str, sort_keys=True).encode()
        self._bucket.put(f"quarantine/{shard}/{record.sequence}.json", body)
