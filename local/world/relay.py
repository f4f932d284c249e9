"""Relay: takes, refuses or swallows messages, and keeps the ledger that the world is judged by.

It knows nothing of what the product believes: it counts what reached it.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from local.world.clock import Clock
from local.world.faults import Fault, Steps
from local.world.ses import SesWay
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.flows.hand_over import Transport
from mailtide.transports.ses import SesTransport


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that reached the relay whole."""

    message_id: str
    recipient: str
    ip_id: str
    at: datetime
    step: int  # of the world


@dataclass(frozen=True, slots=True)
class Mood:
    """How often the relay does what, as shares of all hand-overs; the rest it takes."""

    later: float = 0.0
    never: float = 0.0
    silent_taken: float = 0.0  # takes the message, and the answer is lost
    silent_lost: float = 0.0  # loses the message, and no answer comes


@dataclass(slots=True)
class Relay:
    """The one relay of the world, with a transport for each sending IP."""

    clock: Clock
    chance: random.Random
    mood: Mood
    steps: Steps
    on_taken: Callable[[Taken, str], None]  # told of each with its envelope sender
    ses: SesWay
    ledger: list[Taken] = field(default_factory=list)
    silences: int = 0  # answers that were lost on the way back

    def of(self, ip: SendingIp) -> "Line | SesTransport":
        """Return the transport of a sending IP."""
        line = Line(self, ip)
        return self.ses.of(ip, ip.transport, line) if isinstance(ip.transport, Ses) else line

    def deliver(
        self, loads: Sequence[tuple[Transport, Sequence[Outgoing]]], until: datetime
    ) -> list[list[Outcome]]:
        """Hand messages over one transport after the other, so that a life can be repeated."""
        return [list(transport.deliver(outgoing, until)) for transport, outgoing in loads]

    def close(self) -> None:
        """Nothing is open between two calls."""

    def by_day(self) -> dict[tuple[str, date], int]:
        """Count what was taken by IP and UTC date."""
        counts: dict[tuple[str, date], int] = {}
        for taken in self.ledger:
            key = (taken.ip_id, taken.at.date())
            counts[key] = counts.get(key, 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class Line:
    """One sending IP's way to the relay."""

    relay: Relay
    ip: SendingIp

    def deliver(self, outgoing: Iterable[Outgoing], until: datetime) -> Iterator[Outcome]:
        """Hand messages over in order; the clock is looked at right before each."""
        for message in outgoing:
            fault = self.relay.steps.step("relay.deliver")
            if fault is Fault.FREEZES:
                self.relay.steps.freeze_here()
            yield self.hand_over(message, until, fault)

    def hand_over(self, message: Outgoing, until: datetime, fault: Fault | None) -> Outcome:
        """Hand one message over, as the mood and the step's fault have it."""
        if fault in (Fault.DIES_BEFORE, Fault.FAILS_BEFORE):
            self.relay.steps.die("relay.deliver")
        if self.relay.clock.now >= until:
            return Refused(later=True, code=None, response="the day is over")
        outcome = self._answer(message)
        if fault is Fault.DIES_AFTER:
            self.relay.steps.die("relay.deliver")
        if fault in (Fault.REPLY_LOST, Fault.REPEATED):
            self.relay.silences += 1
            return Unknown("the connection was lost after the end of the data")
        return outcome

    def _answer(self, message: Outgoing) -> Outcome:
        mood, dice = self.relay.mood, self.relay.chance.random()
        if dice < mood.later:
            return Refused(later=True, code=451, response="4.7.1 try again later")
        if dice < mood.later + mood.never:
            return Refused(later=False, code=550, response="5.7.1 not here")
        if dice < mood.later + mood.never + mood.silent_lost:
            return self._silence()
        message.render()
        now, step = self.relay.clock.now, self.relay.steps.count()
        taken = Taken(message.message_id, message.recipient, self.ip.ip_id, now, step)
        self.relay.ledger.append(taken)
        self.relay.on_taken(taken, message.envelope_from)
        if dice < mood.later + mood.never + mood.silent_lost + mood.silent_taken:
            return self._silence()
        return Accepted("250 2.0.0 Message queued")

    def _silence(self) -> Unknown:
        self.relay.silences += 1
        return Unknown("no answer")
