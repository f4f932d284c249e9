"""Campaigns: their state, moved by conditional writes, and how far their launch is.

A campaign that is sending stands in a small index of its own, for `release`.
"""

from base64 import b32hexencode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from mailtide.domain.batch import Batch
from mailtide.domain.campaign import ENDED, Campaign, Move, State, moved
from mailtide.domain.content import Identity, Template
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.message import millis
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment
from mailtide.store import dynamo
from mailtide.store.campaign_rows import campaign_of
from mailtide.store.campaign_tables import CampaignRow
from mailtide.store.identities import identity_row
from mailtide.store.paging import page
from mailtide.store.row import assign, made_alike
from mailtide.store.segments import segment_row
from mailtide.store.templates import template_row

LAUNCH_PATIENCE = timedelta(minutes=2)  # after which a launch that has not finished is repeated
_ACTIVE = "1"


class Campaigns:
    """The campaigns of all organisations."""

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign consistently."""
        row = dynamo.get(CampaignRow, org_id, campaign_id)
        return campaign_of(row) if row else None

    def of(self, batch: Batch) -> Campaign | None:
        """Read the campaign of a batch consistently."""
        return self.get(batch.ref.org_id, batch.ref.campaign_id)

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Campaign]:
        """Return the organisation's campaigns by id."""
        return page(CampaignRow, org_id, limit, after, campaign_of)

    def create(self, campaign: Campaign) -> bool:
        """Write a draft under a fresh id; False when the id is taken."""
        row = CampaignRow(
            campaign.org_id,
            campaign.campaign_id,
            name=campaign.name,
            list_ids=list(campaign.list_ids),
            segment_ids=list(campaign.segment_ids) or None,
            excluded_list_ids=list(campaign.excluded_list_ids) or None,
            excluded_segment_ids=list(campaign.excluded_segment_ids) or None,
            template_id=campaign.template_id,
            identity_id=campaign.identity_id,
            give_up_hours=campaign.give_up_hours,
            on_doubt=campaign.on_doubt.value,
            doubt_expires_hours=campaign.doubt_expires_hours,
            state=campaign.state.value,
            created_at=campaign.created_at,
        )
        found = dynamo.put(row, CampaignRow.org_id.does_not_exist())
        return found is None or made_alike(row, found)

    def revise(self, campaign: Campaign) -> bool:
        """Write what a draft plans anew; False when it is no draft any more, or gone."""
        actions = [
            CampaignRow.name.set(campaign.name),
            CampaignRow.list_ids.set(list(campaign.list_ids)),
            assign(CampaignRow.segment_ids, list(campaign.segment_ids) or None),
            assign(CampaignRow.excluded_list_ids, list(campaign.excluded_list_ids) or None),
            assign(CampaignRow.excluded_segment_ids, list(campaign.excluded_segment_ids) or None),
            CampaignRow.template_id.set(campaign.template_id),
            CampaignRow.identity_id.set(campaign.identity_id),
            CampaignRow.give_up_hours.set(campaign.give_up_hours),
            CampaignRow.on_doubt.set(campaign.on_doubt.value),
            CampaignRow.doubt_expires_hours.set(campaign.doubt_expires_hours),
            CampaignRow.schedule_error.remove(),
        ]
        return dynamo.update(_key(campaign), actions, _is_draft()) is None

    def delete_draft(self, campaign: Campaign) -> bool:
        """Delete a draft; False when it is no draft any more, or gone."""
        return dynamo.delete(_key(campaign), _is_draft()) is None

    def start(
        self,
        campaign: Campaign,
        template: Template,
        identity: Identity,
        segments: Sequence[Segment],
        at: datetime,
    ) -> bool:
        """Start a campaign as `move` does, and keep its content in the same transaction.

        Template, identity and segments are copies under names of their own (`domain/content.py`,
        `domain/audience.py`). False also when the plan was revised since `campaign` was read.

        Raises:
            ConflictError: when the campaign's state does not allow it.
        """
        actions, nonce = _transition(campaign, Move.START, at)
        condition = _is_planned(campaign) & _may(campaign, Move.START)
        failed = dynamo.transact(
            [
                dynamo.transact_update(_key(campaign), actions, condition),
                dynamo.transact_put(template_row(template, at)),
                dynamo.transact_put(identity_row(identity, at)),
                *(dynamo.transact_put(segment_row(segment)) for segment in segments),
            ]
        )
        return failed is None or _carries(failed[0] or {}, nonce)

    def schedule(self, campaign: Campaign, send_at: datetime, at: datetime) -> bool:
        """Let a campaign wait for its time if it is still what `campaign` says, as `move` does.

        Raises:
            ConflictError: when the campaign's state does not allow it.
        """
        actions, nonce = _transition(campaign, Move.SCHEDULE, at, millis(send_at))
        actions += [CampaignRow.send_at.set(send_at), CampaignRow.schedule_error.remove()]
        found = dynamo.update(_key(campaign), actions, _may(campaign, Move.SCHEDULE))
        return found is None or _carries(found, nonce)

    def give_up(self, campaign: Campaign, reason: str, at: datetime) -> bool:
        """Make a scheduled campaign a draft that says why it could not start, as `move` does.

        Raises:
            ConflictError: when the campaign's state does not allow it.
        """
        actions, nonce = _transition(campaign, Move.UNSCHEDULE, at)
        actions.append(CampaignRow.schedule_error.set(reason))
        found = dynamo.update(_key(campaign), actions, _may(campaign, Move.UNSCHEDULE))
        return found is None or _carries(found, nonce)

    def due(self, now: datetime, limit: int) -> Sequence[Campaign]:
        """Return up to `limit` scheduled campaigns whose time has come, the earliest first.

        The index may lag; the rows behind it are read consistently.
        """
        with dynamo.calling():
            found = CampaignRow.scheduled_index.query(
                _ACTIVE, CampaignRow.send_at <= now, limit=limit
            )
            keys = [(row.org_id, row.campaign_id) for row in found]
        campaigns = map(campaign_of, dynamo.get_many(CampaignRow, keys))
        due = ((c.send_at, c) for c in campaigns if c.state is State.SCHEDULED and c.send_at)
        return [c for send_at, c in sorted(due, key=lambda pair: pair[0]) if send_at <= now]

    def active(self, limit: int, seed: str) -> Sequence[Campaign]:
        """Return up to `limit` campaigns that are sending, or whose end nobody was told of yet.

        Where there are more, `seed` says where among the ids to begin. The index may lag; the rows
        behind it are read consistently.
        """
        campaign_id = CampaignRow.campaign_id
        first = b32hexencode(blake2b(seed.encode(), digest_size=5).digest()).decode().lower()
        keys = [*_active_keys(campaign_id >= first, limit)]
        keys += _active_keys(campaign_id < first, limit - len(keys)) if len(keys) < limit else []
        campaigns = map(campaign_of, dynamo.get_many(CampaignRow, keys))
        return [one for one in campaigns if one.state in (State.SENDING, State.SENT)]

    def told(self, campaign: Campaign) -> None:
        """Note that all who want to know of a campaign's end were told."""
        sent = CampaignRow.state == State.SENT.value
        dynamo.update(_key(campaign), [CampaignRow.active.remove()], sent)

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        """Write a transition if the state is still what `campaign` says; True when written.

        A start sets what is to be launched in the same write. True also when the row carries this
        very move already: the reply of an earlier try was lost.

        Raises:
            ConflictError: when the campaign's state does not allow the move.
        """
        actions, nonce = _transition(campaign, move, at)
        found = dynamo.update(_key(campaign), actions, _may(campaign, move))
        return found is None or _carries(found, nonce)

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
        self,
        org_id: str,
        campaign_id: str,
        shard: str,
        *,
        planned: int,
        excluded: Mapping[str, int],
    ) -> frozenset[str]:
        """Take a shard off those to launch, note its counts, return the shards that remain."""
        actions = [
            CampaignRow.launching.delete([shard]),
            Path(["planned", shard]).set(planned),
            Path(["excluded", shard]).set(dict(excluded)),
        ]
        dynamo.update(CampaignRow(org_id, campaign_id), actions, CampaignRow.planned.exists())
        campaign = self.get(org_id, campaign_id)
        return campaign.launching if campaign else frozenset()


def _active_keys(among: Condition, limit: int) -> list[tuple[str, str]]:
    with dynamo.calling():
        found = CampaignRow.active_index.query(_ACTIVE, among, limit=limit)
        return [(row.org_id, row.campaign_id) for row in found]


def _key(campaign: Campaign) -> CampaignRow:
    return CampaignRow(campaign.org_id, campaign.campaign_id)


def _may(campaign: Campaign, move: Move) -> Condition:
    """Return the condition of a move: state and time as read, and no finish during the launch."""
    same: Condition = CampaignRow.state == campaign.state.value
    if campaign.state is State.SCHEDULED:
        same &= CampaignRow.send_at == campaign.send_at
    return same & CampaignRow.launching.does_not_exist() if move is Move.FINISH else same


def _is_planned(campaign: Campaign) -> Condition:
    """Return the condition that the plan is still what was read."""
    condition: Condition = CampaignRow.list_ids == list(campaign.list_ids)
    condition &= CampaignRow.template_id == campaign.template_id
    condition &= CampaignRow.identity_id == campaign.identity_id
    for attribute, ids in (
        (CampaignRow.segment_ids, campaign.segment_ids),
        (CampaignRow.excluded_list_ids, campaign.excluded_list_ids),
        (CampaignRow.excluded_segment_ids, campaign.excluded_segment_ids),
    ):
        condition &= attribute == list(ids) if ids else attribute.does_not_exist()
    return condition


def _is_draft() -> Condition:
    condition: Condition = CampaignRow.state == State.DRAFT.value
    return condition


def _transition(
    campaign: Campaign, move: Move, at: datetime, *more: object
) -> tuple[list[Action], str]:
    """Return what a move writes, and the nonce by which a repeat knows it."""
    state = moved(campaign.state, move)
    nonce = ":".join(map(str, (move.value, millis(at), *more)))
    actions = [CampaignRow.state.set(state.value), CampaignRow.nonce.set(nonce)]
    return [*actions, *_consequences(move, state, at)], nonce


def _carries(item: dynamo.Item, nonce: str) -> bool:
    return bool(item.get("nonce", {}).get("S") == nonce)


def _consequences(move: Move, state: State, at: datetime) -> list[Action]:
    active = CampaignRow.active
    scheduled = CampaignRow.scheduled
    actions: list[Action] = [
        # One that was sent is in the index until its end is told.
        assign(active, _ACTIVE if state in (State.SENDING, State.SENT) else None),
        assign(scheduled, _ACTIVE if state is State.SCHEDULED else None),
    ]
    if move is Move.UNSCHEDULE:
        actions.append(CampaignRow.send_at.remove())
    if move is Move.START:
        actions += [
            CampaignRow.started_at.set(at),
            CampaignRow.launching.set(set(SHARDS)),
            CampaignRow.launch_due_at.set(at + LAUNCH_PATIENCE),
            CampaignRow.planned.set({}),
            CampaignRow.excluded.set({}),
            CampaignRow.schedule_error.remove(),
        ]
    if state in ENDED:
        actions.append(CampaignRow.finished_at.set(at))
    return actions
