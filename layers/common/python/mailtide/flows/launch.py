"""Launch: turn one shard of a campaign's audience into batches, what is due first, best rank first.

The stored manifests are the only memory: a run reads those that are there, leaves their contacts
out and puts the next batch if absent. So a crash, a second launcher, a contact whose rank moves
and a list that changes lose and double nobody. A run whose time is over asks for the next.
Source: docs/domain/launching.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailtide.domain import plan
from mailtide.domain.audience import LeftOut, kept_id
from mailtide.domain.batch import BATCH_SIZE, Batch, BatchRef, Planned
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.content import started
from mailtide.domain.plan import Line, Plan, Planner, Slice
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

    def recipients(self, batch: Batch) -> Sequence[Planned]:
        """Return the manifest's recipients in order."""
        ...

    def exclude(self, campaign_id: str, shard: str, reasons: Mapping[str, str]) -> None:
        """Put the shard's list of those left out, contact id to reason, if absent."""
        ...


class Launches(Protocol):
    """The queue of launches."""

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Enqueue pointers to the shards of a launch."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """The launch flow with its collaborators."""

    campaigns: Campaigns
    lists: Lists
    segments: Segments
    audiences: Audiences
    batches: Batches
    launches: Launches
    release: Callable[[], object]  # asked at once when the last shard is launched
    clock: Callable[[], datetime]
    plan: Callable[[Campaign, datetime], Planner] = plan.by_rank
    batch_size: int = BATCH_SIZE

    def run(self, org_id: str, campaign_id: str, shard: str, until: datetime) -> int:
        """Launch one shard; return how many recipients its batches hold so far.

        A shard that is launched already, or whose campaign no longer sends, is left alone.

        Args:
            org_id: whose campaign.
            campaign_id: the campaign.
            shard: the hex digit.
            until: no further batch is put after it, but for the first of the run; what is left is
                the next run's, which is asked for.
        """
        campaign = self.campaigns.get(org_id, campaign_id)
        if campaign is None or campaign.state is not State.SENDING:
            return 0
        if shard not in campaign.launching:
            return 0
        began = campaign.started_at or self.clock()
        work = _Work(campaign, shard)
        self._read(work)
        line, excluded = self._line(work, began)
        if self._put_all(work, line, until):
            self._finish(work, excluded, began)
        else:
            self.launches.launch(org_id, campaign_id, [shard])
        return len(work.taken)

    def _read(self, work: "_Work") -> int:
        """Note who is in the batches that were not seen yet; return how many there were."""
        stored = self.batches.stored(work.campaign.campaign_id, work.shard, work.batches)
        for _, recipients in stored:
            work.note(recipients)
        return len(stored)

    def _line(self, work: "_Work", began: datetime) -> tuple[Line, Mapping[str, str]]:
        """Return those who are still to be planned, and why others are left out."""
        excluded: dict[str, str] = {}
        planner = self.plan(work.campaign, self.clock())

        def turns() -> Iterable[tuple[Planned, Plan]]:
            segments = self._segments(work.campaign)
            for one in self.audiences.of_shard(work.campaign, segments, work.shard, began):
                if isinstance(one, LeftOut):
                    excluded[one.contact_id] = one.reason
                elif one.contact.contact_id not in work.taken:
                    yield Planned(one.contact.contact_id, one.under), planner(one.contact)

        return Line(turns()), excluded

    def _segments(self, campaign: Campaign) -> dict[str, Segment]:
        """Return the segments that the campaign was started with, by their own ids."""
        copies = {one: kept_id(campaign.campaign_id, one) for one in campaign.all_segment_ids}
        found = self.segments.get_many(started(campaign.org_id), list(copies.values()))
        return {one: found[copy] for one, copy in copies.items()}

    def _put_all(self, work: "_Work", line: Line, until: datetime) -> bool:
        """Put batches until nobody is left; False when the time is over before that.

        Whoever comes second with a number gets the batch that is stored there: so a put tells as
        much as a look, and one look at the end shows what another launcher put beyond.
        """
        while True:
            while (chosen := line.next(self.batch_size, work.taken)) is not None:
                self._put(work, chosen)
                if self.clock() >= until:
                    return False
            if not self._read(work):
                return True

    def _put(self, work: "_Work", chosen: Slice) -> None:
        campaign = work.campaign
        number = f"{work.batches:05d}"
        draft = Batch(
            ref=BatchRef(campaign.org_id, campaign.campaign_id, work.shard, number),
            count=len(chosen.recipients),
            rank=chosen.rank,
            due_at=chosen.due_at or self.clock(),
        )
        work.note(self.batches.recipients(self.batches.create(draft, chosen.recipients)))

    def _finish(self, work: "_Work", excluded: Mapping[str, str], began: datetime) -> None:
        """Note what the shard's launch came to; the last shard asks for release."""
        campaign = work.campaign
        # Suppressed since an earlier run put them into a batch: the sender leaves them out.
        left_out = {one: why for one, why in excluded.items() if one not in work.taken}
        self.batches.exclude(campaign.campaign_id, work.shard, left_out)
        for list_id in campaign.list_ids:
            self.lists.mark_sent(campaign.org_id, list_id, began)
        remaining = self.campaigns.shard_launched(
            campaign.org_id,
            campaign.campaign_id,
            work.shard,
            planned=len(work.taken),
            excluded=Counter(left_out.values()),
        )
        if not remaining:
            self.release()


@dataclass(slots=True)
class _Work:
    """A shard that is being launched: what is known of its batches."""

    campaign: Campaign
    shard: str
    taken: set[str] = field(default_factory=set)  # the contacts in them
    batches: int = 0  # how many there are, so the number of the next

    def note(self, recipients: Iterable[Planned]) -> None:
        """Note who is in the next batch."""
        self.taken.update(one.contact_id for one in recipients)
        self.batches += 1
