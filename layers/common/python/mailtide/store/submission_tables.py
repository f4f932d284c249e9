"""The table of submissions; `tables.py` has the others, and `ALL`."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from mailtide.store.row import Instant, Row


class SubmissionRow(Row):
    """Single messages that were asked for, by contact: erasure reads a stretch of one partition."""

    class Meta:
        table_name = "submissions"

    shard_key = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)  # `<contact id>#<message id>`
    said = JSONAttribute()  # content, variables, attachments and the rest
    created_at = Instant()
    expires_at = TTLAttribute()
