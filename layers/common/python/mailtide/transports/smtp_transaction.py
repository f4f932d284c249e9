"""Transaction: one message on its way over a session, and the bytes that carry it.

Source: RFC 5321 sections 3.3 and 4.5.2 (transparency), RFC 3030 (BDAT), RFC 6531 (SMTPUTF8).
"""

import re

from mailtide.domain.host import ascii_domain
from mailtide.errors import PermanentError
from mailtide.transports.smtp_opening import Extensions

END_OF_DATA = b".\r\n"
_UTF8, _EIGHT_BIT = " SMTPUTF8 BODY=8BITMIME", " BODY=8BITMIME"
_PLAIN = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.-]+")
_MAILBOX = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[a-z0-9.-]+", re.IGNORECASE)


# The command whose reply a transaction waits for, in their order. END is the end of the data, and
# the one reply of a BDAT LAST too. Plain numbers: an Enum would cost a microsecond a message.
RSET, MAIL, RCPT, DATA, END = range(5)


class Transaction:
    """One message with its envelope, and how far it is."""

    __slots__ = (
        "end",
        "envelope",
        "message",
        "number",
        "options",
        "ready",
        "recipient",
        "refused",
        "sender",
        "stage",
        "tried",
    )

    def __init__(self, number: int, sender: str, recipient: str) -> None:
        """Take a message, rendered or not.

        Args:
            number: its place in its call.
            sender: as a command carries it, like the recipient.
            recipient: one address.
        """
        self.number = number
        self.sender = sender
        self.recipient = recipient
        self.options = ""  # of MAIL
        self.envelope = b""  # MAIL and RCPT
        self._address("" if sender.isascii() and recipient.isascii() else _UTF8)
        self.message: bytes | None = None  # with CRLF at the end of each line, the last too
        self.ready = False  # the message is 7-bit, and none of its lines begins with a dot
        self.tried = False  # a session ended with it once
        self.stage = MAIL
        self.refused = False  # its outcome is known, and the rest of its replies says nothing
        self.end: int | None = None  # of the message in the session's bytes, once it is written

    def _address(self, options: str) -> None:
        self.options = options
        self.envelope = (
            f"MAIL FROM:<{self.sender}>{options}\r\nRCPT TO:<{self.recipient}>\r\n".encode()
        )

    def carry(self, message: bytes, *, ready: bool) -> None:
        """Take the rendered message; `ready` promises the form that SMTP wants."""
        self.message = message if ready else _lines(message)
        self.ready = ready
        if not (ready or self.options or message.isascii()):
            self._address(_EIGHT_BIT)

    def anew(self, *, tried: bool) -> "Transaction":
        """Return another transaction for the message: this one's replies may still come."""
        other = Transaction(self.number, self.sender, self.recipient)
        other.message, other.ready = self.message, self.ready
        other.options, other.envelope = self.options, self.envelope
        other.tried = tried
        return other

    def check(self, extensions: Extensions) -> None:
        """Check that a relay offers what this message needs.

        Raises:
            PermanentError: it does not.
        """
        for name in ("SMTPUTF8", "8BITMIME"):
            if name in self.options and name not in extensions:
                raise PermanentError(f"the relay does not know {name}, which this message needs")

    def command(self) -> bytes:
        """Return the command of this stage alone."""
        mail, end, rcpt = self.envelope.partition(b"\r\n")
        return {MAIL: mail + end, RCPT: rcpt}.get(self.stage, b"DATA\r\n")

    def data(self) -> bytes:
        """Return the message as it stands behind DATA, without its end."""
        message = self.message or b""
        return message if self.ready else _transparent(message)


def mailbox(address: str) -> str:
    """Return an address as a command carries it.

    Raises:
        ValueError: when no command can.
    """
    if _PLAIN.fullmatch(address) is not None:
        return address
    try:
        ready = ascii_domain(address)
    except ValueError as error:
        raise ValueError(f"not an address that SMTP can carry: {error}") from error
    if _MAILBOX.fullmatch(ready) is None:
        raise ValueError("not an address that SMTP can carry: it has spaces or brackets in it")
    return ready


def _lines(message: bytes) -> bytes:
    """Write all line ends as CRLF, and end the last line."""
    ended = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    return ended if ended.endswith(b"\r\n") else ended + b"\r\n"


def _transparent(message: bytes) -> bytes:
    """Double the dots that lines begin with, so that none of them ends the data."""
    return re.sub(rb"(?m)^\.", b"..", message)
