"""The tables about calls of the API: idempotency keys, and how many calls there were."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)

from mailtide.store.row import Instant, Row


class IdempotencyRow(Row):
    """Calls that named an idempotency key, by a keyed hash of it; the answer lies sealed."""

    class Meta:
        table_name = "idempotency_keys"

    org_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    fingerprint = UnicodeAttribute()  # SHA-256, hex
    claim = UnicodeAttribute()
    claimed_at = Instant()
    begun_at = Instant()
    answered = BooleanAttribute(default=False)
    answer = BinaryAttribute(null=True, legacy_encoding=False)
    expires_at = TTLAttribute(null=True)


class RequestCountRow(Row):
    """How many requests an organisation has made in one window of time."""

    class Meta:
        table_name = "request_counts"

    org_id = UnicodeAttribute(hash_key=True)
    window = UnicodeAttribute(range_key=True)  # the instant it begins at
    requests = NumberAttribute(null=True)
    expires_at = TTLAttribute(null=True)
