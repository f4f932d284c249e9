"""SES: hand messages over one by one, at the rate that all senders of the account share.

What SES throttles was not taken and is handed over again, more slowly; what there is no time for is
put off. Neither counts as a refusal, so nothing is lost however slow SES is.
Source: docs/domain/ses.md.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain import identifiers, ses_account, ses_rate
from mailtide.domain.handover import Outcome, Outgoing, Refused
from mailtide.domain.host import ascii_domain
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.ses_rate import Booking
from mailtide.errors import PermanentError, RetryableError
from mailtide.transports.ses_mailer import Answer, Letter, Then

GIVE_UP_AFTER = 3  # requests in a row without an answer of SES's own
_NO_TIME = "the time for handing over has run out"


class Mailer(Protocol):
    """Hands single messages over (transports/ses_mailer.py)."""

    def send(self, letter: Letter, left: float) -> Answer:
        """Hand a message over; `left` is how many seconds there are for more."""
        ...

    def close(self) -> None:
        """Close the connections."""
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


@dataclass(frozen=True, slots=True)
class SesTransport:
    """The way out of one sending IP over SES."""

    ip: SendingIp
    ses: Ses
    mailer: Mailer
    account: Account
    rate: Rate
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep

    def deliver(self, outgoing: Iterable[Outgoing], until: datetime) -> Iterator[Outcome]:
        """Hand messages over in order and yield an outcome for each; none begins after `until`."""
        waiting = list(outgoing)  # how many there are is booked for
        call = _Call(self, until)
        try:
            for number, one in enumerate(waiting):
                yield call.deliver(one, len(waiting) - number)
        finally:
            self.mailer.close()

    def letter(self, one: Outgoing) -> Letter:
        """Return a message as SES gets it, rendered now.

        Raises:
            PermanentError: it cannot be rendered, or SES cannot mail the address.
        """
        try:
            recipient = ascii_domain(one.recipient)
        except ValueError as error:
            raise PermanentError(f"not an address that SES can mail: {error}") from error
        if not recipient.isascii():
            raise PermanentError("SES mails only addresses whose local part is ASCII")
        tags = {
            "mt-message": one.message_id,
            "mt-campaign": identifiers.campaign_of(one.message_id),
            "mt-ip": self.ip.tag,
            "mt-org": self.ip.org_id,
        }
        return Letter(recipient, one.render(), self.ses.configuration_set, tags)


@dataclass(slots=True)
class _Call:
    """One call's instants, and what SES said so far."""

    transport: SesTransport
    until: datetime
    instants: list[datetime] = field(default_factory=list)
    stopped: Refused | None = None  # what the rest of the call gets
    throttled: int = 0  # in a row
    silent: int = 0  # in a row

    def deliver(self, one: Outgoing, waiting: int) -> Outcome:
        """Hand one message over, as often as SES says that it was too fast."""
        put_off = self._wait(waiting)
        if put_off is not None:
            return put_off
        try:
            letter = self.transport.letter(one)
        except PermanentError as error:
            return Refused(later=False, code=None, response=error.detail)
        while put_off is None:
            answer = self.transport.mailer.send(letter, self._left())
            self._note(answer)
            if answer.then is not Then.SLOW_DOWN:
                return answer.outcome
            put_off = self._wait(waiting)
        return put_off

    def _note(self, answer: Answer) -> None:
        """Draw from an answer what it means for those behind."""
        self.throttled = self.throttled + 1 if answer.then is Then.SLOW_DOWN else 0
        self.silent = 0 if answer.reached else self.silent + 1
        if answer.then is Then.STOP and isinstance(answer.outcome, Refused):
            self.stopped = answer.outcome
        if self.silent >= GIVE_UP_AFTER:
            self.stopped = Refused(later=True, code=None, response="SES does not answer")
        if self.throttled:
            self._slow_down()

    def _slow_down(self) -> None:
        """Let all senders wait, the longer the more often SES says so."""
        self.instants.clear()
        try:
            pause = ses_rate.pause(self.throttled)
            self.transport.rate.hold(self.transport.clock() + pause)
        except RetryableError as trouble:
            self._stop(trouble.detail)

    def _wait(self, waiting: int) -> Refused | None:
        """Wait for the next instant; return why there is none."""
        while self.stopped is None:
            now = self.transport.clock()
            if now >= self.until:
                self._stop(_NO_TIME)
            elif not self.instants:
                self._book(waiting, now)
            elif self.instants[0] > now:
                self.transport.sleep((self.instants[0] - now) / timedelta(seconds=1))
            elif ses_rate.usable(self.instants.pop(0), now):
                return None
        return self.stopped

    def _book(self, waiting: int, now: datetime) -> None:
        account = self.transport.account.known()
        reason = ses_account.halted(account) if account else None
        if reason is not None:
            self._stop(reason)
            return
        rate = account.rate if account else ses_rate.SANDBOX_RATE
        try:
            booking = self.transport.rate.book(waiting, rate, now, self.until)
        except RetryableError as trouble:
            self._stop(trouble.detail)
            return
        if booking is None:
            self._stop("SES's rate has no instant left in the time for handing over")
        else:
            self.instants = list(booking.instants())

    def _stop(self, reason: str) -> None:
        self.stopped = Refused(later=True, code=None, response=reason, tried=False)

    def _left(self) -> float:
        return (self.until - self.transport.clock()) / timedelta(seconds=1)
