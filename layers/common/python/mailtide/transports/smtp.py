"""SMTP: hand messages to a relay, many at a time, and say what became of each.

    smtp.py              the transport of one relay, and its connections between two calls
    smtp_delivery.py     one event loop over all connections
    smtp_queue.py        the messages of a call, and their outcomes (smtp_work.py: for a session)
    smtp_dial.py         a connection being opened ... smtp_opening.py: what is said on it
    smtp_link.py         a connection in use ... smtp_session.py: what is said on it
    smtp_transaction.py  one message with its envelope
    smtp_window.py       how many messages may be unanswered on it
    smtp_reply.py        what the relay says

What the relay refused, or did not get whole, was not taken; what it got whole and did not answer is
in doubt. Source: docs/domain/relays.md.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from mailtide.domain.handover import Outcome, Outgoing
from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay
from mailtide.transports.relay_addresses import checked
from mailtide.transports.smtp_delivery import Delivery, deliver
from mailtide.transports.smtp_dial import Target
from mailtide.transports.smtp_link import Link
from mailtide.transports.smtp_opening import Login
from mailtide.transports.smtp_patience import Patience
from mailtide.transports.smtp_queue import Queue
from mailtide.transports.smtp_window import Window
from mailtide.transports.smtp_work import SessionLimit


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
    connections: int = 8  # at most; more gain little once the relay is busy
    kept: list[Link] = field(default_factory=list, init=False, repr=False)
    limit: SessionLimit = field(default_factory=SessionLimit, init=False, repr=False)
    window: Window = field(default_factory=Window, init=False, repr=False)

    def deliver(self, outgoing: Sequence[Outgoing], until: datetime) -> Sequence[Outcome]:
        """Hand messages over and return an outcome for each; none begins after `until`.

        Nothing is in flight when it returns. Connections stay open for the next call; `close` ends
        them.
        """
        return deliver([self.call(outgoing, until)])[0]

    def call(self, outgoing: Sequence[Outgoing], until: datetime) -> Delivery:
        """Return a call that has not begun."""
        left = (until - self.clock()).total_seconds()
        relay = self.relay
        login = None if relay.username is None else Login(relay.username, self.password or "")
        return Delivery(
            Queue(outgoing, until, self.clock, self.limit, self.window),
            Target(relay, login, self.trust),
            lambda: checked(relay, self.networks),
            Patience(self.connect_seconds, self.reply_seconds, monotonic() + left),
            self.connections,
            self.kept,
            self.clock,
        )

    def close(self) -> None:
        """Close the connections that were kept."""
        while self.kept:
            self.kept.pop().close()
