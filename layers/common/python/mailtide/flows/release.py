"""Release: once a minute, hand out what is due, ask again, finish and start campaigns.

A batch is due when its time has come or its holder's lease ran out without progress. The day's
places go to the best rank first; the sender's reservation is the guard, this is only the order.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain import retry
from mailtide.domain.batch import Batch, BatchRef, Phase
from mailtide.domain.campaign import ENDED, Campaign, Move
from mailtide.domain.content import Identity, started
from mailtide.domain.quota import Day
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream
from mailtide.flows.send import Order


class Campaigns(Protocol):
    """The campaigns."""

    def active(self) -> Sequence[Campaign]:
        """Return the campaigns of all organisations that are sending."""
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


class Batches(Protocol):
    """The rows of batches."""

    def due(self, now: datetime) -> Iterable[Batch]:
        """Return batches whose `due_at` has passed, as an index says (it may lag)."""
        ...

    def swap(self, old: Batch, new: Batch, nonce: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row already carries `nonce`: the reply of an earlier try was lost.
        """
        ...

    def all_done(self, campaign_id: str) -> bool:
        """Read consistently whether every batch of a campaign is done."""
        ...


class SendingIps(Protocol):
    """The organisation's sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, by id; those in a pool when one is named."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity; a started campaign's copy under `content.started`."""
        ...


class Quota(Protocol):
    """The places of each IP and UTC date."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently; a day that nobody used yet has the IP's own limit."""
        ...


class Orders(Protocol):
    """The queues of launch and sender."""

    def send(self, orders: list[Order]) -> None:
        """Enqueue pointers to batches."""
        ...

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Enqueue pointers to the shards of a launch."""
        ...


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
    lease: timedelta
    watch_jobs: Callable[[datetime], int]  # asks again for jobs that nobody works on
    start_due: Callable[[datetime], int]  # starts the campaigns whose time has come

    def run(self, now: datetime, nonce: str) -> Released:
        """Take one look at all that waits; `nonce` names this look."""
        ready: dict[str, Campaign] = {}
        relaunched = finished = 0
        for campaign in self.campaigns.active():
            if campaign.launching:
                relaunched += self._relaunch(campaign, now)
            elif self.batches.all_done(campaign.campaign_id):
                finished += self.campaigns.move(campaign, Move.FINISH, now)
            else:
                ready[campaign.campaign_id] = campaign
        batches = self._release(ready, now, nonce)
        jobs = self.watch_jobs(now)
        return Released(batches, relaunched, finished, jobs, self.start_due(now))

    def _relaunch(self, campaign: Campaign, now: datetime) -> int:
        """Ask again for a launch that has not finished in its time."""
        if campaign.launch_due_at is not None and campaign.launch_due_at > now:
            return 0
        if not self.campaigns.relaunch(campaign, now + self.lease):
            return 0
        self.orders.launch(campaign.org_id, campaign.campaign_id, sorted(campaign.launching))
        return 1

    def _release(self, ready: dict[str, Campaign], now: datetime, nonce: str) -> int:
        """Hand out the due batches of the campaigns that are ready, best rank first."""
        places = _Places(self.sending_ips, self.identities, self.quota, now.date())
        ended: dict[str, bool] = {}
        released = 0
        for batch in sorted(self.batches.due(now), key=lambda b: (b.rank, b.ref.batch_id)):
            if batch.ref.campaign_id in ready:
                released += self._release_one(batch, places, now, nonce)
            else:
                released += self._leave(batch, ended, now, nonce)
        return released

    def _leave(self, batch: Batch, ended: dict[str, bool], now: datetime, nonce: str) -> int:
        """See to a batch whose campaign does not send.

        What a dead holder opened is settled all the same; the batch of a campaign that has ended
        waits for nothing any more; a paused one's stays due, so that a resume finds it.
        """
        if batch.phase is Phase.OPENED:
            return self._hand_out(batch, 0, now, nonce)
        campaign_id = batch.ref.campaign_id
        if campaign_id not in ended:
            campaign = self.campaigns.get(batch.ref.org_id, campaign_id)
            # Of a sent one, too: a second launcher may have put a batch too many.
            ended[campaign_id] = campaign is None or campaign.state in ENDED
        if ended[campaign_id]:
            self.batches.swap(batch, replace(batch, due_at=None), nonce)
        return 0

    def _release_one(self, batch: Batch, places: "_Places", now: datetime, nonce: str) -> int:
        wanted = batch.count - batch.watermark
        granted = places.take(batch.ref, wanted)
        if not granted and batch.phase not in (Phase.CLAIMED, Phase.OPENED):
            self.batches.swap(batch, replace(batch, due_at=retry.places_return(now)), nonce)
            return 0
        return self._hand_out(batch, granted, now, nonce)

    def _hand_out(self, batch: Batch, places: int, now: datetime, nonce: str) -> int:
        new = rules.release(batch, places, now + self.lease)
        if not self.batches.swap(batch, new, nonce):
            return 0
        self.orders.send([Order(batch.ref, new.fence)])
        return 1


@dataclass(slots=True)
class _Places:
    """What is left of each sending IP's day while one look hands it out."""

    sending_ips: SendingIps
    identities: Identities
    quota: Quota
    day: date
    ips: dict[str, Sequence[SendingIp]] = field(default_factory=dict)  # by campaign
    left: dict[str, int | None] = field(default_factory=dict)  # by IP; None is unlimited

    def take(self, ref: BatchRef, wanted: int) -> int:
        """Take up to `wanted` places of the IPs that a batch may leave from."""
        if ref.campaign_id not in self.ips:
            self.ips[ref.campaign_id] = self._ips(ref)
        taken = 0
        for ip in self.ips[ref.campaign_id]:
            left = self._left(ip)
            share = wanted - taken if left is None else min(left, wanted - taken)
            if left is not None:
                self.left[ip.ip_id] = left - share
            taken += share
        return taken

    def _ips(self, ref: BatchRef) -> Sequence[SendingIp]:
        identity = self.identities.get(started(ref.org_id), ref.campaign_id)
        pool_id = identity.pool_id if identity else None
        return self.sending_ips.active(ref.org_id, Stream.MARKETING, pool_id)

    def _left(self, ip: SendingIp) -> int | None:
        if ip.ip_id not in self.left:
            self.left[ip.ip_id] = self.quota.day(ip, self.day).left
        return self.left[ip.ip_id]
