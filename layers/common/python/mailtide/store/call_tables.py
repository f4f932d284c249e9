"""The tables about calls of the API: idempotency keys, and how many calls there were."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from base64 import b64decode, b64encode

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import STRING

from mailtide.store.row import Instant, Row


class Bytes(Attribute[bytes]):
    """Bytes, stored as a text in base64: so no item needs more than JSON has."""

    attr_type = STRING

    def serialize(self, value: bytes) -> str:
        """Write the text."""
        return b64encode(value).decode()

    def deserialize(self, value: str) -> bytes:
        """Read the text."""
        return b64decode(value)


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
    answer = Bytes(null=True)
    expires_at = TTLAttribute(null=True)


class RequestCountRow(Row):
    """How many requests an organisation has made in one window of time."""

    class Meta:
        table_name = "request_counts"

    org_id = UnicodeAttribute(hash_key=True)
    window = UnicodeAttribute(range_key=True)  # the instant it begins at
    requests = NumberAttribute(null=True)
    expires_at = TTLAttribute(null=True)
