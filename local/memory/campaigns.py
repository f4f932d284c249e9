"""Campaigns in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailtide.domain.campaign import Campaign, Move, State, moved
from mailtide.domain.identifiers import SHARDS

LAUNCH_PATIENCE = timedelta(minutes=2)


@dataclass(slots=True)
class Campaigns:
    """Campaigns with the last move of each."""

    rows: dict[tuple[str, str], Campaign] = field(default_factory=dict)
    last_move: dict[tuple[str, str], tuple[Move, datetime]] = field(default_factory=dict)

    def put(self, campaign: Campaign) -> None:
        """Write a campaign whatever was there."""
        self.rows[_key(campaign)] = campaign

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign."""
        return self.rows.get((org_id, campaign_id))

    def active(self) -> Sequence[Campaign]:
        """Return the campaigns of all organisations that are sending."""
        return [one for one in self.rows.values() if one.state is State.SENDING]

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        """Write a transition if the state is still what `campaign` says; True when written."""
        state = moved(campaign.state, move)
        stored = self.rows.get(_key(campaign))
        if stored is None:
            return False
        unfit = move is Move.FINISH and stored.launching
        if stored.state is not campaign.state or unfit:
            return self.last_move.get(_key(campaign)) == (move, at)
        self.last_move[_key(campaign)] = (move, at)
        self.put(_after(stored, move, state, at))
        return True

    def relaunch(self, campaign: Campaign, due_at: datetime) -> bool:
        """Set when the launch is asked for again if it is still what `campaign` says."""
        stored = self.rows[_key(campaign)]
        if (stored.state, stored.launch_due_at) != (campaign.state, campaign.launch_due_at):
            return False
        self.put(replace(stored, launch_due_at=due_at))
        return True

    def shard_launched(
        self, org_id: str, campaign_id: str, shard: str, *, planned: int, excluded: int
    ) -> frozenset[str]:
        """Take a shard off those to launch, note its counts, return the shards that remain."""
        stored = self.rows.get((org_id, campaign_id))
        if stored is None:
            return frozenset()
        launched = replace(
            stored,
            launching=stored.launching - {shard},
            planned={**stored.planned, shard: planned},
            excluded={**stored.excluded, shard: excluded},
        )
        self.put(launched)
        return launched.launching


def _key(campaign: Campaign) -> tuple[str, str]:
    return campaign.org_id, campaign.campaign_id


def _after(campaign: Campaign, move: Move, state: State, at: datetime) -> Campaign:
    if move is Move.START:
        return replace(
            campaign,
            state=state,
            started_at=at,
            launching=frozenset(SHARDS),
            launch_due_at=at + LAUNCH_PATIENCE,
            planned={},
            excluded={},
        )
    if state in (State.SENT, State.CANCELLED):
        return replace(campaign, state=state, finished_at=at)
    return replace(campaign, state=state)
