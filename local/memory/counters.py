"""The counters in memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailtide.domain.metrics import Cell
from mailtide.flows.insights import Count


@dataclass(slots=True)
class Row:
    """One counter row."""

    counts: dict[str, int] = field(default_factory=dict)
    checkpoints: dict[str, str] = field(default_factory=dict)  # by shard


@dataclass(slots=True)
class Counters:
    """Counter rows by campaign and bucket."""

    rows: dict[Cell, Row] = field(default_factory=lambda: defaultdict(Row))
    dirty: dict[str, str] = field(default_factory=dict)

    def add(
        self, cell: Cell, change: Mapping[str, int], shard: str, first: str, last: str
    ) -> str | None:
        """Add `change` and move the shard's checkpoint to `last`, if it is below `first`."""
        row = self.rows[cell]
        found = row.checkpoints.get(shard)
        if found is not None and found >= first:
            return found
        for metric, count in change.items():
            row.counts[metric] = row.counts.get(metric, 0) + count
        row.checkpoints[shard] = last
        return None

    def mark_dirty(self, campaign_id: str, reason: str) -> None:
        """Say that a campaign's counters may miss something until they are rebuilt."""
        self.dirty[campaign_id] = reason

    def is_dirty(self, campaign_id: str) -> bool:
        """Say whether a campaign's counters wait to be rebuilt."""
        return campaign_id in self.dirty

    def read(self, campaign_id: str, dimension: str) -> Sequence[Count]:
        """Return the counters of one dimension by quarter-hour and value."""
        found = []
        for campaign, bucket in sorted(self.rows):
            name, quarter, value = bucket.split("#", 2)
            if (campaign, name) == (campaign_id, dimension):
                found.append(Count(quarter, value, dict(self.rows[campaign, bucket].counts)))
        return found
