"""Campaigns as their rows hold them."""

from collections.abc import Mapping
from typing import Any

from mailtide.domain.campaign import (
    DOUBT_EXPIRES_HOURS,
    GIVE_UP_HOURS,
    Campaign,
    OnDoubt,
    State,
)
from mailtide.store.campaign_tables import CampaignRow


def campaign_of(row: CampaignRow) -> Campaign:
    """Return the campaign that a row holds."""
    return Campaign(
        org_id=row.org_id,
        campaign_id=row.campaign_id,
        name=row.name,
        list_ids=tuple(row.list_ids),
        segment_ids=tuple(row.segment_ids or ()),
        excluded_list_ids=tuple(row.excluded_list_ids or ()),
        excluded_segment_ids=tuple(row.excluded_segment_ids or ()),
        template_id=row.template_id,
        identity_id=row.identity_id,
        state=State(row.state),
        created_at=row.created_at,
        send_at=row.send_at,
        give_up_hours=int(row.give_up_hours or GIVE_UP_HOURS),
        on_doubt=OnDoubt(row.on_doubt or OnDoubt.REPORT),
        doubt_expires_hours=int(row.doubt_expires_hours or DOUBT_EXPIRES_HOURS),
        schedule_error=row.schedule_error,
        started_at=row.started_at,
        finished_at=row.finished_at,
        launching=frozenset(row.launching or ()),
        launch_due_at=row.launch_due_at,
        planned=_counts(_map(row.planned)),
        excluded={shard: _counts(of) for shard, of in _map(row.excluded).items()},
    )


def _map(found: Any) -> dict[str, Any]:
    return dict(found.as_dict()) if found else {}


def _counts(found: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(count) for name, count in found.items()}
