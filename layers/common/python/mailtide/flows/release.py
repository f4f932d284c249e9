"""Release: once a minute, hand out what is due, ask again, finish and start campaigns.

A batch is due when its time has come or its holder's lease ran out without progress. Organisations
take turns, and the day's places go to the best rank first; the sender's reservation is the guard,
this is only the order. A look reads and hands out a bounded number, whatever waits.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain import retry
from mailtide.domain.batch import Batch, BatchRef, Phase
from mailtide.domain.campaign import ENDED, Campaign, Move, State
from mailtide.domain.suppression import Stream
from mailtide.domain.turns import in_turns
from mailtide.errors import RetryableError
from mailtide.flows.day_places import DayPlaces, Identities, Quota, SendingIps
from mailtide.flows.pointers import Order
from mailtide.flows.troubles import Troubles


class Campaigns(Protocol):
    """The campaigns."""

    def active(self, limit: int, seed: str) -> Sequence[Campaign]:
        """Return up to `limit` campaigns that are sending, or whose end nobody was told of yet.

        Where there are more, `seed` decides which: with another seed the others come.
        """
        ...

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign consistently."""
        ...

    def relaunch(self, campaign: Campaign, due_at: datetime) -> bool:
        """Set when the launch is asked for again if it is still what `campaign` says."""
        ...

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        """Write a transition if the state is still what `campaign` says; True when written."""
        ...

    def told(self, campaign: Campaign) -> None:
        """Note that all who want to know of a campaign's end were told."""
        ...


class Batches(Protocol):
    """The rows of batches."""

    def due(self, now: datetime, limit: int) -> tuple[Sequence[Batch], bool]:
        """Return up to `limit` batches whose `due_at` has passed, about the longest due first.

        And whether there may be more. An index says which they are (it may lag); the rows are read
        consistently.
        """
        ...

    def due_submitted(self, now: datetime, limit: int) -> Sequence[Batch]:
        """Return single messages' batches whose `due_at` has passed, up to `limit` of each stream.

        Transactional ones come first.
        """
        ...

    def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row already carries `nonce`: the reply of an earlier try was lost.
        """
        ...

    def all_done(self, campaign_id: str) -> bool:
        """Read consistently whether every batch of a campaign is done."""
        ...


class Orders(Protocol):
    """The queues of launch and sender."""

    def send(self, orders: list[Order]) -> None:
        """Enqueue pointers to batches."""
        ...

    def waiting(self) -> int:
        """Return about how many pointers to batches no sender has taken yet."""
        ...

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Enqueue pointers to the shards of a launch."""
        ...


class Bus(Protocol):
    """Where other parts hear of what happened."""

    def completed(self, campaign: Campaign) -> None:
        """Tell that a campaign was sent; a repeat may be told again."""
        ...


LOOK = 1000  # batches that one look reads: a million recipients
AHEAD = 1000  # pointers that may lie in the queue: what comes later need not wait behind more
CAMPAIGNS = 500  # that one look sees to: launches that are late, campaigns that are finished
POINTERS = 10  # of one call to the queue, so what a death between row and queue delays at most


@dataclass(frozen=True, slots=True)
class Released:
    """What one look did."""

    batches: int = 0
    relaunched: int = 0
    finished: int = 0
    jobs: int = 0
    started: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """The release flow with its collaborators."""

    campaigns: Campaigns
    batches: Batches
    sending_ips: SendingIps
    identities: Identities
    quota: Quota
    orders: Orders
    bus: Bus
    lease: timedelta
    watch_jobs: Callable[[datetime], int]  # asks again for jobs that nobody works on
    start_due: Callable[[datetime], int]  # starts the campaigns whose time has come

    def run(self, now: datetime, nonce: str) -> Released:
        """Take one look at what waits; `nonce` names this look.

        What cannot be seen to keeps nothing else waiting; its error is raised in the end.
        """
        singles = self.batches.due_submitted(now, LOOK)
        prompt = [one for one in singles if one.submitted is Stream.TRANSACTIONAL]
        look = _Look(
            now=now,
            nonce=nonce,
            places=DayPlaces(self.sending_ips, self.identities, self.quota, now.date()),
        )
        batches = self._release_singles(prompt, look)
        due, look.crowded = self.batches.due(now, LOOK)
        active = {one.campaign_id: one for one in self.campaigns.active(CAMPAIGNS, nonce)}
        look.campaigns.update(active)
        relaunched, finished = self._see_to_campaigns(active.values(), due, look)
        bulk = singles[len(prompt) :]
        if due or bulk:
            look.room = max(0, AHEAD - self.orders.waiting())
        share = look.room // 2 if due else look.room
        shared = self._release_singles(islice(in_turns(bulk), share), look)
        look.room -= shared
        batches += shared + self._release(due, look)
        jobs = self.watch_jobs(now)
        started = self.start_due(now)
        look.troubles.tell()
        return Released(batches, relaunched, finished, jobs, started)

    def _see_to_campaigns(
        self, active: Iterable[Campaign], due: Sequence[Batch], look: "_Look"
    ) -> tuple[int, int]:
        """Ask again for launches and finish campaigns; return how many of each."""
        relaunched = finished = 0
        busy = {batch.ref.campaign_id for batch in due}
        for campaign in active:
            with look.troubles.kept():
                if campaign.state is State.SENT:
                    self._tell(campaign)
                elif campaign.launching:
                    relaunched += self._relaunch(campaign, look.now)
                elif campaign.campaign_id not in busy:
                    finished += self._finish(campaign, look.now)
        return relaunched, finished

    def _release_singles(self, due: Iterable[Batch], look: "_Look") -> int:
        """Hand out single messages that are due, or whose pointer was lost.

        What its sender finds no place for waits for one.
        """
        released = 0
        waiting = iter(due)
        while some := list(islice(waiting, POINTERS)):
            orders = []
            for batch in some:
                with look.troubles.kept():
                    order = self._hand_out(batch, batch.count, look)
                    orders += [order] if order else []
            self.orders.send(orders)
            released += len(orders)
        return released

    def _finish(self, campaign: Campaign, now: datetime) -> bool:
        if not self.batches.all_done(campaign.campaign_id):
            return False
        finished = self.campaigns.move(campaign, Move.FINISH, now)
        if finished:
            self._tell(replace(campaign, state=State.SENT, finished_at=now))
        return finished

    def _tell(self, campaign: Campaign) -> None:
        """Tell of a campaign's end; until that is noted, the next look does it again."""
        with suppress(RetryableError):
            self.bus.completed(campaign)
            self.campaigns.told(campaign)

    def _relaunch(self, campaign: Campaign, now: datetime) -> int:
        """Ask again for a launch that has not finished in its time."""
        if campaign.launch_due_at is not None and campaign.launch_due_at > now:
            return 0
        if not self.campaigns.relaunch(campaign, now + self.lease):
            return 0
        self.orders.launch(campaign.org_id, campaign.campaign_id, sorted(campaign.launching))
        return 1

    def _release(self, due: Sequence[Batch], look: "_Look") -> int:
        """Hand out due batches in turns, as far as places and the queue have room."""
        orders: list[Order] = []
        released = 0
        for batch in in_turns(due):
            with look.troubles.kept():
                order = self._see_to(batch, look)
                if order is not None:
                    look.room -= 1
                    released += 1
                    orders.append(order)
            if len(orders) == POINTERS:
                self.orders.send(orders)
                orders = []
        if orders:
            self.orders.send(orders)
        return released

    def _see_to(self, batch: Batch, look: "_Look") -> Order | None:
        """See to one due batch; return its pointer when it is handed out.

        What a dead holder opened is settled whatever the campaign does; the batch of a campaign
        that has ended waits for nothing any more; a paused one's stays due, so that a resume finds
        it.
        """
        campaign = self._campaign(batch.ref, look)
        sends = campaign is not None and campaign.state is State.SENDING
        if not sends and batch.phase is not Phase.OPENED:
            if campaign is None or campaign.state in ENDED:
                # Of a sent one, too: a second launcher may have put a batch too many.
                self.batches.swap(batch, replace(batch, due_at=None), look.nonce)
            else:
                self._make_way(batch, look)
            return None
        if look.room <= 0 or (campaign is not None and campaign.launching):
            self._make_way(batch, look)
            return None
        granted = look.places.take(batch.ref, batch.count - batch.watermark) if sends else 0
        if not granted and batch.phase not in (Phase.CLAIMED, Phase.OPENED):
            due_at = retry.places_return(look.now)
            self.batches.swap(batch, replace(batch, due_at=due_at), look.nonce)
            return None
        return self._hand_out(batch, granted, look)

    def _campaign(self, ref: BatchRef, look: "_Look") -> Campaign | None:
        if ref.campaign_id not in look.campaigns:
            look.campaigns[ref.campaign_id] = self.campaigns.get(ref.org_id, ref.campaign_id)
        return look.campaigns[ref.campaign_id]

    def _make_way(self, batch: Batch, look: "_Look") -> None:
        """Let a batch that waits for something else be due behind the others, where many are."""
        if look.crowded:
            due_at = retry.places_return(look.now)
            self.batches.swap(batch, replace(batch, due_at=due_at), look.nonce)

    def _hand_out(self, batch: Batch, places: int, look: "_Look") -> Order | None:
        new = rules.release(batch, places, look.now + self.lease)
        if not self.batches.swap(batch, new, look.nonce):
            return None
        return Order(batch.ref, new.fence, batch.submitted)


@dataclass(slots=True)
class _Look:
    """One look: its time and name, what it has left to give, and what went wrong."""

    now: datetime
    nonce: str
    places: DayPlaces
    campaigns: dict[str, Campaign | None] = field(default_factory=dict)  # by id, as far as read
    room: int = 0  # pointers that the queue `sending` may still take
    crowded: bool = False  # there may be more than this look has read
    troubles: Troubles = field(default_factory=Troubles)
