"""A stage for the sending flows: stores in memory, a clock and a relay that do as they are told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from local.memory.batches import Batches
from local.memory.campaigns import Campaigns
from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.messages import Messages
from local.memory.quota import Quota, SendingIps
from mailtide.domain.batch import Batch, BatchRef, Phase, Planned
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused
from mailtide.domain.message import EventRow
from mailtide.domain.sending_ip import Relay as RelayAddress
from mailtide.domain.sending_ip import SendingIp, Tls
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.flows.block import Blocks
from mailtide.flows.doubts import Doubts
from mailtide.flows.later import Later
from mailtide.flows.launch import Launch
from mailtide.flows.recipients import Recipients
from mailtide.flows.release import Release
from mailtide.flows.send import Ending, Order, Sender
from mailtide.flows.takeover import Takeover

ORG = "org0000000000000"
CAMPAIGN = "campaign00"
LIST = "list000000000000"
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LEASE = timedelta(minutes=3)
HOUR = timedelta(hours=1)
LATER = Refused(later=True, code=451, response="4.7.1 try again later")
NEVER = Refused(later=False, code=550, response="5.7.1 not here")
IDENTITY = Identity(
    ORG, "identity1", "News", "Ann", "ann@example.com", bounce_domain="bounces.example.com"
)


def contact_id(n: int) -> str:
    """Return the id of contact number n; all of them lie in shard 0."""
    return f"{n:026d}"


def message_id(n: int) -> str:
    """Return the id of the campaign's message to contact number n."""
    return name_message(CAMPAIGN, contact_id(n))


def name_message(campaign_id: str, contact: str) -> str:
    """Return the id of a campaign's message to a contact."""
    return campaign_id + contact[-16:]


def number(id_: str) -> int:
    """Return the number of a contact or of the contact a message goes to."""
    return int(id_[-16:])


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass
class Relay:
    """Answers each message as told, by contact number; takes it when nothing is told."""

    clock: Clock
    answers: dict[int, Outcome] = field(default_factory=dict)
    taken: list[Outgoing] = field(default_factory=list)
    over: list[str] = field(default_factory=list)  # the IP of each message taken
    bodies: list[bytes] = field(default_factory=list)
    meanwhile: dict[int, Callable[[], object]] = field(default_factory=dict)  # before the number

    def of(self, ip: SendingIp) -> "Line":
        """Return the transport of a sending IP."""
        return Line(self, ip)

    def mailed(self) -> list[int]:
        """Return the contacts whose message was taken, in order."""
        return [number(one.message_id) for one in self.taken]


@dataclass
class Line:
    """One sending IP's way to the relay."""

    relay: Relay
    ip: SendingIp

    def deliver(self, outgoing: Iterable[Outgoing], until: datetime) -> Iterator[Outcome]:
        """Hand messages over in order; none begins after `until`."""
        for one in outgoing:
            happening = self.relay.meanwhile.pop(number(one.message_id), None)
            if happening is not None:
                happening()
            yield self._answer(one, until)

    def _answer(self, one: Outgoing, until: datetime) -> Outcome:
        if self.relay.clock.now >= until:
            return Refused(later=True, code=None, response="time is up")
        answer = self.relay.answers.get(number(one.message_id), Accepted("250 ok"))
        if isinstance(answer, Accepted):
            self.relay.bodies.append(one.render())
            self.relay.taken.append(one)
            self.relay.over.append(self.ip.ip_id)
        return answer


@dataclass
class Queues:
    """Keeps the pointers that are sent."""

    orders: list[Order] = field(default_factory=list)
    launches: list[str] = field(default_factory=list)

    def send(self, orders: list[Order]) -> None:
        """Take pointers to batches."""
        self.orders.extend(orders)

    def launch(self, _org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Take pointers to the shards of a launch."""
        self.launches.extend(f"{campaign_id}/{shard}" for shard in shards)


@dataclass
class Content:
    """The campaign's content: address and hour."""

    identity: Identity = IDENTITY

    def compose(self, campaign: Campaign) -> "Content":
        """Return itself."""
        return self

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return a message that says whom it is for and when it was made."""
        return f"{contact.email} {message_id} {at:%H:%M}".encode()


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
    quota: Quota = field(default_factory=Quota)
    messages: Messages = field(default_factory=Messages)
    queues: Queues = field(default_factory=Queues)
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
            contacts=self.contacts,
            suppressions=self.suppressions,
            batches=self.batches,
            release=release,
            clock=self.clock,
            batch_size=batch_size,
        )

    def release(self) -> Release:
        """Return the release flow."""
        return Release(self.campaigns, self.batches, self.ips, self.quota, self.queues, LEASE)

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
            sending_ips=self.ips,
            quota=self.quota,
            messages=self.messages,
            doubts=Doubts(self.messages),
            later=Later(self.batches),
            composer=self.content,
            transports=self.relay,
            clock=self.clock,
        )

    def recipients(self) -> Recipients:
        """Return the reader of a block's recipients."""
        return Recipients(self.batches, self.contacts, self.suppressions, name_message)

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
