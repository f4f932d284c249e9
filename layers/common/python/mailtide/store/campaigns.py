"""Campaigns: their state, moved by conditional writes, and how far their launch is.

A campaign that is sending stands in a small index of its own, for `release`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from mailtide.domain.campaign import Campaign, Move, State, moved
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.message import millis
from mailtide.store import dynamo
from mailtide.store.tables import CampaignRow

LAUNCH_PATIENCE = timedelta(minutes=2)  # after which a launch that has not finished is repeated
_ACTIVE = "1"
_ENDED = frozenset({State.SENT, State.CANCELLED})


class Campaigns:
    """The campaigns of all organisations."""

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign consistently."""
        row = dynamo.get(CampaignRow, org_id, campaign_id)
        return campaign_of(row) if row else None

    def active(self) -> Sequence[Campaign]:
        """Return the campaigns of all organisations that are sending.

        The index may lag; the rows behind it are read consistently.
        """
        with dynamo.calling():
            keys = [
                (row.org_id, row.campaign_id) for row in CampaignRow.active_index.query(_ACTIVE)
            ]
        campaigns = map(campaign_of, dynamo.get_many(CampaignRow, keys))
        return [campaign for campaign in campaigns if campaign.state is State.SENDING]

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        """Write a transition if the state is still what `campaign` says; True when written.

        A start sets what is to be launched in the same write. True also when the row carries this
        very move already: the reply of an earlier try was lost.

        Raises:
            ConflictError: when the campaign's state does not allow the move.
        """
        state = moved(campaign.state, move)
        nonce = f"{move.value}:{millis(at)}"
        actions = [
            CampaignRow.state.set(state.value),
            CampaignRow.nonce.set(nonce),
            *_consequences(move, state, at),
        ]
        found = dynamo.update(_key(campaign), actions, _may(campaign, move))
        return found is None or found.get("nonce", {}).get("S") == nonce

    def relaunch(self, campaign: Campaign, due_at: datetime) -> bool:
        """Set when the launch is asked for again if it is still what `campaign` says."""
        asked = CampaignRow.launch_due_at
        same = (
            asked.does_not_exist()
            if campaign.launch_due_at is None
            else asked == campaign.launch_due_at
        )
        condition = (CampaignRow.state == campaign.state.value) & same
        return dynamo.update(_key(campaign), [asked.set(due_at)], condition) is None

    def shard_launched(
        self, org_id: str, campaign_id: str, shard: str, *, planned: int, excluded: int
    ) -> frozenset[str]:
        """Take a shard off those to launch, note its counts, return the shards that remain."""
        actions = [
            CampaignRow.launching.delete([shard]),
            Path(["planned", shard]).set(planned),
            Path(["excluded", shard]).set(excluded),
        ]
        dynamo.update(CampaignRow(org_id, campaign_id), actions, CampaignRow.planned.exists())
        campaign = self.get(org_id, campaign_id)
        return campaign.launching if campaign else frozenset()


def _key(campaign: Campaign) -> CampaignRow:
    return CampaignRow(campaign.org_id, campaign.campaign_id)


def _may(campaign: Campaign, move: Move) -> Condition:
    """Return the condition of a move: the state as read, and no finish during the launch."""
    same = CampaignRow.state == campaign.state.value
    return same & CampaignRow.launching.does_not_exist() if move is Move.FINISH else same


def _consequences(move: Move, state: State, at: datetime) -> list[Action]:
    active = CampaignRow.active
    actions: list[Action] = [active.set(_ACTIVE) if state is State.SENDING else active.remove()]
    if move is Move.START:
        actions += [
            CampaignRow.started_at.set(at),
            CampaignRow.launching.set(set(SHARDS)),
            CampaignRow.launch_due_at.set(at + LAUNCH_PATIENCE),
            CampaignRow.planned.set({}),
            CampaignRow.excluded.set({}),
        ]
    if state in _ENDED:
        actions.append(CampaignRow.finished_at.set(at))
    return actions


def campaign_of(row: CampaignRow) -> Campaign:
    """Return the campaign that a row holds."""
    return Campaign(
        org_id=row.org_id,
        campaign_id=row.campaign_id,
        name=row.name,
        list_ids=tuple(row.list_ids),
        template_id=row.template_id,
        identity_id=row.identity_id,
        state=State(row.state),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        launching=frozenset(row.launching or ()),
        launch_due_at=row.launch_due_at,
        planned=_counts(row.planned),
        excluded=_counts(row.excluded),
    )


def _counts(found: Any) -> dict[str, int]:
    return {shard: int(count) for shard, count in found.as_dict().items()} if found else {}
