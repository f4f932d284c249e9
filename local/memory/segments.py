"""Segments in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local.memory.pages import page
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment


@dataclass(slots=True)
class Segments:
    """Stands in for `store.segments.Segments`."""

    rows: dict[tuple[str, str], Segment] = field(default_factory=dict)

    def get(self, org_id: str, segment_id: str) -> Segment | None:
        """Return one segment."""
        return self.rows.get((org_id, segment_id))

    def get_many(self, org_id: str, segment_ids: Sequence[str]) -> Mapping[str, Segment]:
        """Return segments by id; only those that exist are in the answer."""
        return {one: self.rows[org_id, one] for one in segment_ids if (org_id, one) in self.rows}

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Segment]:
        """Return the organisation's segments by id."""
        return page({one: s for (org, one), s in self.rows.items() if org == org_id}, limit, after)

    def create(self, segment: Segment) -> None:
        """Write a segment under a fresh id; a repeat of the same write changes nothing."""
        self.rows.setdefault((segment.org_id, segment.segment_id), segment)

    def swap(self, old: Segment, new: Segment, at: datetime) -> bool:
        """Write name and filter of `new` if the row still has those of `old`."""
        key = old.org_id, old.segment_id
        found = self.rows.get(key) == old
        if found:
            self.rows[key] = new
        return found

    def delete(self, org_id: str, segment_id: str) -> bool:
        """Delete a segment; False when it is not there."""
        return self.rows.pop((org_id, segment_id), None) is not None
