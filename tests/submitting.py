"""A stage for single messages: the desk that takes them and the sender that hands them over."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from local.memory.contents import Templates
from local.memory.imports import Files
from local.memory.submissions import Submissions
from local.memory.triggers import Triggers
from mailtide.domain import identifiers
from mailtide.domain.batch import Batch
from mailtide.domain.content import Identity, Template
from mailtide.domain.handover import Accepted, Outcome, Outgoing, not_made
from mailtide.domain.message import SENT, SUPPRESSED
from mailtide.domain.sending_ip import Relay as RelayAddress
from mailtide.domain.sending_ip import SendingIp, Tls
from mailtide.domain.submission import Draft, Submission, ref_of
from mailtide.domain.suppression import Stream
from mailtide.domain.tracking import Tracker
from mailtide.errors import MailtideError
from mailtide.flows.block import Blocks
from mailtide.flows.hand_over import Transport
from mailtide.flows.message_desk import MessageDesk
from mailtide.flows.message_rehearsal import Rehearsal
from mailtide.flows.pointers import Order
from mailtide.flows.send import Ending, Sender
from mailtide.flows.submitted import Submitted
from mailtide.flows.takeover import Takeover
from tests.collaborators import KEYRING, REDACTOR, name_contact
from tests.sending import Stage
from tests.sending_outside import HOUR, LEASE, ORG

KEY = b"key"
GROUP = identifiers.group_id(KEY, ORG, "messages")
TRANSACTIONAL = Identity(
    ORG,
    "shop",
    "Shop",
    "The Shop",
    "shop@example.com",
    bounce_domain="bounces.example.com",
    stream=Stream.TRANSACTIONAL,
)
RECEIPT = Template(
    ORG,
    "receipt",
    "Receipt",
    "Order {{ variables.order }}",
    '<p>Thank you. <a href="https://shop.example/?o={{ variables.order }}&amp;x=1">Order</a></p>',
)
DRAFT = Draft("ann@example.com", "shop", template_id="receipt", variables={"order": "4711"})


@dataclass
class Post:
    """A relay that takes everything, or answers each message alike."""

    answer: Outcome | None = None
    before: Callable[[], object] = tuple
    taken: list[Outgoing] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    over: list[str] = field(default_factory=list)  # the IP of each message taken

    def of(self, ip: SendingIp) -> "Way":
        """Return the way over an IP."""
        self.over.append(ip.ip_id)
        return Way(self)

    def deliver(
        self, loads: Sequence[tuple[Transport, Sequence[Outgoing]]], until: datetime
    ) -> list[list[Outcome]]:
        """Hand messages over, one way after the other."""
        return [list(way.deliver(outgoing, until)) for way, outgoing in loads]

    def close(self) -> None:
        """Keep nothing open."""


@dataclass(frozen=True, slots=True)
class Way:
    """The way over one IP."""

    post: Post

    def deliver(self, outgoing: Iterable[Outgoing], until: datetime) -> Iterator[Outcome]:
        """Hand messages over in order; what cannot be made is refused for good."""
        for one in outgoing:
            self.post.before()
            yield self.post.answer or self._taken(one)

    def _taken(self, one: Outgoing) -> Outcome:
        try:
            self.post.bodies.append(one.render())
        except MailtideError as error:
            return not_made(error)
        self.post.taken.append(one)
        return Accepted("250 ok")


class Bucket(Files):
    """The files, and where they are put."""

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that takes one PUT of an object."""
        return f"https://bucket.example/{key}"


@dataclass
class Counter(Stage):
    """A stage with an identity, a template and a sending IP for transactional mail."""

    templates: Templates = field(default_factory=Templates)
    files: Bucket = field(default_factory=Bucket)
    submissions: Submissions = field(init=False)
    triggers: Triggers = field(default_factory=Triggers)
    post: Post = field(default_factory=Post)
    numbers: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.submissions = Submissions(self.batches, self.messages)
        self.identities.create(TRANSACTIONAL, self.clock.now)
        self.templates.create(RECEIPT, self.clock.now)
        self.put_prompt_ip()

    def put_prompt_ip(self, limit: int | None = None) -> SendingIp:
        """Write the sending IP of transactional mail."""
        relay = RelayAddress("relay.example.com", 587, Tls.STARTTLS)
        ip = SendingIp(ORG, "prompt", "tprompt", Stream.TRANSACTIONAL, relay, limit)
        self.ips.put(ip)
        return ip

    def new_id(self) -> str:
        """Name something new."""
        self.numbers += 1
        return f"new{self.numbers}"

    def desk(self) -> MessageDesk:
        """Return the desk."""
        return MessageDesk(
            submissions=self.submissions,
            contacts=self.contacts,
            templates=self.templates,
            identities=self.identities,
            sending_ips=self.ips,
            files=self.files,
            orders=self.queues,
            redactor=REDACTOR,
            contact_id=lambda org_id, email: name_contact(org_id, email) or "",
            message_id=lambda _org_id, seed: identifiers.submitted_id(KEY, GROUP, seed),
            new_id=self.new_id,
            clock=self.clock,
        )

    def rehearsal(self) -> Rehearsal:
        """Return what tries messages."""
        return Rehearsal(self.desk(), self.contacts, self.suppressions, self.tracker, self.clock)

    @property
    def tracker(self) -> Tracker:
        """What signs links."""
        return Tracker(KEYRING, "https://t.example")

    def submit(self, *drafts: Draft, seed: str = "call") -> list[Submission]:
        """Let the desk take messages, none of which may be refused."""
        found = self.desk().submit(ORG, drafts, seed)
        taken = [one for one in found if isinstance(one, Submission)]
        assert len(taken) == len(found), found
        return taken

    def refused(self, **changes: object) -> MailtideError:
        """Return why a message is refused."""
        draft = replace(DRAFT, **changes)  # type: ignore[arg-type]
        (found,) = self.desk().submit(ORG, [draft], "call")
        assert isinstance(found, MailtideError), found
        return found

    def submitted(self) -> Submitted:
        """Return what the sender knows of single messages."""
        return Submitted(
            submissions=self.submissions,
            contacts=self.contacts,
            suppressions=self.suppressions,
            templates=self.templates,
            identities=self.identities,
            triggers=self.triggers,
            files=self.files,
            tracker=self.tracker,
            clock=self.clock,
        )

    def transact(self, order: Order) -> Ending:
        """Run the sender of transactional messages."""
        source = self.submitted()
        blocks = self.blocks()
        blocks = replace(
            blocks,
            reader=source,
            composer=source,
            hand_over=replace(blocks.hand_over, transports=self.post),
            places=replace(self.places(), stream=Stream.TRANSACTIONAL),
        )
        self.runs += 1
        return self._transact(source, blocks).run(order, f"run{self.runs}", self.clock.now + HOUR)

    def _transact(self, source: Submitted, blocks: Blocks) -> Sender:
        takeover = self.takeover()
        return Sender(
            batches=self.batches,
            campaigns=source,
            blocks=blocks,
            takeovers=Takeover(source, self.messages, takeover.doubts, takeover.later, self.clock),
            orders=self.queues,
            clock=self.clock,
            lease=LEASE,
        )

    def deliver(self) -> Sequence[Ending]:
        """Work all pointers that wait."""
        waiting, self.queues.orders = self.queues.orders, []
        return [self.transact(order) for order in waiting]

    def batch_of(self, submission: Submission) -> Batch:
        """Return a message's batch as it is stored."""
        return self.batches.rows[ref_of(submission)][0]

    def keys_of(self, submission: Submission) -> list[str]:
        """Return what is told of a message."""
        return [row.event_key for row in self.messages.table.of_message(submission.message_id)]

    def why(self, submission: Submission, key: str = SENT) -> str:
        """Return why a message never left."""
        row = self.messages.table.get(submission.message_id, key)
        assert row is not None
        return str(row.data["reason"] if key == SUPPRESSED else row.smtp_response)

    def later(self, by: timedelta) -> None:
        """Let time pass, and release look."""
        self.clock.now += by
        self.look()
