"""Outgoing: the flows of sending, put together on the world's stores."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from local.memory.contents import Identities
from local.memory.messages import Messages
from local.memory.ses_identities import SesIdentities, verified
from local.world.case import CAMPAIGN, ORG, REDACTOR
from local.world.seal import SEAL
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.flows.audience import Audiences
from mailtide.flows.block import Blocks
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
from mailtide.flows.schedule import Schedule
from mailtide.flows.send import Sender
from mailtide.flows.ses_senders import SesSenders
from mailtide.flows.start import Starter
from mailtide.flows.takeover import Takeover

if TYPE_CHECKING:
    from local.world.world import World

LEASE = timedelta(minutes=3)
TIMEOUT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a block, as the row's write shows it."""

    step: int
    contact_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Content:
    """The campaign's content: the message id is all it says."""

    identity: Identity
    ready: ClassVar[bool] = False

    def compose(self, campaign: Campaign) -> "Content":
        """Return itself."""
        return self

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return a message that names the contact."""
        return f"{message_id} {contact.email}".encode()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Runs each flow once, as its function does for one trigger."""

    world: "World"

    def launch(self, shard: str) -> None:
        """Launch one shard."""
        Launch(
            campaigns=self.world.faulty(self.world.campaigns, "campaigns"),
            lists=self.world.faulty(self.world.lists, "lists"),
            segments=self.world.faulty(self.world.campaigns.segments, "segments"),
            audiences=Audiences(
                self.world.faulty(self.world.lists, "lists"),
                self.world.faulty(self.world.contacts, "contacts"),
                self.world.faulty(self.world.suppressions, "suppressions"),
            ),
            batches=self.world.faulty(self.world.batches, "batches"),
            launches=self.world.faulty(_Queues(self.world), "queues"),
            release=self.look,
            clock=self.world.clock,
            batch_size=self.world.case.batch_size,
        ).run(ORG, CAMPAIGN, shard, self._launch_until())

    def look(self) -> None:
        """Take the minute's look."""
        self.world.runs += 1
        Release(
            campaigns=self.world.faulty(self.world.campaigns, "campaigns"),
            batches=self.world.faulty(self.world.batches, "batches"),
            sending_ips=self.world.faulty(self.world.sending_ips, "sending_ips"),
            identities=self.world.faulty(Identities(), "identities"),
            quota=self.world.faulty(self.world.quota, "quota"),
            orders=self.world.faulty(_Queues(self.world), "queues"),
            bus=self.world.faulty(_Bus(self.world), "bus"),
            lease=LEASE,
            watch_jobs=lambda _: 0,
            start_due=Schedule(
                self.world.faulty(self.world.campaigns, "campaigns"), self.starter()
            ).run,
        ).run(self.world.clock.now, f"look-{self.world.runs}")

    def starter(self) -> Starter:
        """Return what starts campaigns."""
        return Starter(
            campaigns=self.world.faulty(self.world.campaigns, "campaigns"),
            lists=self.world.faulty(self.world.lists, "lists"),
            segments=self.world.faulty(self.world.campaigns.segments, "segments"),
            templates=self.world.faulty(self.world.campaigns.templates, "templates"),
            identities=self.world.faulty(self.world.campaigns.identities, "identities"),
            sending_ips=self.world.faulty(self.world.sending_ips, "sending_ips"),
            senders=SesSenders(
                self.world.faulty(
                    SesIdentities({"example.com": verified("example.com")}), "ses_identities"
                )
            ),
            launches=self.world.faulty(_Queues(self.world), "queues"),
            clock=self.world.clock,
        )

    def send(self, order: Order) -> None:
        """Work the batch of one pointer."""
        self.world.runs += 1
        batches = self.world.faulty(_Watched(self.world), "batches")
        messages = self.world.faulty(Messages(self.world.table), "messages")
        doubts = Doubts(messages)
        later = Later(batches)
        recipients = Recipients(
            batches,
            self.world.faulty(self.world.contacts, "contacts"),
            self.world.faulty(self.world.suppressions, "suppressions"),
            doubts,
            lambda _campaign, contact_id: self.world.message_id(contact_id),
        )
        blocks = Blocks(
            reader=recipients,
            places=self._places(),
            messages=messages,
            conclusion=Conclusion(messages, doubts, later, REDACTOR, self.world.clock),
            composer=Content(_identity()),
            hand_over=HandOver(SEAL.mail_from, self.world.relay, self.world.clock),
            clock=self.world.clock,
        )
        Sender(
            batches=batches,
            campaigns=self.world.faulty(self.world.campaigns, "campaigns"),
            blocks=blocks,
            takeovers=Takeover(recipients, messages, doubts, later, self.world.clock),
            orders=self.world.faulty(_Queues(self.world), "queues"),
            clock=self.world.clock,
            lease=LEASE,
            block_size=self.world.case.block_size,
        ).run(order, f"sender-{self.world.runs}", self._until())

    def _places(self) -> Places:
        days = BlockDays(self.world.faulty(self.world.quota, "quota"))
        return Places(
            self.world.faulty(self.world.sending_ips, "sending_ips"),
            days,
            BlockRates(self.world.faulty(self.world.rates, "rates"), days),
            LiveLimits(self.world.faulty(self.world.campaigns.identities, "identities")),
        )

    def _launch_until(self) -> datetime:
        return self.world.clock.now + (timedelta(0) if self.world.case.hasty else TIMEOUT)

    def _until(self) -> datetime:
        return self.world.clock.now + (timedelta(days=3) if self.world.case.patient else TIMEOUT)


@dataclass(frozen=True, slots=True)
class _Bus:
    """Where others hear of what happened."""

    world: "World"

    def completed(self, campaign: Campaign) -> None:
        self.world.completions.append(campaign)


@dataclass(frozen=True, slots=True)
class _Queues:
    """The queues as flows see them."""

    world: "World"

    def send(self, orders: list[Order]) -> None:
        self.world.send_orders(orders)

    def waiting(self) -> int:
        return self.world.sending.waiting

    def launch(self, org_id: str, campaign_id: str, shards: Any) -> None:
        self.world.ask_launch(org_id, campaign_id, shards)


class _Watched:
    """The batches, with a note of every claim."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.batches, name)

    def swap(self, old: Any, new: Any, nonce: str) -> bool:
        written = self._world.batches.swap(old, new, nonce)
        if written and new.phase == "claimed":
            block = self._world.batches.recipients(new)[new.watermark : new.block_end]
            ids = frozenset(one.contact_id for one in block)
            self._world.claims.append(Claim(self._world.scheduler.steps, ids))
        return written


def _identity() -> Identity:
    return Identity(ORG, "identity", "News", "News", "news@example.com", "bounce.example.com")
