"""SES: the product's own transport over a stand-in that shares the relay's mood and ledger.

What the relay would put off is throttled here, so that it must come again, more slowly; time passes
for everybody while a sender waits for its instant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.memory.ses_crew import AtOnce
from local.world.faults import Fault
from local.world.seal import SEAL
from mailtide.domain.handover import Outgoing, Refused, Unknown
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_account import SesAccount
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_call import SesParts
from mailtide.transports.ses_mailer import Answer, Letter, Then

if TYPE_CHECKING:
    from local.world.relay import Line

_NEVER = datetime.max.replace(tzinfo=UTC)  # the transport has looked at the clock already


@dataclass(frozen=True, slots=True)
class SesWay:
    """What every transport over SES in the world shares."""

    rate: Any  # the shared instants, each call a step
    messages_per_second: float
    rest: Callable[[timedelta], None]  # lets the running process wait

    def known(self) -> SesAccount:
        """Return the account, which has no worry."""
        return SesAccount(
            production=True,
            sending=True,
            enforcement="HEALTHY",
            rate=self.messages_per_second,
            quota=None,
            sent=0,
        )

    def of(self, ip: SendingIp, ses: Ses, line: "Line") -> SesTransport:
        """Return the transport of a sending IP, whose mail reaches the world over `line`."""
        crew = AtOnce(self._sleep)
        parts = SesParts(Mailer(line), self, self.rate, crew, line.relay.clock)
        return SesTransport(ip, ses, parts)

    def _sleep(self, seconds: float) -> None:
        self.rest(timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Mailer:
    """Hands single messages over; every request is a step."""

    line: "Line"

    def send(self, letter: Letter, left: float) -> Answer:
        """Hand a message over."""
        fault = self.line.relay.steps.step("ses.send")
        outcome = self.line.hand_over(self._outgoing(letter), _NEVER, _without_freeze(fault))
        if isinstance(outcome, Unknown):
            return Answer(outcome, reached=False)
        if isinstance(outcome, Refused) and outcome.later:
            put_off = Refused(later=True, code=None, response="throttled", tried=False)
            return Answer(put_off, Then.SLOW_DOWN)
        return Answer(outcome)

    def close(self) -> None:
        """Do nothing."""

    def _outgoing(self, letter: Letter) -> Outgoing:
        message_id = letter.tags["mt-message"]
        sender = SEAL.mail_from(letter.tags["mt-ip"], message_id, "bounce.example.com")
        return Outgoing(message_id, letter.recipient, sender, lambda: letter.content)


def _without_freeze(fault: Fault | None) -> Fault | None:
    """Leave out what stands still between a look at the clock and the bytes: nothing guards it."""
    return None if fault is Fault.FREEZES else fault
