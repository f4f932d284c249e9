"""A stage for the sending flows: stores in memory, a clock and a relay that do as they are told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from local.memory.batches import Batches
from local.memory.campaigns import Campaigns
from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.contents import Identities
from local.memory.messages import Messages
from local.memory.quota import Quota, SendingIps
from local.memory.sending_rates import SendingRates
from mailtide.domain import batch as rules
from mailtide.domain.batch import Batch, BatchRef, Phase, Planned, Tally
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.message import EventRow
from mailtide.domain.sending_ip import Relay as RelayAddress
from mailtide.domain.sending_ip import SendingIp, Tls
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.flows.audience import Audiences
from mailtide.flows.block import BlockResult, Blocks
from mailtide.flows.block_days import BlockDays
from mailtide.flows.block_rates import BlockRates
from mailtide.flows.conclude import Conclusion
from mailtide.flows.doubts import Doubts
from mailtide.flows.hand_over import HandOver
from mailtide.flows.later import Later
from mailtide.flows.launch import Launch
from mailtide.flows.places import LiveLimits, Places
from mailtide.flows.pointers import Order
from mailtide.flows.recipients import Recipients
from mailtide.flows.release import Release
from mailtide.flows.send import Ending, Sender
from mailtide.flows.takeover import Takeover
from tests.collaborators import REDACTOR, SEAL
from tests.sending_outside import (
    CAMPAIGN,
    HOUR,
    LEASE,
    LIST,
    NOW,
    ORG,
    Bus,
    Clock,
    Content,
    Queues,
    Relay,
    contact_id,
    message_id,
    name_message,
    number,
)


@dataclass
class Stage:
    """All collaborators of the sending flows; a campaign that sends, one unlimited IP."""

    clock: Clock = field(default_factory=Clock)
    batches: Batches = field(default_factory=Batches)
    campaigns: Campaigns = field(default_factory=Campaigns)
    contacts: Contacts = field(default_factory=Contacts)
    lists: Lists = field(default_factory=Lists)
    suppressions: Suppressions = field(default_factory=Suppressions)
    ips: SendingIps = field(default_factory=SendingIps)
    identities: Identities = field(default_factory=Identities)
    quota: Quota = field(default_factory=Quota)
    rates: SendingRates = field(default_factory=SendingRates)
    messages: Messages = field(default_factory=Messages)
    queues: Queues = field(default_factory=Queues)
    bus: Bus = field(default_factory=Bus)
    content: Content = field(default_factory=Content)
    relay: Relay = field(init=False)
    looks: int = 0
    runs: int = 0

    def __post_init__(self) -> None:
        self.relay = Relay(self.clock)
        self.put_campaign()
        self.put_ip("ip1")

    def put_campaign(self, state: State = State.SENDING, **changes: object) -> Campaign:
        """Write the campaign in a state."""
        campaign = Campaign(ORG, CAMPAIGN, "Spring", (LIST,), "t", "identity1", state, NOW)
        campaign = replace(campaign, **changes)  # type: ignore[arg-type]
        self.campaigns.put(campaign)
        return campaign

    def put_ip(self, ip_id: str, limit: int | None = None) -> SendingIp:
        """Write a sending IP."""
        relay = RelayAddress("relay.example.com", 587, Tls.STARTTLS)
        ip = SendingIp(ORG, ip_id, f"t{ip_id}", Stream.MARKETING, relay, limit)
        self.ips.put(ip)
        return ip

    def put_contact(self, n: int, joined_days_ago: int = 0, *, opened: bool = False) -> str:
        """Write a contact; the more days ago they joined, the later is their turn."""
        contact = Contact(
            org_id=ORG,
            contact_id=contact_id(n),
            email=f"c{n}@example.com",
            provider="gmail",
            created_at=NOW - timedelta(days=joined_days_ago),
            last_open_at=NOW if opened else None,
        )
        self.contacts.put(contact)
        return contact.contact_id

    def suppress(self, n: int, reason: Reason = Reason.UNSUBSCRIBE) -> None:
        """Suppress a contact."""
        evidence = {reason: Evidence(self.clock.now, "words")}
        self.suppressions.add(Suppression(ORG, contact_id(n), evidence))

    def put_batch(
        self, *numbers: int, batch_id: str = "00000", campaign_id: str = CAMPAIGN, **changes: object
    ) -> Batch:
        """Write a batch of contacts, who are written too, and return its row."""
        draft = Batch(BatchRef(ORG, campaign_id, "0", batch_id), len(numbers), 1, self.clock.now)
        for n in numbers:
            self.put_contact(n)
        planned = [Planned(contact_id(n), LIST) for n in numbers]
        return self.batches.create(replace(draft, **changes), planned)  # type: ignore[arg-type]

    def stored(self, batch_id: str = "00000") -> Batch:
        """Return a batch of the campaign as it is stored."""
        return self.batches.rows[BatchRef(ORG, CAMPAIGN, "0", batch_id)][0]

    def row(self, n: int, key: str = "sent") -> EventRow | None:
        """Return a row of the message to a contact."""
        return self.messages.table.get(message_id(n), key)

    def in_doubt(self) -> list[int]:
        """Return the contacts whose message has a mark that is not settled."""
        rows = self.messages.table.all()
        return [number(r.message_id) for r in rows if r.data.get("settled") is False]

    def launch(self, batch_size: int = 1000, release: Callable[[], object] = tuple) -> Launch:
        """Return the launch flow."""
        return Launch(
            campaigns=self.campaigns,
            lists=self.lists,
            segments=self.campaigns.segments,
            audiences=Audiences(self.lists, self.contacts, self.suppressions),
            batches=self.batches,
            launches=self.queues,
            release=release,
            clock=self.clock,
            batch_size=batch_size,
        )

    def release(self) -> Release:
        """Return the release flow."""
        return Release(
            campaigns=self.campaigns,
            batches=self.batches,
            sending_ips=self.ips,
            identities=self.identities,
            quota=self.quota,
            orders=self.queues,
            bus=self.bus,
            lease=LEASE,
            watch_jobs=lambda _: 0,
            start_due=lambda _: 0,
        )

    def look(self) -> list[Order]:
        """Let release take one look; return the pointers it sent."""
        self.looks += 1
        before = len(self.queues.orders)
        self.release().run(self.clock.now, f"look{self.looks}")
        return self.queues.orders[before:]

    def blocks(self) -> Blocks:
        """Return the steps inside one block."""
        return Blocks(
            reader=self.recipients(),
            places=self.places(),
            messages=self.messages,
            conclusion=Conclusion(
                self.messages, Doubts(self.messages), Later(self.batches), REDACTOR, self.clock
            ),
            composer=self.content,
            hand_over=HandOver(SEAL.mail_from, self.relay, self.clock),
            clock=self.clock,
        )

    def places(self) -> Places:
        """Return the places of blocks."""
        days = BlockDays(self.quota)
        limits = LiveLimits(self.identities)
        return Places(self.ips, days, BlockRates(self.rates, days), limits)

    def recipients(self) -> Recipients:
        """Return the reader of a block's recipients."""
        return Recipients(
            self.batches, self.contacts, self.suppressions, Doubts(self.messages), name_message
        )

    def takeover(self) -> Takeover:
        """Return both sides of a takeover."""
        return Takeover(
            reader=self.recipients(),
            messages=self.messages,
            doubts=Doubts(self.messages),
            later=Later(self.batches),
            clock=self.clock,
        )

    def sender(self, block_size: int = 100) -> Sender:
        """Return the send flow."""
        return Sender(
            batches=self.batches,
            campaigns=self.campaigns,
            blocks=self.blocks(),
            takeovers=self.takeover(),
            orders=self.queues,
            clock=self.clock,
            lease=LEASE,
            block_size=block_size,
        )

    def send(self, order: Order, block_size: int = 100, within: timedelta = HOUR) -> Ending:
        """Run a sender that has so much time."""
        self.runs += 1
        until = self.clock.now + within
        return self.sender(block_size).run(order, f"run{self.runs}", until)

    def take_over(self, block_size: int = 100) -> Sequence[Ending]:
        """Let every lease run out, and other senders work what release then hands out."""
        self.clock.now += LEASE
        return [self.send(order, block_size) for order in self.look()]


def opened_by_a_dead_holder(stage: Stage, *numbers: int) -> Batch:
    """Return a batch whose holder opened its only block with everybody placed, and died."""
    batch = stage.put_batch(*numbers)
    claimed = replace(batch, phase=Phase.CLAIMED, block_end=batch.count, released_to=batch.count)
    opened = replace(
        claimed,
        phase=Phase.OPENED,
        placement="a" * batch.count,
        ips=("ip1",),
        placed_at=stage.clock.now,
    )
    stage.batches.swap(batch, opened, "dead")
    return stage.stored()


def claimed_block(stage: Stage, *numbers: int, **changes: object) -> Batch:
    """Return a batch whose only block is claimed."""
    batch = replace(stage.put_batch(*numbers), phase=Phase.RELEASED, released_to=len(numbers))
    batch = replace(rules.claim(batch, NOW + LEASE), **changes)  # type: ignore[arg-type]
    stage.batches.swap(stage.stored(), batch, "claim")
    return stage.stored()


def send_block(stage: Stage, batch: Batch, until: datetime = NOW + 24 * HOUR) -> BlockResult | None:
    """Send a claimed block as its holder does."""

    def store(opened: Batch) -> Batch | None:
        return stage.stored() if stage.batches.swap(batch, opened, "open") else None

    return stage.blocks().send(batch, stage.put_campaign(), until, store)


def sent(stage: Stage, batch: Batch) -> Tally:
    """Send a claimed block and return its tally."""
    result = send_block(stage, batch)
    assert result is not None
    return result.tally


def reserved(stage: Stage, ip: SendingIp) -> int:
    """Return how many places of an IP's day are taken."""
    return stage.quota.day(ip, NOW.date()).reserved


def pointer(stage: Stage, *numbers: int) -> Order:
    """Put a batch, release it and return its pointer."""
    stage.put_batch(*numbers)
    (order,) = stage.look()
    return order


def everybody(stage: Stage) -> list[int]:
    """Return whom the relay has, who must be nobody twice."""
    mailed = stage.relay.mailed()
    assert len(mailed) == len(set(mailed))
    return sorted(mailed)
