"""World: one campaign's whole life on the real flows, from start until nothing is left to do."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from local.memory.batches import Batches
from local.memory.campaigns import Campaigns
from local.memory.contacts import Contacts, Lists, Suppressions
from local.memory.quota import Quota, SendingIps
from local.memory.rows import EventTable
from local.memory.sending_rates import SendingRates
from local.memory.ses_rate import SesRate
from local.world import plan
from local.world.aftermath import SHARDS, Aftermath
from local.world.case import CAMPAIGN, KEY, ORG, Case
from local.world.churn import Churn
from local.world.clock import START, Clock
from local.world.faults import Faulty, Steps
from local.world.operator import Operator
from local.world.outgoing import TIMEOUT, Claim, Outgoing
from local.world.queue import Delivery, Queue
from local.world.relay import Relay
from local.world.scheduler import Scheduler
from local.world.ses import SesWay
from mailtide.domain import identifiers
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.sending_ip import Relay as RelayAddress
from mailtide.domain.sending_ip import SendingIp, Ses, Tls, Transport
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.flows.pointers import Order

VISIBILITY = TIMEOUT + timedelta(seconds=30)
PROVIDERS = ("gmail", "yahoo", "gmail", "other")  # of the contacts, in turn
MAX_TURNS = 400_000
TURNS_EACH = 100  # more for each contact
Work = Callable[[Any], object]


class StuckError(AssertionError):
    """The world did not come to rest."""


@dataclass(slots=True)
class World:
    """One life; `run` plays it."""

    case: Case
    clock: Clock = field(init=False)
    chance: random.Random = field(init=False)
    scheduler: Scheduler = field(init=False)
    steps: Steps = field(init=False)
    table: EventTable = field(default_factory=EventTable)
    batches: Batches = field(default_factory=Batches)
    campaigns: Campaigns = field(init=False)
    contacts: Contacts = field(default_factory=Contacts)
    lists: Lists = field(default_factory=Lists)
    suppressions: Suppressions = field(default_factory=Suppressions)
    sending_ips: SendingIps = field(default_factory=SendingIps)
    quota: Quota = field(default_factory=Quota)
    rates: SendingRates = field(default_factory=SendingRates)
    relay: Relay = field(init=False)
    outgoing: Outgoing = field(init=False)
    aftermath: Aftermath = field(init=False)
    launching: Queue[str] = field(init=False)
    sending: Queue[Order] = field(init=False)
    completions: list[Campaign] = field(default_factory=list)  # of which the bus was told
    claims: list[Claim] = field(default_factory=list)
    suppressed_at: dict[str, int] = field(default_factory=dict)  # contact -> step
    churn: Churn = field(init=False)
    operator: Operator = field(init=False)
    busy: Counter[str] = field(default_factory=Counter)  # invocations that run, by kind
    next_look: datetime = field(init=False)
    runs: int = 0
    failed: int = 0  # invocations that died or failed

    def __post_init__(self) -> None:
        midnight = datetime.combine(START.date() + timedelta(days=1), time(tzinfo=START.tzinfo))
        self.clock = Clock(midnight - timedelta(minutes=self.case.minutes_to_midnight))
        self.next_look = self.clock.now
        self.chance = random.Random(self.case.seed)  # noqa: S311 - a replay needs the same dice
        self.scheduler = Scheduler(self.clock, self.chance, self.case.faults)
        self.steps = Steps(self.scheduler.step, self.scheduler.freeze, lambda: self.scheduler.steps)
        self.campaigns = Campaigns(launch_shards=self.case.shards)
        self.launching = Queue(self.clock, self.chance, VISIBILITY, self.case.duplicates)
        self.sending = Queue(self.clock, self.chance, VISIBILITY, self.case.duplicates)
        self.outgoing = Outgoing(self)
        self.aftermath = Aftermath(
            clock=self.clock,
            chance=self.chance,
            table=self.table,
            queue=Queue(self.clock, self.chance, VISIBILITY, self.case.duplicates),
            wrap=self.faulty,
            org_id=ORG,
            suppressions=self.suppressions,
            readers=self.case.readers,
            stream_cut=self.case.stream_cut,
        )
        self.relay = Relay(
            clock=self.clock,
            chance=self.chance,
            mood=self.case.mood,
            steps=self.steps,
            on_taken=self.aftermath.follow,
            ses=SesWay(self.faulty(SesRate(), "ses_rate"), self.case.ses_rate, self.scheduler.rest),
        )
        self._settle_people()
        self.churn = Churn(self, self.chance, self.case.churn)
        self.operator = Operator(self, sorted(self.case.moves.items()))

    def run(self) -> "World":
        """Start the campaign and play until nothing is left to do.

        Raises:
            StuckError: it never came to rest.
        """
        plan.begin(self)
        for _ in range(MAX_TURNS + TURNS_EACH * self.case.contacts):
            self._invoke()
            if self.scheduler.turn():
                continue
            if self._over():
                return self
            self._wait()
        raise StuckError(f"the world does not come to rest; {self.case.replay()}")

    @property
    def mishaps(self) -> int:
        """How many invocations died, failed or stood still."""
        return self.failed + self.scheduler.freezes

    def send_orders(self, orders: list[Order]) -> None:
        """Take pointers to batches."""
        for order in orders:
            self.sending.put(order)

    def suppress(self, contact_id: str) -> None:
        """Suppress a contact; from the next claim on nothing may leave for them."""
        evidence = {Reason.UNSUBSCRIBE: Evidence(self.clock.now, "one click")}
        self.suppressions.add(Suppression(ORG, contact_id, evidence))
        self.suppressed_at.setdefault(contact_id, self.scheduler.steps)

    def message_id(self, contact_id: str) -> str:
        """Return the message of the campaign to a contact."""
        return identifiers.message_id(KEY, CAMPAIGN, contact_id)

    def add_contact(self, number: int, attributes: Mapping[str, Any] | None = None) -> str:
        """Add the contact of a number, whose address falls into one of the case's shards."""
        addresses = (f"person{number}.{attempt}@example.com" for attempt in count())
        ids = ((identifiers.contact_id(KEY, ORG, email), email) for email in addresses)
        contact_id, email = next(p for p in ids if identifiers.shard_of(p[0]) in self.case.shards)
        joined = START - timedelta(days=number % 10_000)
        provider = PROVIDERS[number % len(PROVIDERS)]
        contact = Contact(ORG, contact_id, email, provider, joined, attributes or {})
        self.contacts.put(contact)
        return contact_id

    def _settle_people(self) -> None:
        """Add all that the campaign names, contacts and the sending IPs."""
        plan.furnish(self)
        for number in range(self.case.contacts):
            plan.settle(self, number)
        for number, limit in enumerate(self.case.limits):
            way: Transport = RelayAddress("relay.example.com", 587, Tls.STARTTLS)
            if self.case.ses_rate and number % 2 == 0:
                way = Ses(f"set{number}")
            ip = SendingIp(ORG, f"ip{number}", f"a{number}", Stream.MARKETING, way, limit)
            self.sending_ips.put(replace(ip, rate_limits=self.case.rates.get(ip.ip_id, ())))

    def ask_launch(self, _org_id: str, _campaign_id: str, shards: Any) -> None:
        """Take pointers to the shards of a launch."""
        for shard in shards:
            self.launching.put(shard)

    def _invoke(self) -> None:
        """Start what triggers start: queue messages, the minute's look, what people do."""
        self.churn.act(self.scheduler.steps)
        self.operator.act(self.scheduler.steps)
        self.busy.clear()
        for process in self.scheduler.processes:
            # An invocation that stands still was given up: it takes up no concurrency.
            if process.wakes_at <= self.clock.now:
                self.busy[process.kind] += 1
        self._drain(self.launching, "launch", 2, self.outgoing.launch)
        self._drain(self.sending, "sender", self.case.senders, self.outgoing.send)
        self._drain(self.aftermath.queue, "ingest", 2, self.aftermath.ingest)
        for shard in SHARDS:
            self._read(shard, "rollup", self.aftermath.rollup)
            self._read(shard, "react", self.aftermath.react)
        if self.next_look <= self.clock.now:
            self.next_look = self.clock.now + timedelta(minutes=1)
            self._spawn("release", self.outgoing.look, lambda: None)

    def _drain(self, queue: Queue[Any], name: str, most: int, work: Work) -> None:
        while queue.waiting and self.busy[name] < most:
            delivery = queue.take()
            if delivery is None:
                return
            self._spawn(name, _bound(work, delivery), _bound(queue.delete, delivery, whole=True))

    def _read(self, shard: str, reader: str, work: Callable[[Any, str], None]) -> None:
        """Start a stream reader's next batch; a shard has one reader of a kind at a time."""
        name = f"{reader}.{shard}"
        if self.busy[name] or not self.aftermath.behind(reader, shard):
            return
        records, finished = self.aftermath.next_batch(reader, shard)
        if records:
            self._spawn(name, lambda: work(records, shard), finished)

    def _spawn(
        self, name: str, work: Callable[[], object], succeeded: Callable[[], object]
    ) -> None:
        def done(ended_well: bool) -> None:
            self.failed += not ended_well
            if ended_well:
                succeeded()

        self.runs += 1
        self.busy[name] += 1
        self.scheduler.spawn(name, self.runs, work, done)

    def faulty(self, target: object, name: str) -> Any:
        """Make every call of a collaborator a step."""
        return Faulty(target, name, self.steps)

    def _over(self) -> bool:
        """Say whether the campaign is in its last state and nothing is on its way."""
        ended = self.campaigns.rows[ORG, CAMPAIGN].state in (State.SENT, State.CANCELLED)
        queues = (self.launching, self.sending, self.aftermath.queue)
        if not ended or self.scheduler.processes or any(queue.waiting for queue in queues):
            return False
        return not self.campaigns.active(1, "") and all(
            batch.due_at is None for batch, _ in self.batches.rows.values()
        )

    def _wait(self) -> None:
        """Jump to the next instant at which something happens; who paused comes back before."""
        self.operator.come_back()
        instants = [
            at
            for at in (
                self.scheduler.next_wake(),
                self.launching.next_visible(),
                self.sending.next_visible(),
                self.aftermath.queue.next_visible(),
            )
            if at is not None
        ]
        dues = [b.due_at for b, _ in self.batches.rows.values() if b.due_at is not None]
        look = max(self.next_look, min(dues)) if dues else self.next_look
        self.next_look = look
        self.clock.forward_to(min([*instants, look]) + timedelta(milliseconds=1))


def _bound(work: Callable[[Any], object], delivery: Delivery[Any], *, whole: bool = False) -> Any:
    return lambda: work(delivery if whole else delivery.body)
