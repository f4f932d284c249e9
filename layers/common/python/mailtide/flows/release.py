"""Release: once a minute, hand out what is due, ask again for launches and jobs, finish campaigns.

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
from mailtide.domain.batch import Batch, Phase
from mailtide.domain.campaign import ENDED, Campaign, Move
from mailtide.domain.quota import Day, left_of_all
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

    def active(self, org_id: str, stream: str) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, sorted by id."""
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


@dataclass(frozen=True, slots=True)
class Release:
    """The release flow with its collaborators."""

    campaigns: Campaigns
    batches: Batches
    sending_ips: SendingIps
    quota: Quota
    orders: Orders
    lease: timedelta
    watch_jobs: Callable[[datetime], int]  # asks again for jobs that nobody works on

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
        return Released(batches, relaunched, finished, self.watch_jobs(now))

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
        places = _Places(self.sending_ips, self.quota, now.date())
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
        granted = places.take(batch.ref.org_id, wanted)
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
    """What is left of each organisation's day while one look hands it out."""

    sending_ips: SendingIps
    quota: Quota
    day: date
    left: dict[str, int | None] = field(default_factory=dict)

    def take(self, org_id: str, wanted: int) -> int:
        if org_id not in self.left:
            self.left[org_id] = self._read(org_id)
        left = self.left[org_id]
        if left is None:
            return wanted
        taken = min(wanted, left)
        self.left[org_id] = left - taken
        return taken

    def _read(self, org_id: str) -> int | None:
        """Sum the places of the stream's IPs; None when one of them is unlimited."""
        ips = self.sending_ips.active(org_id, Stream.MARKETING)
        return left_of_all(self.quota.day(ip, self.day) for ip in ips)
