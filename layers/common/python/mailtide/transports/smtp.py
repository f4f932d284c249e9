"""SMTP: hand messages to a relay one by one over one connection, and say what became of each.

Each command's reply is seen by itself, so an answer is never guessed: what the relay refused, or
did not get whole, was not taken; what it got whole and did not answer is in doubt.
Source: docs/domain/relays.md; RFC 5321 (replies), RFC 3207 (STARTTLS), RFC 6531 (SMTPUTF8).
"""

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailtide.domain.handover import Outcome, Outgoing, Refused
from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay
from mailtide.errors import PermanentError
from mailtide.transports.connection import (
    Connection,
    Letter,
    NoConnectionError,
    Patience,
    connect,
    mailbox,
)

GIVE_UP_AFTER = 3  # connections in a row that carried no message to an answer
_TOO_LATE = Refused(
    later=True, code=None, response="the time for handing over has run out", tried=False
)


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """The way out through one relay."""

    relay: Relay
    password: str | None = field(repr=False)
    networks: Sequence[Network]  # the stack's relay_networks
    clock: Callable[[], datetime]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    connect_seconds: float = 10
    reply_seconds: float = 30

    def deliver(self, outgoing: Iterable[Outgoing], until: datetime) -> Iterator[Outcome]:
        """Hand messages over in order and yield an outcome for each; none begins after `until`.

        Nothing is in flight between two outcomes, and the connection ends with the last one.
        """
        session = _Session(self, until)
        try:
            for one in outgoing:
                yield session.deliver(one)
        finally:
            session.end()

    def connect(self, left: Callable[[], float]) -> Connection:
        """Open a connection that is ready for messages; `left` says how many seconds there are.

        Raises:
            NoConnectionError: with the relay's reply, if it gave one.
        """
        return connect(
            self.relay,
            self.password,
            networks=self.networks,
            trust=self.trust,
            patience=Patience(self.connect_seconds, self.reply_seconds, left),
        )


@dataclass(slots=True)
class _Session:
    """One call's connection, and how often it failed."""

    transport: SmtpTransport
    until: datetime
    connection: Connection | None = None
    failures: int = 0  # in a row
    trouble: str = ""  # of the last failure

    def deliver(self, one: Outgoing) -> Outcome:
        """Hand one message over; where the relay only ended the session, try once more."""
        if self._left() <= 0:
            return _TOO_LATE
        letter = _letter(one)
        if isinstance(letter, Refused):
            return letter
        outcome, again = self._attempt(letter)
        if again and self._left() > 0:
            outcome, _ = self._attempt(letter)
        return outcome

    def end(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _attempt(self, letter: Letter) -> tuple[Outcome, bool]:
        """Return the outcome, and whether a new connection may bring another one."""
        try:
            connection = self._connected()
        except NoConnectionError as error:
            return Refused(later=True, code=error.code, response=error.response), False
        outcome = connection.hand_over(letter)
        if connection.trouble is None:
            self.failures = 0
        else:
            self._failed(connection.trouble)
        if not connection.usable:
            self.end()
        return outcome, connection.ended_by_relay

    def _connected(self) -> Connection:
        if self.connection is not None:
            return self.connection
        if self.failures >= GIVE_UP_AFTER:
            raise NoConnectionError(f"not tried any more: {self.trouble}")
        try:
            self.connection = self.transport.connect(self._left)
        except NoConnectionError as error:
            self._failed(error.response)
            raise
        return self.connection

    def _failed(self, trouble: str) -> None:
        self.failures += 1
        self.trouble = trouble

    def _left(self) -> float:
        return (self.until - self.transport.clock()).total_seconds()


def _letter(one: Outgoing) -> Letter | Refused:
    try:
        sender, recipient = mailbox(one.envelope_from), mailbox(one.recipient)
    except ValueError as error:
        return Refused(later=False, code=None, response=str(error))
    try:
        return Letter(sender, recipient, one.render())
    except PermanentError as error:
        return Refused(later=False, code=None, response=error.detail)
