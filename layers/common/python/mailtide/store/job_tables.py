"""The table of jobs; `tables.py` has the others, and `ALL`."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from mailtide.store.row import Instant, Row


class JobDueIndex(GlobalSecondaryIndex[Any]):
    """Jobs that are not over, by when somebody has to look at them."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    due_at = Instant(range_key=True)


class JobRow(Row):
    """Jobs, the newest first, and how far each is."""

    class Meta:
        table_name = "jobs"

    org_id = UnicodeAttribute(hash_key=True)
    job_id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    task = JSONAttribute()
    created_at = Instant()
    state = UnicodeAttribute()
    revision = NumberAttribute()
    open = UnicodeAttribute(null=True)  # "1" while somebody has to look at it at `due_at`
    due_at = Instant(null=True)
    holder = UnicodeAttribute(null=True)
    tries = NumberAttribute()
    cursor = JSONAttribute()
    progress = JSONAttribute()
    result = JSONAttribute(null=True)
    file = UnicodeAttribute(null=True)
    failure = UnicodeAttribute(null=True)
    failure_code = UnicodeAttribute(null=True)
    finished_at = Instant(null=True)
    expires_at = TTLAttribute(null=True)
    due_index = JobDueIndex()
