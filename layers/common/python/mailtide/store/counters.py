"""Counters: the rows of `campaign_metrics`, each with its own checkpoint per stream shard.

A row is `<dimension>#<quarter-hour>#<value>` of a campaign, so that one dimension is one contiguous
stretch. Metrics are numbers under their own names, checkpoints are texts under `s_<shard>`: a
sequence number has more digits than a number of DynamoDB holds.
Source: docs/domain/counters.md, docs/tables.md.
"""

from collections.abc import Iterator, Mapping, Sequence

from pynamodb.expressions.operand import Path

from mailtide.domain.metrics import METRICS, Cell
from mailtide.flows.insights import Count
from mailtide.store import dynamo
from mailtide.store.tables import CampaignMetricRow

_DIRTY = "_dirty"  # sorts before every dimension's rows


class Counters:
    """The counters of all campaigns."""

    def add(
        self, cell: Cell, change: Mapping[str, int], shard: str, first: str, last: str
    ) -> str | None:
        """Add `change` and move the shard's checkpoint to `last`, if it is below `first`.

        Both happen or neither. Returns None when they did, else the checkpoint that stands there.
        """
        row = CampaignMetricRow(*cell)
        checkpoint = Path([f"s_{shard}"])
        actions = [
            checkpoint.set(last),
            CampaignMetricRow.id.set(row.key_text()),
            *(Path([metric]).add(count) for metric, count in change.items()),
        ]
        condition = checkpoint.does_not_exist() | (checkpoint < first)
        found = dynamo.update(row, actions, condition)
        return None if found is None else str(found[f"s_{shard}"]["S"])

    def mark_dirty(self, campaign_id: str, reason: str) -> None:
        """Say that a campaign's counters may miss something until they are rebuilt."""
        row = CampaignMetricRow(campaign_id, _DIRTY)
        actions = [Path(["reason"]).set(reason), CampaignMetricRow.id.set(row.key_text())]
        dynamo.update(row, actions)

    def is_dirty(self, campaign_id: str) -> bool:
        """Say whether a campaign's counters wait to be rebuilt."""
        return bool(dynamo.get_many(CampaignMetricRow, [(campaign_id, _DIRTY)]))

    def read(self, campaign_id: str, dimension: str) -> Sequence[Count]:
        """Return the counters of one dimension by quarter-hour and value."""
        return [_count(item) for item in _items(campaign_id, dimension)]


def _items(campaign_id: str, dimension: str) -> Iterator[dynamo.Item]:
    arguments: dynamo.Item = {
        "TableName": CampaignMetricRow.Meta.table_name,
        "KeyConditionExpression": "campaign_id = :campaign AND begins_with(#bucket, :prefix)",
        "ExpressionAttributeNames": {"#bucket": "bucket"},
        "ExpressionAttributeValues": {
            ":campaign": {"S": campaign_id},
            ":prefix": {"S": f"{dimension}#"},
        },
    }
    return dynamo.query_all(arguments)


def _count(item: dynamo.Item) -> Count:
    _, quarter, value = item["bucket"]["S"].split("#", 2)
    return Count(quarter, value, {m: int(item[m]["N"]) for m in METRICS if m in item})
