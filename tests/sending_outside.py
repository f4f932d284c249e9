"""Around the sending flows: ids, a clock, a relay and queues that do as they are told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, not_made
from mailtide.domain.sending_ip import SendingIp
from mailtide.errors import MailtideError, RetryableError
from mailtide.flows.hand_over import Transport
from mailtide.flows.pointers import Order

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
    closed: int = 0  # how often

    def of(self, ip: SendingIp) -> "Line":
        """Return the transport of a sending IP."""
        return Line(self, ip)

    def deliver(
        self, loads: Sequence[tuple[Transport, Sequence[Outgoing]]], until: datetime
    ) -> list[list[Outcome]]:
        """Hand messages over, one transport after the other."""
        return [list(transport.deliver(outgoing, until)) for transport, outgoing in loads]

    def close(self) -> None:
        """Note the end of a run."""
        self.closed += 1

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
            try:
                self.relay.bodies.append(one.render())
            except MailtideError as error:
                return not_made(error)
            self.relay.taken.append(one)
            self.relay.over.append(self.ip.ip_id)
        return answer


@dataclass
class Queues:
    """Keeps the pointers that are sent."""

    orders: list[Order] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)  # orders of each call
    backlog: int = 0  # pointers that no sender has taken
    launches: list[str] = field(default_factory=list)

    def send(self, orders: list[Order]) -> None:
        """Take pointers to batches."""
        self.orders.extend(orders)
        self.calls.append(len(orders))

    def waiting(self) -> int:
        """Return how many pointers wait, as the test says."""
        return self.backlog

    def launch(self, _org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Take pointers to the shards of a launch."""
        self.launches.extend(f"{campaign_id}/{shard}" for shard in shards)


@dataclass
class Bus:
    """Keeps what was told; `down` makes it refuse."""

    told: list[Campaign] = field(default_factory=list)
    down: bool = False

    def completed(self, campaign: Campaign) -> None:
        """Take the news of a campaign's end."""
        if self.down:
            raise RetryableError("the bus is down")
        self.told.append(campaign)


@dataclass
class Content:
    """The campaign's content: address and hour."""

    identity: Identity = IDENTITY
    ready: bool = False

    def compose(self, campaign: Campaign) -> "Content":
        """Return itself."""
        return self

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return a message that says whom it is for and when it was made."""
        return f"{contact.email} {message_id} {at:%H:%M}".encode()
