"""Campaigns in memory."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.memory.contents import Identities, Templates
from local.memory.pages import page
from local.memory.segments import Segments
from mailtide.domain.batch import Batch
from mailtide.domain.campaign import Campaign, Move, State, moved
from mailtide.domain.content import Identity, Template
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment

LAUNCH_PATIENCE = timedelta(minutes=2)


@dataclass(slots=True)
class Campaigns:
    """Campaigns with the last move of each; copies of what they start with go to the others."""

    rows: dict[tuple[str, str], Campaign] = field(default_factory=dict)
    last_move: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    launch_shards: str = SHARDS
    templates: Templates = field(default_factory=Templates)
    identities: Identities = field(default_factory=Identities)
    segments: Segments = field(default_factory=Segments)
    ends_told: set[tuple[str, str]] = field(default_factory=set)

    def put(self, campaign: Campaign) -> None:
        """Write a campaign whatever was there."""
        self.rows[_key(campaign)] = campaign

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign."""
        return self.rows.get((org_id, campaign_id))

    def of(self, batch: Batch) -> Campaign | None:
        """Read the campaign of a batch consistently."""
        return self.get(batch.ref.org_id, batch.ref.campaign_id)

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Campaign]:
        """Return the organisation's campaigns by id."""
        return page({one: c for (org, one), c in self.rows.items() if org == org_id}, limit, after)

    def create(self, campaign: Campaign) -> bool:
        """Write a draft under a fresh id; False when the id is taken."""
        standing = self.rows.setdefault(_key(campaign), campaign)
        return replace(standing, created_at=campaign.created_at) == campaign

    def revise(self, campaign: Campaign) -> bool:
        """Write what a draft plans anew; False when it is no draft any more, or gone."""
        if not self._is_draft(campaign):
            return False
        self.put(replace(campaign, schedule_error=None))
        return True

    def delete_draft(self, campaign: Campaign) -> bool:
        """Delete a draft; False when it is no draft any more, or gone."""
        if not self._is_draft(campaign):
            return False
        del self.rows[_key(campaign)]
        return True

    def start(
        self,
        campaign: Campaign,
        template: Template,
        identity: Identity,
        segments: Sequence[Segment],
        at: datetime,
    ) -> bool:
        """Start a campaign if it is still what `campaign` says, and keep these copies with it."""
        moved(campaign.state, Move.START)
        stored = self.rows.get(_key(campaign))
        same = stored is not None and _plan(stored) == _plan(campaign)
        if not same or not self.move(campaign, Move.START, at):
            return False
        self.templates.create(template, at)
        self.identities.create(identity, at)
        for segment in segments:
            self.segments.create(segment)
        return True

    def active(self, limit: int, seed: str) -> Sequence[Campaign]:
        """Return up to `limit` campaigns that are sending, or whose end nobody was told of yet."""
        found = [
            one
            for key, one in self.rows.items()
            if one.state is State.SENDING or (one.state is State.SENT and key not in self.ends_told)
        ]
        return random.Random(seed).sample(found, min(limit, len(found)))  # noqa: S311 - no secret

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        """Write a transition if the state is still what `campaign` says; True when written."""
        return self._move(campaign, move, at)

    def told(self, campaign: Campaign) -> None:
        """Note that all who want to know of a campaign's end were told."""
        if self.rows[_key(campaign)].state is State.SENT:
            self.ends_told.add(_key(campaign))

    def schedule(self, campaign: Campaign, send_at: datetime, at: datetime) -> bool:
        """Let a campaign wait for its time if it is still what `campaign` says."""
        return self._move(campaign, Move.SCHEDULE, at, send_at=send_at, schedule_error=None)

    def give_up(self, campaign: Campaign, reason: str, at: datetime) -> bool:
        """Make a scheduled campaign a draft that says why it could not start."""
        return self._move(campaign, Move.UNSCHEDULE, at, schedule_error=reason)

    def due(self, now: datetime, limit: int) -> Sequence[Campaign]:
        """Return up to `limit` scheduled campaigns whose time has come, the earliest first."""
        due = [
            (one.send_at, key)
            for key, one in self.rows.items()
            if one.state is State.SCHEDULED and one.send_at is not None and one.send_at <= now
        ]
        return [self.rows[key] for _, key in sorted(due)[:limit]]

    def _move(self, campaign: Campaign, move: Move, at: datetime, **changes: Any) -> bool:
        state = moved(campaign.state, move)
        nonce = (move, at, changes.get("send_at"))
        stored = self.rows.get(_key(campaign))
        if stored is None:
            return False
        unfit = move is Move.FINISH and stored.launching
        if _position(stored) != _position(campaign) or unfit:
            return self.last_move.get(_key(campaign)) == nonce
        self.last_move[_key(campaign)] = nonce
        self.put(replace(_after(stored, move, state, at, self.launch_shards), **changes))
        return True

    def relaunch(self, campaign: Campaign, due_at: datetime) -> bool:
        """Set when the launch is asked for again if it is still what `campaign` says."""
        stored = self.rows[_key(campaign)]
        if (stored.state, stored.launch_due_at) != (campaign.state, campaign.launch_due_at):
            return False
        self.put(replace(stored, launch_due_at=due_at))
        return True

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
        stored = self.rows.get((org_id, campaign_id))
        if stored is None:
            return frozenset()
        launched = replace(
            stored,
            launching=stored.launching - {shard},
            planned={**stored.planned, shard: planned},
            excluded={**stored.excluded, shard: dict(excluded)},
        )
        self.put(launched)
        return launched.launching

    def _is_draft(self, campaign: Campaign) -> bool:
        stored = self.rows.get(_key(campaign))
        return stored is not None and stored.state is State.DRAFT


def _plan(campaign: Campaign) -> tuple[object, ...]:
    """Return what a start may not find changed."""
    return (
        campaign.list_ids,
        campaign.segment_ids,
        campaign.excluded_list_ids,
        campaign.excluded_segment_ids,
        campaign.template_id,
        campaign.identity_id,
    )


def _position(campaign: Campaign) -> tuple[object, ...]:
    """Return what no move may find changed."""
    return campaign.state, campaign.state is State.SCHEDULED and campaign.send_at


def _key(campaign: Campaign) -> tuple[str, str]:
    return campaign.org_id, campaign.campaign_id


def _after(campaign: Campaign, move: Move, state: State, at: datetime, shards: str) -> Campaign:
    if move is Move.START:
        return replace(
            campaign,
            state=state,
            started_at=at,
            launching=frozenset(shards),
            launch_due_at=at + LAUNCH_PATIENCE,
            planned={},
            excluded={},
            schedule_error=None,
        )
    if move is Move.UNSCHEDULE:
        return replace(campaign, state=state, send_at=None)
    if state in (State.SENT, State.CANCELLED):
        return replace(campaign, state=state, finished_at=at)
    return replace(campaign, state=state)
