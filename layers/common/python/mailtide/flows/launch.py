"""Launch: turn one shard of a campaign's audience into batches, best rank first.

The stored manifests are the only memory: each round reads those it has not read, leaves their
contacts out and puts the next batch if absent. So a crash, a second launcher, a contact whose
rank moves and a list that changes lose and double nobody.
Source: docs/domain/launching.md.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import contact as contact_rules
from mailtide.domain.audience import Audience, kept_id
from mailtide.domain.batch import BATCH_SIZE, Batch, BatchRef, Planned
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.content import started
from mailtide.domain.segment import Segment
from mailtide.flows.audience import Audiences


class Campaigns(Protocol):
    """The campaigns."""

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign consistently."""
        ...

    def shard_launched(
        self,
        org_id: str,
        campaign_id: str,
        shard: str,
        *,
        planned: int,
        excluded: Mapping[str, int],
    ) -> frozenset[str]:
        """Take a shard off those to launch, note its counts, return the shards that remain.

        `excluded` is by reason.
        """
        ...


class Lists(Protocol):
    """The lists."""

    def mark_sent(self, org_id: str, list_id: str, at: datetime) -> None:
        """Note when a campaign was last sent to a list; an earlier time changes nothing."""
        ...


class Segments(Protocol):
    """The segments, and the copies that started campaigns keep."""

    def get_many(self, org_id: str, segment_ids: Sequence[str]) -> Mapping[str, Segment]:
        """Return segments by id; only those that exist are in the answer."""
        ...


class Batches(Protocol):
    """The batches of a campaign and their manifests."""

    def stored(
        self, campaign_id: str, shard: str, first: int = 0
    ) -> Sequence[tuple[Batch, Sequence[Planned]]]:
        """Return the shard's launched batches from a number on, with their recipients.

        Later batches are not among them, and those that are there never change.

        A manifest that lies in the bucket at the next number without a row, because its writer
        died, gets its row first.
        """
        ...

    def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
        """Put manifest and row if absent; return the row that is stored, whoever wrote it."""
        ...

    def exclude(self, campaign_id: str, shard: str, reasons: Mapping[str, str]) -> None:
        """Put the shard's list of those left out, contact id to reason, if absent."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """The launch flow with its collaborators."""

    campaigns: Campaigns
    lists: Lists
    segments: Segments
    audiences: Audiences
    batches: Batches
    release: Callable[[], object]  # asked at once when the last shard is launched
    clock: Callable[[], datetime]
    batch_size: int = BATCH_SIZE

    def run(self, org_id: str, campaign_id: str, shard: str) -> int:
        """Launch one shard; return how many recipients its batches hold.

        A shard that is launched already, or whose campaign no longer sends, is left alone.
        """
        campaign = self.campaigns.get(org_id, campaign_id)
        if campaign is None or campaign.state is not State.SENDING:
            return 0
        if shard not in campaign.launching:
            return 0
        began = campaign.started_at or self.clock()
        audience = self.audiences.of_shard(campaign, self._segments(campaign), shard, began)
        taken = self._plan(campaign, shard, audience)
        # Suppressed since an earlier run put them into a batch: the sender leaves them out.
        left_out = {one: why for one, why in audience.excluded.items() if one not in taken}
        self.batches.exclude(campaign_id, shard, left_out)
        for list_id in campaign.list_ids:
            self.lists.mark_sent(org_id, list_id, began)
        remaining = self.campaigns.shard_launched(
            org_id,
            campaign_id,
            shard,
            planned=len(taken),
            excluded=Counter(left_out.values()),
        )
        if not remaining:
            self.release()
        return len(taken)

    def _segments(self, campaign: Campaign) -> dict[str, Segment]:
        """Return the segments that the campaign was started with, by their own ids."""
        copies = {one: kept_id(campaign.campaign_id, one) for one in campaign.all_segment_ids}
        found = self.segments.get_many(started(campaign.org_id), list(copies.values()))
        return {one: found[copy] for one, copy in copies.items()}

    def _plan(self, campaign: Campaign, shard: str, audience: Audience) -> set[str]:
        """Put batches until nobody is left; return the contacts of all of them."""
        now = self.clock()
        line = sorted((contact_rules.rank(one, now), one.contact_id) for one in audience.recipients)
        taken: set[str] = set()
        number = 0
        while True:
            fresh = self.batches.stored(campaign.campaign_id, shard, number)
            number += len(fresh)
            taken.update(one.contact_id for _, recipients in fresh for one in recipients)
            line = [place for place in line if place[1] not in taken]
            if not line:
                return taken
            chosen = line[: self.batch_size]
            draft = Batch(
                ref=BatchRef(campaign.org_id, campaign.campaign_id, shard, f"{number:05d}"),
                count=len(chosen),
                rank=chosen[0][0],
                due_at=self.clock(),
            )
            self.batches.create(draft, [Planned(one, audience.under[one]) for _, one in chosen])
