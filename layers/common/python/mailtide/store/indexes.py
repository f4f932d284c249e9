"""The secondary indexes of the tables."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from mailtide.store.row import Instant


class ActiveIndex(GlobalSecondaryIndex[Any]):
    """Campaigns that are being sent."""

    class Meta:
        index_name = "active"
        projection = KeysOnlyProjection()

    active = UnicodeAttribute(hash_key=True)
    campaign_id = UnicodeAttribute(range_key=True)


class ScheduledIndex(GlobalSecondaryIndex[Any]):
    """Campaigns that wait for their time."""

    class Meta:
        index_name = "scheduled"
        projection = KeysOnlyProjection()

    scheduled = UnicodeAttribute(hash_key=True)
    send_at = Instant(range_key=True)


class DueIndex(GlobalSecondaryIndex[Any]):
    """Batches that `release` has to look at, spread over 8 partitions."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = Instant(range_key=True)


class OpenIndex(GlobalSecondaryIndex[Any]):
    """The batches of a campaign that are not done: few or none, where a campaign has thousands."""

    class Meta:
        index_name = "open"
        projection = KeysOnlyProjection()

    open_of = UnicodeAttribute(hash_key=True)
    batch_id = UnicodeAttribute(range_key=True)


class RecipientIndex(GlobalSecondaryIndex[Any]):
    """The messages to one contact: only `sent` rows carry the attribute."""

    class Meta:
        index_name = "by_recipient"
        projection = AllProjection()

    by_recipient = UnicodeAttribute(hash_key=True)
    ts = Instant(range_key=True)


class ProblemIndex(GlobalSecondaryIndex[Any]):
    """What went wrong in one campaign, spread over 8 partitions."""

    class Meta:
        index_name = "problems"
        projection = AllProjection()

    problem_of = UnicodeAttribute(hash_key=True)
    ts = Instant(range_key=True)
