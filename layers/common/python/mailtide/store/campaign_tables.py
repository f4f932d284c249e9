"""The tables of campaigns, segments and triggers; `tables.py` has the others, and `ALL`."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from mailtide.store.indexes import ActiveIndex, ScheduledIndex
from mailtide.store.row import Instant, Row


class CampaignRow(Row):
    """Campaigns and how far their launch is."""

    class Meta:
        table_name = "campaigns"

    org_id = UnicodeAttribute(hash_key=True)
    campaign_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    list_ids = JSONAttribute()
    segment_ids = JSONAttribute(null=True)  # absent for none, as the two below
    excluded_list_ids = JSONAttribute(null=True)
    excluded_segment_ids = JSONAttribute(null=True)
    template_id = UnicodeAttribute()
    identity_id = UnicodeAttribute()
    state = UnicodeAttribute()
    created_at = Instant()
    started_at = Instant(null=True)
    finished_at = Instant(null=True)
    active = UnicodeAttribute(null=True)  # "1" while the campaign is sending
    scheduled = UnicodeAttribute(null=True)  # "1" while it waits for `send_at`
    send_at = Instant(null=True)
    give_up_hours = NumberAttribute(null=True)  # absent for the default
    on_doubt = UnicodeAttribute(null=True)  # absent for the default, as the next
    doubt_expires_hours = NumberAttribute(null=True)
    schedule_error = UnicodeAttribute(null=True)
    launching = UnicodeSetAttribute(null=True)
    launch_due_at = Instant(null=True)
    planned: MapAttribute[str, int] = MapAttribute(null=True)
    excluded: MapAttribute[str, Any] = MapAttribute(null=True)  # by shard, then by reason
    nonce = UnicodeAttribute(null=True)  # of the last move
    active_index = ActiveIndex()
    scheduled_index = ScheduledIndex()


class SegmentRow(Row):
    """Segments, and the copies that started campaigns keep of theirs."""

    class Meta:
        table_name = "segments"

    org_id = UnicodeAttribute(hash_key=True)
    segment_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    filter = JSONAttribute()
    created_at = Instant()
    updated_at = Instant(null=True)


class TriggerRow(Row):
    """Triggers' definitions."""

    class Meta:
        table_name = "triggers"

    org_id = UnicodeAttribute(hash_key=True)
    trigger_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    event = UnicodeAttribute()
    template_id = UnicodeAttribute()
    identity_id = UnicodeAttribute()
    delay_seconds = NumberAttribute()
    frequency = UnicodeAttribute()
    active = BooleanAttribute()
    created_at = Instant()
    updated_at = Instant(null=True)
