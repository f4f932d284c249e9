"""Session: many messages over one connection, with no more round trips than the relay asks for.

Without sockets and clocks: bytes in, bytes out, so that every order and every cut of them can be
tried. How it goes on depends on what the relay offers (docs/domain/relays.md):

    LOCK_STEP  each command waits for the reply to the one before
    PIPELINED  the end of a message and the next envelope leave together: one round trip a message
    CHUNKED    envelope and message leave together (BDAT LAST), a `Window` of them unanswered

What became of a message is never guessed: an answer counts only for a message that left whole, and
a message that left whole and has no answer is in doubt.
Source: RFC 2920 (PIPELINING), RFC 3030 (CHUNKING).
"""

from collections import deque
from enum import Enum, auto

from mailtide.domain.handover import Refused, Unknown
from mailtide.transports.smtp_opening import Extensions
from mailtide.transports.smtp_reply import ReplyReader, ends_session, limits_messages, words
from mailtide.transports.smtp_transaction import (
    DATA,
    END,
    END_OF_DATA,
    MAIL,
    RCPT,
    RSET,
    Transaction,
)
from mailtide.transports.smtp_work import Work

LOST = "the connection was lost before the end of the message"
NO_ANSWER = "no answer to the end of the message"
NO_MEANING = "no answer that means anything to the end of the message"


class Mode(Enum):
    """How commands and replies alternate."""

    LOCK_STEP = auto()
    PIPELINED = auto()
    CHUNKED = auto()


class Session:
    """One session that is open for messages."""

    def __init__(self, extensions: Extensions, work: Work) -> None:
        mode = _mode(extensions)
        self.extensions = extensions
        self.work = work
        self._lock_step = mode is Mode.LOCK_STEP
        self.windowed = mode is Mode.CHUNKED  # more may leave before a reply comes
        self.over = False  # nothing more is to be said, or heard
        self.lost = False  # not even goodbye
        self.trouble = ""  # why it is over, when that was not our wish
        self.answered = 0  # messages that got an answer of their own
        self.sent = 0  # bytes that left; what `data_to_send` gave and is not in it, did not
        self._written = 0  # bytes given to be sent
        self._out: list[bytes] = []
        self._open: deque[Transaction] = deque()  # in the order of their replies
        self._begun = 0  # messages
        self._ending = False  # no further message is to begin
        self._refused = False  # that is its wish: what it refuses now it did not look at
        self._unclear = False  # the relay may still hold an envelope
        self._replies = ReplyReader()
        self._next = (MAIL, RCPT, END if self.windowed else DATA)  # stages behind RSET, MAIL, RCPT

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and another message could follow."""
        return not self.over and not self._open and self._replies.empty

    @property
    def polite(self) -> bool:
        """Whether a goodbye would stand where the relay waits for a command."""
        return not self.lost and not self._open

    @property
    def whole_unanswered(self) -> bool:
        """Whether a message is on its way, or was sent and has no answer yet."""
        return bool(self._open) and self._open[0].end is not None

    # What goes out

    def data_to_send(self) -> bytes:
        """Return what is to be sent now; asked again when all of it has left.

        A message is looked at no sooner than its bytes, or its envelope, can leave.
        """
        if not self._out and not self.over:
            self._go_on()
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def _go_on(self) -> None:
        if self.windowed:
            # A relay that never answers must not get more than one message.
            may_begin = len(self._open) < (self.work.window.messages if self.answered else 1)
        else:
            may_begin = not self._open
        if may_begin and not self.work.late():
            self._begin()
        if self._ending and not self._open:
            self.over = True

    def _begin(self) -> None:
        """Write as much of the next message as may leave now; the time was looked at."""
        if self._ending or self._begun >= self.work.limit.messages:
            self._ending = True
            return
        transaction = self.work.next(self.extensions)
        if transaction is None:
            return
        self._begun += 1
        # RFC 3030 section 2: behind a BDAT that failed only RSET is sure to clear the envelope,
        # and whether it fails is not known yet. Else a later message could go to its recipient.
        if self._unclear or (self.windowed and self._open):
            self._write(b"RSET\r\n")
            transaction.stage = RSET
            self._unclear = False
        self._open.append(transaction)
        if self.windowed:
            message = transaction.message or b""
            self._write(transaction.envelope, b"BDAT %d LAST\r\n" % len(message))
            self._write(message)
            transaction.end = self._written
        elif not self._lock_step:
            self._write(transaction.envelope, b"DATA\r\n")
        elif transaction.stage == MAIL:
            self._write(transaction.command())

    def _write(self, data: bytes, more: bytes = b"") -> None:
        self._out += (data, more)
        self._written += len(data) + len(more)

    # What comes in

    def receive(self, data: bytes) -> None:
        """Take bytes of the relay."""
        for code, line in self._replies.read(data):
            if self.over:
                return
            if not self._open:
                # Nothing was asked: goodbye (421), or noise. Either way it is the end.
                self.lose(words(line))
                return
            transaction = self._open[0]
            stage = transaction.stage
            if stage == END:
                self._at_end(transaction, code, line)
            elif stage == DATA:
                self._at_data(transaction, code, line)
            else:
                self._at_envelope(transaction, code, line)

    def _at_envelope(self, transaction: Transaction, code: int, line: bytes) -> None:
        """Read the reply to RSET, MAIL or RCPT."""
        if not 200 <= code < 300:
            self._not_taken(transaction, code, line)
            return
        if transaction.refused and transaction.stage == RCPT:
            self.lose(f"a recipient is taken whose sender was not: {words(line)}")
            return
        transaction.stage = self._next[transaction.stage]
        if self._lock_step:
            self._step(transaction)

    def _not_taken(self, transaction: Transaction, code: int, line: bytes) -> None:
        if transaction.stage == RSET:
            self.lose(words(line))
            return
        self._refuse(transaction, code, line)
        if self._lock_step:
            self._close(transaction)
        else:
            transaction.stage = self._next[transaction.stage]

    def _step(self, transaction: Transaction) -> None:
        """Write the next command, if there is still time for it."""
        if transaction.stage == DATA and self.work.late():
            self.work.too_late(transaction)
            self._close(transaction)
        else:
            self._write(transaction.command())

    def _at_data(self, transaction: Transaction, code: int, line: bytes) -> None:
        if code != 354:
            self._refuse(transaction, code, line)
            self._close(transaction)
        elif self.sent < self._written:
            self.lose(f"an answer to what was not asked yet: {words(line)}")
        elif transaction.refused:
            # RFC 2920 section 3.1: without a recipient only a lone dot leads out of DATA.
            transaction.stage = END
            self._write(END_OF_DATA)
        elif self.work.late():
            self.work.too_late(transaction)
            transaction.refused = True
            self.lose("the time for handing over has run out")  # DATA cannot be taken back
        else:
            transaction.stage = END
            message = transaction.message if transaction.ready else transaction.data()
            self._write(message or b"", END_OF_DATA)
            transaction.end = self._written
            if not self._lock_step:
                self._begin()

    def _at_end(self, transaction: Transaction, code: int, line: bytes) -> None:
        early = transaction.end is not None and transaction.end > self.sent
        if 200 <= code < 300 and not (early or transaction.refused):
            self.work.accept(transaction, line)
            self.work.window.taken()
            self.answered += 1
        elif code // 100 in (4, 5):
            self._refuse(transaction, code, line)
        elif transaction.refused:
            self.lose(f"a message is taken that was refused: {words(line)}")
        elif not early:
            self.work.settle(transaction, Unknown(f"{NO_MEANING}: {words(line)}"))
            transaction.refused = True
            self.lose(words(line), doubts=True)
        if early and not self.over:
            self.lose(f"an answer in the middle of the message: {words(line)}")
        if not self.over:
            self._open.popleft()
            self._unclear = transaction.refused and self.windowed

    def _refuse(self, transaction: Transaction, code: int, line: bytes) -> None:
        """Read a reply that is no consent; the session may be over with it, or out of step."""
        response = words(line)
        if code // 100 not in (4, 5):
            self.lose(response)  # no refusal either: what left whole may be taken
            return
        known, transaction.refused = transaction.refused, True
        refused = Refused(later=code // 100 == 4, code=code, response=response)
        if ends_session(code, response):
            self._end(transaction, refused, known)
        elif known:
            pass
        elif self._refused:
            self.work.put_back(transaction)
        else:
            self.work.settle(transaction, refused)
            self.answered += 1

    def _end(self, transaction: Transaction, refused: Refused, known: bool) -> None:
        """Heed that the relay wants no further message; what it refused so was not looked at."""
        if not known and self._refused:
            self.work.put_back(transaction)
        elif not known:
            self.work.try_again(transaction, refused)
        carried = self._begun - len(self._open)
        if carried and not self._refused and limits_messages(refused.response):
            self.work.limit.learn(carried)
        self._ending = self._refused = True
        self.trouble = refused.response
        if refused.code == 421:
            self.lose(refused.response)

    def _close(self, transaction: Transaction) -> None:
        """End a transaction whose message was not sent; the relay may still have its envelope."""
        if not self.over:
            self._open.popleft()
            self._unclear = True

    def lose(self, trouble: str, *, doubts: bool = False) -> None:
        """Settle each message under way, as nothing more comes; `doubts`: the trouble made one."""
        if self.over:
            return
        self.over = self.lost = True
        self.trouble = trouble
        self._out.clear()
        first = self._open[0] if self._open else None
        for transaction in reversed(self._open):  # what goes back keeps its order
            if transaction.refused:
                continue
            if transaction.end is not None and transaction.end <= self.sent:
                self.work.settle(transaction, Unknown(f"{NO_ANSWER}: {trouble}"))
                doubts = True
            elif transaction.end is None and (
                transaction is not first or transaction.stage == RSET
            ):
                self.work.put_back(transaction)  # the trouble is that of the message before
            else:
                refused = Refused(later=True, code=None, response=f"{LOST}: {trouble}")
                self.work.settle(transaction, refused)
        self._open.clear()
        if doubts:
            self.work.window.lost()


def _mode(extensions: Extensions) -> Mode:
    if "PIPELINING" not in extensions:
        return Mode.LOCK_STEP
    return Mode.CHUNKED if "CHUNKING" in extensions else Mode.PIPELINED
