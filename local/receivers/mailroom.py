"""The mail room: takes what the relay accepted, and lets its plan happen, act by act, in time."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.receivers import events
from local.receivers.acts import Act, ActKind, Dice
from local.receivers.config import Config, Listener
from local.receivers.events import Event, Route, Session, Snowflakes, Span
from local.receivers.ledger import CAMPAIGN_LENGTH, Entry, Ledger, Refusal, read_verp
from local.receivers.letter import read_headers
from local.receivers.providers import Reply
from local.receivers.readers import Delivered, Readers
from local.receivers.world import Plan, Reception, World

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """One message on its way, with all that its acts need."""

    plan: Plan
    listener: Listener
    entry: Entry
    queue_id: int
    mail: Delivered

    def span(self, span_id: int) -> Span:
        """Begin one delivery attempt."""
        local, _, domain = self.entry.envelope_from.rpartition("@")
        return Span(
            span_id=span_id,
            queue_id=self.queue_id,
            queue_name=self.listener.ip[:8],
            sender=f"{local}@{domain.lower()}",
            recipient=self.entry.recipient,
            size=self.entry.size,
        )

    @property
    def route(self) -> Route:
        """Where the relay connects for it."""
        domain = self.entry.recipient.rpartition("@")[2]
        return Route(domain, self.plan.provider.mx_host(domain), self.listener.address)


class Mailroom:
    """Everything between the relay's acceptance and the ledger."""

    def __init__(
        self,
        config: Config,
        *,
        ledger: Ledger,
        readers: Readers,
        put_events: Callable[[Iterable[Event]], None],
    ) -> None:
        dice = Dice(config.seed, config.time_scale)
        self.world = World(dice, config.delays, config.domains, config.behaviour)
        self.ledger = ledger
        self.scheduled = 0
        self.kept: deque[tuple[str, bytes]] = deque(maxlen=config.kept_mails)
        self._readers = readers
        self._put_events = put_events
        self._ids = Snowflakes()
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

    def reception(self, listener: Listener, sender: str, recipient: str) -> Reception:
        """Decide at RCPT; a refusal for now ends after the configured number of them."""
        decision = self.world.reception(recipient, listener.ip)
        verp = read_verp(sender)
        key = (verp[1] if verp else sender, recipient)
        if decision is Reception.REFUSED_FOR_NOW:
            if self._refused[key] >= self.world.behaviour.relay_4xx_refusals:
                return Reception.TAKEN
            self._refused[key] += 1
        return decision

    def refuse(self, listener: Listener, sender: str, recipient: str, code: int) -> None:
        """Record that the relay did not take a message."""
        self.touch()
        self.ledger.refusals.append(Refusal(_now(), listener.ip, sender, recipient, code))

    def accept(
        self, listener: Listener, session: Session, sender: str, recipient: str, content: bytes
    ) -> int:
        """Take one message into the queue and start its life; return its queue id."""
        self.touch()
        headers = read_headers(content)
        plan = self.world.plan(recipient, listener.ip, headers.subject)
        queue_id = self._ids.next(_now())
        verp = read_verp(sender)
        entry = Entry(
            queue_id=str(queue_id),
            ip=listener.ip,
            envelope_from=sender,
            recipient=recipient,
            identity=headers.identity,
            message_id_header=headers.message_id,
            subject=headers.subject,
            size=len(content),
            provider=plan.provider.name,
            fate=plan.fate.value,
            accepted_at=_second(),
            ip_tag=verp[0] if verp else None,
            message_id=verp[1] if verp else None,
            campaign=verp[1][:CAMPAIGN_LENGTH] if verp else None,
        )
        self.ledger.entries.append(entry)
        self.kept.append((recipient.lower(), content))
        mail = Delivered(entry, plan.provider, headers, content, listener.address)
        case = Case(plan, listener, entry, queue_id, mail)
        self._put_events([events.queued(entry.accepted_at, case.span(0), session)])
        for act in plan.relay:
            self._schedule(act.after, self._relay_act, act, case)
        return queue_id

    def new_id(self) -> int:
        """Make an id for a session or an attempt."""
        return self._ids.next(_now())

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
        at = _second()
        span = case.span(self.new_id())
        make = {
            ActKind.DELIVER: self._deliver,
            ActKind.DEFER: self._defer,
            ActKind.BOUNCE: self._bounce,
            ActKind.GIVE_UP: self._give_up,
        }[act.kind]
        self._put_events(make(at, span, case))
        self._done()

    def _deliver(self, at: datetime, span: Span, case: Case) -> list[Event]:
        case.entry.delivered_at = at
        for act in case.plan.reader:
            self._schedule(act.after, self._reader_act, act, case)
        words = case.plan.provider.accepted.format(trace=f"{span.span_id:x}")
        return events.delivered(at, span, case.route, case.entry.accepted_at, words)

    def _defer(self, at: datetime, span: Span, case: Case) -> list[Event]:
        case.entry.deferred_at.append(at)
        reply = self._refusal(span, case)
        retry_at = at + timedelta(seconds=case.plan.relay[-1].after - case.plan.relay[0].after)
        accepted_at = case.entry.accepted_at
        return events.deferred(at, span, case.route, accepted_at, reply, retry_at)

    def _bounce(self, at: datetime, span: Span, case: Case) -> list[Event]:
        case.entry.bounced_at = at
        reply = self._refusal(span, case)
        return events.bounced(at, span, case.route, case.entry.accepted_at, reply)

    def _give_up(self, at: datetime, span: Span, case: Case) -> list[Event]:
        case.entry.bounced_at = at
        reply = self._refusal(span, case)
        return events.gave_up(at, span, case.route, case.entry.accepted_at, reply)

    def _refusal(self, span: Span, case: Case) -> Reply:
        if case.plan.reply is None:
            raise ValueError("only a message with a refusal is refused")
        reply = case.plan.reply.filled(
            recipient=case.entry.recipient,
            ip=case.listener.address,
            trace=f"{span.span_id:x}",
        )
        case.entry.smtp_code, case.entry.smtp_response = reply.code, reply.text
        return reply

    def _reader_act(self, act: Act, case: Case) -> None:
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


def _second() -> datetime:
    """Now, as a webhook's `createdAt` can say it."""
    return _now().replace(microsecond=0)
