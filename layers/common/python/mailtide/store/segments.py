"""Segments, as they were saved; copies of started campaigns lie beside them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mailtide.domain import segment_json
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment
from mailtide.store import dynamo
from mailtide.store.campaign_tables import SegmentRow
from mailtide.store.paging import page


class Segments:
    """The table `segments`."""

    def get(self, org_id: str, segment_id: str) -> Segment | None:
        """Return one segment."""
        row = dynamo.get(SegmentRow, org_id, segment_id)
        return _read(row) if row else None

    def get_many(self, org_id: str, segment_ids: Sequence[str]) -> Mapping[str, Segment]:
        """Return segments by id; only those that exist are in the answer."""
        keys = [(org_id, segment_id) for segment_id in segment_ids]
        return {row.segment_id: _read(row) for row in dynamo.get_many(SegmentRow, keys)}

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Segment]:
        """Return the organisation's segments by id."""
        return page(SegmentRow, org_id, limit, after, _read)

    def create(self, segment: Segment) -> None:
        """Write a segment under a fresh id; a repeat of the same write changes nothing."""
        dynamo.put(segment_row(segment), SegmentRow.org_id.does_not_exist())

    def swap(self, old: Segment, new: Segment, at: datetime) -> bool:
        """Write name and filter of `new` if the row still has those of `old`."""
        actions = [
            SegmentRow.name.set(new.name),
            SegmentRow.filter.set(segment_json.write(new.filter)),
            SegmentRow.updated_at.set(at),
        ]
        is_old = SegmentRow.filter == segment_json.write(old.filter)
        is_old &= SegmentRow.name == old.name
        return dynamo.update(SegmentRow(old.org_id, old.segment_id), actions, is_old) is None

    def delete(self, org_id: str, segment_id: str) -> bool:
        """Delete a segment; False when it is not there."""
        row = SegmentRow(org_id, segment_id)
        return dynamo.delete(row, SegmentRow.org_id.exists()) is None


def segment_row(segment: Segment) -> SegmentRow:
    """Return the row of a new segment."""
    return SegmentRow(
        segment.org_id,
        segment.segment_id,
        name=segment.name,
        filter=segment_json.write(segment.filter),
        created_at=segment.created_at,
    )


def _read(row: SegmentRow) -> Segment:
    return Segment(
        org_id=row.org_id,
        segment_id=row.segment_id,
        name=row.name,
        filter=segment_json.read(row.filter),
        created_at=row.created_at,
    )
