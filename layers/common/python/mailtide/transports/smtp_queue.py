"""Queue: the messages of one call for one relay, and what became of each.

Sessions take messages from its front, whichever is ready first; outcomes keep the call's order.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, not_made
from mailtide.errors import MailtideError
from mailtide.transports.smtp_opening import Extensions, NoConnectionError
from mailtide.transports.smtp_reply import words
from mailtide.transports.smtp_transaction import Transaction, mailbox
from mailtide.transports.smtp_window import Window
from mailtide.transports.smtp_work import SessionLimit

GIVE_UP_AFTER = 3  # sessions in a row that carried no message to an answer
TOO_LATE = Refused(
    later=True, code=None, response="the time for handing over has run out", tried=False
)


class Queue:
    """One call's messages (the `Work` of its sessions)."""

    def __init__(
        self,
        outgoing: Sequence[Outgoing],
        until: datetime,
        clock: Callable[[], datetime],
        limit: SessionLimit,
        window: Window,
    ) -> None:
        self.limit = limit
        self.window = window
        self.unsettled = len(outgoing)
        self.waiting: deque[Transaction] = deque()  # that no session has
        self._outgoing = outgoing
        self._until = until
        self._clock = clock
        # What was accepted is kept as the relay said it, and made an outcome in the end: between
        # two messages on the wire every step runs with cold caches, and costs several times more.
        self._outcomes: list[Outcome | bytes | None] = [None] * len(outgoing)
        self._failures = 0  # in a row
        for number, one in enumerate(outgoing):
            self._address(number, one)

    def _address(self, number: int, one: Outgoing) -> None:
        try:
            sender, recipient = mailbox(one.envelope_from), mailbox(one.recipient)
        except ValueError as error:
            self._outcomes[number] = Refused(later=False, code=None, response=str(error))
            self.unsettled -= 1
        else:
            self.waiting.append(Transaction(number, sender, recipient))

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes, in order.

        Raises:
            RuntimeError: a message has none.
        """
        found = [
            Accepted(words(outcome)) if isinstance(outcome, bytes) else outcome
            for outcome in self._outcomes
            if outcome is not None
        ]
        if len(found) != len(self._outgoing):
            raise RuntimeError("a message has no outcome")
        return found

    # The work of a session

    def next(self, extensions: Extensions) -> Transaction | None:
        """Return the next message that can leave; those that cannot get their outcome."""
        while self.waiting:
            transaction = self.waiting.popleft()
            try:
                if transaction.message is None:
                    one = self._outgoing[transaction.number]
                    transaction.carry(one.render(), ready=one.ready)
                if transaction.options:
                    transaction.check(extensions)
            except MailtideError as error:
                self.settle(transaction, not_made(error))
            else:
                return transaction
        return None

    def late(self) -> bool:
        """Say whether the time for handing over has run out; then nothing waits any more."""
        if self._clock() < self._until:
            return False
        self._settle_waiting(TOO_LATE)
        return True

    def accept(self, transaction: Transaction, line: bytes) -> None:
        """Take it that the relay has the message, with its words."""
        self._settle(transaction, line)

    def settle(self, transaction: Transaction, outcome: Outcome) -> None:
        """Take a message's outcome."""
        self._settle(transaction, outcome)

    def _settle(self, transaction: Transaction, outcome: Outcome | bytes) -> None:
        number = transaction.number
        if self._outcomes[number] is not None:
            raise RuntimeError("a message has two outcomes")
        self._outcomes[number] = outcome
        self.unsettled -= 1

    def too_late(self, transaction: Transaction) -> None:
        """Put a message off whose time has run out."""
        self.settle(transaction, TOO_LATE)

    def try_again(self, transaction: Transaction, refused: Refused) -> None:
        """Give a message one more session."""
        if transaction.tried or self.late():
            self.settle(transaction, refused)
        else:
            self.waiting.appendleft(transaction.anew(tried=True))

    def put_back(self, transaction: Transaction) -> None:
        """Take a message back that a session did not look at."""
        self.waiting.appendleft(transaction.anew(tried=transaction.tried))

    # What concerns all that wait

    def no_session(self, error: NoConnectionError) -> None:
        """Put the first message off for want of a session, and the rest when that goes on."""
        if self.waiting:
            refused = Refused(later=True, code=error.code, response=error.response)
            self.settle(self.waiting.popleft(), refused)
        self.failed(error.response)

    def session_over(self, trouble: str, answered: int) -> None:
        """Note how a session went; with those that carry nothing it will come to an end."""
        if answered:
            self._failures = 0
        elif trouble:
            self.failed(trouble)

    def failed(self, trouble: str) -> None:
        """Count a session that carried nothing."""
        self._failures += 1
        if self._failures >= GIVE_UP_AFTER:
            response = f"not tried any more: {trouble}"
            self._settle_waiting(Refused(later=True, code=None, response=response))

    def _settle_waiting(self, outcome: Outcome) -> None:
        while self.waiting:
            self.settle(self.waiting.popleft(), outcome)
