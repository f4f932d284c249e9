"""The mail room: takes what a carrier accepted, and lets its plan happen, act by act, in time."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.receivers.acts import Act, ActKind, Dice
from local.receivers.config import Config
from local.receivers.events import Snowflakes
from local.receivers.ledger import CAMPAIGN_LENGTH, Entry, Ledger, Refusal
from local.receivers.letter import read_headers
from local.receivers.providers import Reply
from local.receivers.readers import Delivered, Readers
from local.receivers.teller import Teller
from local.receivers.world import Plan, Reception, World

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as its carrier was given it."""

    ip: str  # name of the sending IP
    address: str  # what receivers see of it
    envelope_from: str
    recipient: str
    content: bytes
    ip_tag: str | None  # as the message names its sending IP and itself
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One message on its way, with all that its acts need."""

    plan: Plan
    entry: Entry
    address: str  # of the sending IP
    teller: Teller
    mail: Delivered


class Mailroom:
    """Everything between a carrier's acceptance and the ledger."""

    def __init__(self, config: Config, *, ledger: Ledger, readers: Readers) -> None:
        dice = Dice(config.seed, config.time_scale)
        self.world = World(dice, config.delays, config.domains, config.behaviour)
        self.ledger = ledger
        self.ids = Snowflakes()
        self.scheduled = 0
        self.kept: deque[tuple[str, bytes]] = deque(maxlen=config.kept_mails)
        self._readers = readers
        self._refused: Counter[tuple[str, str]] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_at = _now()

    def touch(self) -> None:
        """Note that something happened."""
        self._last_at = _now()

    def idle_seconds(self) -> float:
        """Seconds since the last thing happened."""
        return (_now() - self._last_at).total_seconds()

    def change(self, patch: dict[str, Any]) -> None:
        """Change the behaviour for what comes from now on.

        Raises:
            pydantic.ValidationError: for an unknown name or a value out of range.
        """
        self.world = replace(self.world, behaviour=self.world.behaviour.changed(patch))

    def reception(self, ip: str, message: str, recipient: str) -> Reception:
        """Decide whether the carrier takes it; refusals for now end after so many of them."""
        decision = self.world.reception(recipient, ip)
        key = (message, recipient)
        if decision is Reception.REFUSED_FOR_NOW:
            if self._refused[key] >= self.world.behaviour.relay_4xx_refusals:
                return Reception.TAKEN
            self._refused[key] += 1
        return decision

    def refuse(self, refusal: Refusal) -> None:
        """Record that a carrier did not take a message."""
        self.touch()
        self.ledger.refusals.append(refusal)

    def accept(self, parcel: Parcel, tell: Callable[[Entry, Plan], Teller]) -> Entry:
        """Take one message into the queue and start its life.

        Args:
            parcel: the message.
            tell: makes the one who tells of it.
        """
        plan = self.world.plan(parcel.recipient, parcel.ip, read_headers(parcel.content).subject)
        case = self._case(parcel, plan, tell)
        case.teller.accepted()
        for act in plan.relay:
            self._schedule(act.after, self._relay_act, act, case)
        return case.entry

    def keep_back(self, parcel: Parcel, tell: Callable[[Entry, Plan], Teller]) -> Entry:
        """Take one message that the carrier will not try to deliver; what follows is its own."""
        plan = self.world.kept_back(parcel.recipient)
        case = self._case(parcel, plan, tell)
        case.teller.accepted()
        case.entry.bounced_at = case.teller.now()
        return case.entry

    def _case(self, parcel: Parcel, plan: Plan, tell: Callable[[Entry, Plan], Teller]) -> Case:
        self.touch()
        headers = read_headers(parcel.content)
        entry = Entry(
            queue_id=str(self.ids.next(_now())),
            ip=parcel.ip,
            envelope_from=parcel.envelope_from,
            recipient=parcel.recipient,
            identity=headers.identity,
            message_id_header=headers.message_id,
            subject=headers.subject,
            size=len(parcel.content),
            provider=plan.provider.name,
            fate=plan.fate,
            accepted_at=_now(),
            ip_tag=parcel.ip_tag,
            message_id=parcel.message_id,
            campaign=parcel.message_id[:CAMPAIGN_LENGTH] if parcel.message_id else None,
        )
        self.ledger.entries.append(entry)
        self.kept.append((parcel.recipient.lower(), parcel.content))
        mail = Delivered(entry, plan.provider, headers, parcel.content, parcel.address)
        return Case(plan, entry, parcel.address, tell(entry, plan), mail)

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _schedule(
        self, after: float, perform: Callable[[Act, Case], None], act: Act, case: Case
    ) -> None:
        self.scheduled += 1
        asyncio.get_running_loop().call_later(after, perform, act, case)

    def _done(self) -> None:
        self.scheduled -= 1
        self.touch()

    def _relay_act(self, act: Act, case: Case) -> None:
        perform = {
            ActKind.DELIVER: self._deliver,
            ActKind.DEFER: self._defer,
            ActKind.BOUNCE: self._bounce,
            ActKind.GIVE_UP: self._give_up,
        }[act.kind]
        perform(case.teller.now(), case)
        self._done()

    def _deliver(self, at: datetime, case: Case) -> None:
        case.entry.delivered_at = at
        for act in case.plan.reader:
            self._schedule(act.after, self._reader_act, act, case)
        case.teller.delivered(at, case.plan.provider.accepted.format(trace=self._trace()))

    def _defer(self, at: datetime, case: Case) -> None:
        case.entry.deferred_at.append(at)
        first, *_, last = case.plan.relay
        retry_at = at + timedelta(seconds=last.after - first.after)
        case.teller.deferred(at, self._refusal(case), retry_at)

    def _bounce(self, at: datetime, case: Case) -> None:
        case.entry.bounced_at = at
        case.teller.bounced(at, self._refusal(case))

    def _give_up(self, at: datetime, case: Case) -> None:
        case.entry.bounced_at = at
        case.teller.gave_up(at, self._refusal(case))

    def _refusal(self, case: Case) -> Reply:
        if case.plan.reply is None:
            raise ValueError("only a message with a refusal is refused")
        reply = case.plan.reply.filled(
            recipient=case.entry.recipient, ip=case.address, trace=self._trace()
        )
        case.entry.smtp_code, case.entry.smtp_response = reply.code, reply.text
        return reply

    def _trace(self) -> str:
        return f"{self.ids.next(_now()):x}"

    def _reader_act(self, act: Act, case: Case) -> None:
        if act.kind is ActKind.COMPLAIN and case.teller.complained(at := case.teller.now()):
            case.entry.complained_at = at
            self._done()
            return
        task = asyncio.get_running_loop().create_task(self._readers.do(act, case.mail))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("a reader's act failed", exc_info=task.exception())
        self._done()


def _now() -> datetime:
    return datetime.now(UTC)
