"""Work: what a session asks of the call whose messages it carries.

Implemented by transports/smtp_queue.py.
"""

import sys
from typing import Protocol

from mailtide.domain.handover import Outcome, Refused
from mailtide.transports.smtp_opening import Extensions
from mailtide.transports.smtp_transaction import Transaction
from mailtide.transports.smtp_window import Window


class SessionLimit:
    """How many messages a relay takes in one session, as far as it has said so."""

    def __init__(self) -> None:
        self.messages = sys.maxsize

    def learn(self, messages: int) -> None:
        """Note that a session ended after so many."""
        self.messages = min(messages, self.messages)


class Work(Protocol):
    """Where messages come from and outcomes go to."""

    limit: SessionLimit  # shared by all sessions with a relay
    window: Window  # as well

    def next(self, extensions: Extensions) -> Transaction | None:
        """Return the next message, rendered; None when there is none or no time."""
        ...

    def late(self) -> bool:
        """Say whether the time for handing over has run out."""
        ...

    def accept(self, transaction: Transaction, line: bytes) -> None:
        """Take it that the relay has the message, with its words."""
        ...

    def settle(self, transaction: Transaction, outcome: Outcome) -> None:
        """Take a message's outcome."""
        ...

    def too_late(self, transaction: Transaction) -> None:
        """Put a message off whose time has run out."""
        ...

    def try_again(self, transaction: Transaction, refused: Refused) -> None:
        """Give a message another session; `refused` is its outcome if it had two already."""
        ...

    def put_back(self, transaction: Transaction) -> None:
        """Take a message back that this session did not look at."""
        ...
