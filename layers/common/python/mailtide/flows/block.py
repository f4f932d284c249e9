"""Block: up to 100 recipients of a batch, from reading their rows to knowing what became of them.

The order of the steps is what keeps anybody from being handed over twice:

    1. the block is claimed                      (flows/send.py)
    2. contacts and suppressions are read; places are reserved
    3. the block is opened: the row names who is placed where
    4. their `sent` rows are written ahead, with every dimension
    5. bytes leave                               (flows/hand_over.py)
    6. one later batch takes those without a place and those put off
    7. the rows of the exceptions are corrected  (6 and 7: flows/conclude.py)

A death after 3 leaves at most this block in doubt; flows/takeover.py settles it.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain import block as block_rules
from mailtide.domain import ip_router
from mailtide.domain.batch import Batch, Tally
from mailtide.domain.block import Recipient
from mailtide.domain.campaign import Campaign
from mailtide.domain.handover import Outcome, Refused
from mailtide.domain.message import SUPPRESSED, EventRow
from mailtide.domain.quota import Day, ReservationKey, day_end
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.flows.conclude import Conclusion
from mailtide.flows.hand_over import Composition, Transports, Way, hand_over


class Reader(Protocol):
    """Reads what a block's recipients are at this moment (flows/recipients.py)."""

    def read(self, batch: Batch) -> Sequence[Recipient]:
        """Return the recipients of the claimed block, in the manifest's order."""
        ...


class SendingIps(Protocol):
    """The organisation's sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used, by id; those in a pool when one is named."""
        ...


class Quota(Protocol):
    """The places of each IP and UTC date."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently; a day that nobody used yet has the IP's own limit."""
        ...

    def held(self, key: ReservationKey) -> int:
        """Read consistently how many places a key holds already; 0 when it has no reservation."""
        ...

    def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
        """Reserve up to `wanted` places and return how many were granted.

        A key that holds a reservation already gets the same answer and takes nothing more.
        """
        ...

    def give_back(self, key: ReservationKey, unused: int) -> None:
        """Return places that no hand-over used; only the first call for a key does anything."""
        ...


class Messages(Protocol):
    """The rows of messages, as far as the sender writes them."""

    def write_ahead(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix their content; all of them, or RetryableError."""
        ...


class Composer(Protocol):
    """Makes compositions."""

    def compose(self, campaign: Campaign) -> Composition:
        """Return the campaign's content; the same object as long as the campaign is the same."""
        ...


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What became of a block that this holder worked on."""

    opened: Batch
    rows: Mapping[int, EventRow]  # as written ahead, by index in the block
    outcomes: Mapping[int, Outcome]
    tally: Tally


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one block."""

    ips: Mapping[str, SendingIp]
    keys: Mapping[str, ReservationKey]
    granted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The steps inside one block, with their collaborators."""

    reader: Reader
    sending_ips: SendingIps
    quota: Quota
    messages: Messages
    conclusion: Conclusion
    composer: Composer
    transports: Transports
    clock: Callable[[], datetime]
    stream: Stream = Stream.MARKETING

    def send(
        self,
        batch: Batch,
        campaign: Campaign,
        until: datetime,
        store: Callable[[Batch], Batch | None],
    ) -> BlockResult | None:
        """Send the claimed block; None when the batch was lost before anybody was mailed.

        Args:
            batch: the claimed row.
            campaign: its campaign, read since the block before was sent.
            until: no hand-over begins after it.
            store: writes the opened row; None when somebody else has the batch.
        """
        composition = self.composer.compose(campaign)
        block = self.reader.read(batch)
        now = self.clock()
        until = min(until, day_end(now))  # a place of yesterday is no place
        places = self._reserve(batch, block, now.date(), composition.identity.pool_id)
        letters, ip_ids = block_rules.place(block, places.granted)
        ways = {ip: Way(places.ips[ip], self.transports.of(places.ips[ip])) for ip in ip_ids}
        opened = store(rules.open_block(batch, letters, ip_ids, now))
        if opened is None:
            return None
        rows = block_rules.rows(block, opened, campaign)
        trouble = self._write_ahead(rows)
        if trouble is None:
            over = {i: ways[ip] for i, ip in block_rules.placed(opened).items()}
            outcomes = hand_over(block, over, composition, self.transports, until, self.clock)
        else:
            outcomes = dict.fromkeys(block_rules.placed(opened), trouble)
        planned = [one.planned for one in block]
        tally = self.conclusion.run(opened, planned, rows, outcomes, campaign.give_up_after)
        if trouble is not None:
            # Those left out go into no later batch, so nobody else would write their rows.
            self.messages.write_ahead([r for r in rows.values() if r.event_key == SUPPRESSED])
        self._give_back(places, opened, outcomes)
        return BlockResult(opened, rows, outcomes, tally)

    def _reserve(
        self, batch: Batch, block: Sequence[Recipient], day: date, pool_id: str | None
    ) -> Places:
        """Reserve a place for everybody who may be mailed, as far as the IPs' day allows."""
        active = self.sending_ips.active(batch.ref.org_id, self.stream, pool_id)
        ips = {ip.ip_id: ip for ip in active}
        name = f"{batch.ref.campaign_id}#{batch.ref.shard}#{batch.ref.batch_id}"
        keys = {ip: ReservationKey(ip, day, name, batch.watermark) for ip in ips}
        wanted = sum(one.left_out is None for one in block)
        granted = self._granted(ips, keys, wanted)
        return Places(ips, {ip: keys[ip] for ip in granted}, granted)

    def _granted(
        self, ips: Mapping[str, SendingIp], keys: Mapping[str, ReservationKey], wanted: int
    ) -> dict[str, int]:
        """Reserve on the scarcest IP first: what another sender took of it goes over the others."""
        unasked = {ip: self._capacity(ips[ip], keys[ip]) for ip in ips}
        granted: dict[str, int] = {}
        for ip in ip_router.scarcest_first(unasked):
            seed = f"{keys[ip].batch}#{keys[ip].block}"
            share = ip_router.share(wanted, unasked, seed).get(ip, 0)
            del unasked[ip]
            if share:
                granted[ip] = self.quota.reserve(ips[ip], keys[ip], share)
                wanted = max(0, wanted - granted[ip])
        return granted

    def _capacity(self, ip: SendingIp, key: ReservationKey) -> int | None:
        """Return what the day has for this block, the places of an earlier run included.

        A stop holds for those too.
        """
        day = self.quota.day(ip, key.day)
        if day.stopped:
            return 0
        return None if day.left is None else day.left + self.quota.held(key)

    def _write_ahead(self, rows: Mapping[int, EventRow]) -> Refused | None:
        """Write the rows before any byte leaves; return why the block is put off when it fails."""
        try:
            self.messages.write_ahead(list(rows.values()))
        except RetryableError as trouble:
            return Refused(later=True, code=None, response=trouble.detail, tried=False)
        return None

    def close(self) -> None:
        """Let go of connections; the next block opens new ones."""
        self.transports.close()

    def _give_back(self, places: Places, opened: Batch, outcomes: Mapping[int, Outcome]) -> None:
        """Return the places that nobody used; what fails here ends at midnight by itself.

        A block whose outcomes are known must not fall into doubt for a few places.
        """
        for ip_id, key in places.keys.items():
            unused = places.granted[ip_id] - block_rules.used(opened, outcomes, ip_id)
            with suppress(RetryableError):
                self.quota.give_back(key, unused)
