"""SES call: the messages of one call, several on their way at a time, at the rate that all share.

One thread decides all: it waits for the next instant, renders a message, lets the crew hand it
over, and hears what became of those before. Threads only ask, and look at the clock right before.
What SES throttles was not taken and is handed over again, more slowly; what there is no time for
is put off. Neither counts as a refusal, so nothing is lost however slow SES is.
Source: docs/domain/ses.md.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from mailtide.domain import ses_account, ses_rate
from mailtide.domain.handover import Outcome, Outgoing, Refused, not_made
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.ses_rate import Booking
from mailtide.errors import MailtideError, RetryableError
from mailtide.transports.ses_mailer import Answer, Letter, Then

# Each is in doubt when the network goes, so it is no more than pays: seven times the rate of one at
# a time with answers after 40 ms (benchmarks/ses.py).
MOST_IN_FLIGHT = 8
GIVE_UP_AFTER = 3  # requests in a row without an answer of SES's own
_NO_TIME = "the time for handing over has run out"
_NO_INSTANT = "SES's rate has no instant left in the time for handing over"
_SECOND = timedelta(seconds=1)


class Mailer(Protocol):
    """Hands single messages over, for several threads at once (transports/ses_mailer.py)."""

    def send(self, letter: Letter, left: float) -> Answer:
        """Hand a message over, if that can begin within `left` seconds."""
        ...

    def close(self) -> None:
        """Close the connections; more are opened when they are needed."""
        ...


class Account(Protocol):
    """The account that the stack stands in."""

    def known(self) -> SesAccount | None:
        """Return what is known of it; None when SES does not say."""
        ...


class Rate(Protocol):
    """The instants that all senders of the account share."""

    def book(self, wanted: int, rate: float, now: datetime, until: datetime) -> Booking | None:
        """Book instants for up to `wanted` messages; None when none is left before `until`."""
        ...

    def hold(self, until: datetime) -> None:
        """Let nobody book an instant before `until`."""
        ...


@dataclass(slots=True)
class Message:
    """One message of the call."""

    number: int
    outgoing: Outgoing
    letter: Letter | None = None  # made when its turn comes, once


@dataclass(frozen=True, slots=True)
class Done:
    """What a thread brings back."""

    message: Message
    pauses: int  # how many there had been when it was started
    answer: Answer | None  # None: it was late, and asked nobody


class Crew(Protocol):
    """Makes calls for one thread (transports/ses_crew.py)."""

    @property
    def in_flight(self) -> int:
        """How many calls were started whose results were not taken yet."""
        ...

    def start(self, call: Callable[[], Done]) -> None:
        """Let a call be made."""
        ...

    def next(self, seconds: float | None = None) -> Done | None:
        """Return what a call came to; None when none ends within `seconds`."""
        ...

    def wait(self) -> None:
        """Return when nothing is in flight, and forget what the calls came to."""
        ...


@dataclass(frozen=True, slots=True)
class SesParts:
    """What all transports over SES share in one process."""

    mailer: Mailer
    account: Account
    rate: Rate
    crew: Crew
    clock: Callable[[], datetime]


@dataclass(slots=True)
class SesCall:
    """One call's messages and instants, and what SES said so far."""

    parts: SesParts
    letter: Callable[[Outgoing], Letter]  # raises MailtideError: `not_made`
    until: datetime  # nothing begins at it or later
    waiting: deque[Message] = field(default_factory=deque)
    instants: deque[datetime] = field(default_factory=deque)
    outcomes: dict[int, Outcome] = field(default_factory=dict)  # by the messages' numbers
    stopped: Refused | None = None  # what all that wait get
    throttled: int = 0  # pauses in a row that did not help
    pauses: int = 0
    silent: int = 0  # requests in a row

    def run(self, outgoing: Sequence[Outgoing]) -> list[Outcome]:
        """Hand messages over; the outcomes are in their order, and nothing is in flight."""
        self.waiting.extend(Message(number, one) for number, one in enumerate(outgoing))
        try:
            while self.waiting or self.parts.crew.in_flight:
                self._step()
        finally:
            self.parts.crew.wait()
        return [self.outcomes[number] for number in range(len(outgoing))]

    def _step(self) -> None:
        """Hear what became of those in flight; then begin one more, or wait for what is next."""
        while done := self.parts.crew.next(0):
            self._hear(done)
        if self.stopped is not None:
            self.outcomes |= {one.number: self.stopped for one in self.waiting}
            self.waiting.clear()
        if not self.waiting or self.parts.crew.in_flight >= self._most():
            self._wait()
            return
        now = self.parts.clock()
        if now >= self.until:
            self._put_off(_NO_TIME)
        elif not self.instants:
            self._book(now)
        elif self.instants[0] > now:
            self._wait((self.instants[0] - now) / _SECOND)
        else:
            self._begin(self.instants.popleft())

    def _most(self) -> int:
        """Return how many may be in flight: while SES is silent one, as each is in doubt."""
        return 1 if self.silent else MOST_IN_FLIGHT

    def _wait(self, seconds: float | None = None) -> None:
        """Wait for an answer, if something is in flight, and no longer than `seconds`."""
        if seconds is None and not self.parts.crew.in_flight:
            return
        done = self.parts.crew.next(seconds)
        if done is not None:
            self._hear(done)

    def _begin(self, instant: datetime) -> None:
        """Let the first that waits leave, if it can still use its instant."""
        if not ses_rate.usable(instant, self.parts.clock()):
            return
        message = self.waiting.popleft()
        try:
            message.letter = letter = message.letter or self.letter(message.outgoing)
        except MailtideError as error:
            self.outcomes[message.number] = not_made(error)
            return
        self.parts.crew.start(partial(self._hand_over, message, letter, instant, self.pauses))

    def _hand_over(self, message: Message, letter: Letter, instant: datetime, pauses: int) -> Done:
        """Hand one message over; on a thread of the crew, so it changes nothing here."""
        now = self.parts.clock()
        if now >= self.until or not ses_rate.usable(instant, now):
            return Done(message, pauses, None)
        return Done(message, pauses, self.parts.mailer.send(letter, (self.until - now) / _SECOND))

    def _hear(self, done: Done) -> None:
        """Keep an outcome, and draw from the answer what it means for those behind."""
        answer = done.answer
        if answer is None or answer.then is Then.SLOW_DOWN:
            self.waiting.appendleft(done.message)
        else:
            self.outcomes[done.message.number] = answer.outcome
        if answer is None:
            return
        self.silent = 0 if answer.reached else self.silent + 1
        if answer.then is Then.STOP and isinstance(answer.outcome, Refused):
            self._stop(answer.outcome)
        if self.silent >= GIVE_UP_AFTER:
            self._stop(Refused(later=True, code=None, response="SES does not answer"))
        if done.pauses == self.pauses:  # those started before a pause say nothing about it
            self._heed(answer)

    def _heed(self, answer: Answer) -> None:
        """Let all senders wait after a throttled answer, the longer the more often it comes."""
        if answer.then is not Then.SLOW_DOWN:
            self.throttled = 0
            return
        self.throttled += 1
        self.pauses += 1
        self.instants.clear()
        try:
            self.parts.rate.hold(self.parts.clock() + ses_rate.pause(self.throttled))
        except RetryableError as trouble:
            self._put_off(trouble.detail)

    def _book(self, now: datetime) -> None:
        account = self.parts.account.known()
        reason = ses_account.halted(account) if account else None
        if reason is not None:
            self._put_off(reason)
            return
        rate = account.rate if account else ses_rate.SANDBOX_RATE
        try:
            booking = self.parts.rate.book(len(self.waiting), rate, now, self.until)
        except RetryableError as trouble:
            self._put_off(trouble.detail)
            return
        if booking is None:
            self._put_off(_NO_INSTANT)
        else:
            self.instants.extend(booking.instants())

    def _put_off(self, reason: str) -> None:
        self._stop(Refused(later=True, code=None, response=reason, tried=False))

    def _stop(self, refused: Refused) -> None:
        """Let no other begin; the first reason is the one that counts."""
        self.stopped = self.stopped or refused
