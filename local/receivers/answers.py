"""What people and their programs write back, and what a server that took a mail sends later. Pure.

Source: RFC 3834 (auto-replies, and where they go), RFC 2369 (unsubscribing), RFC 3464 (reports).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from local.receivers.hook import Incoming

_WORDS = (
    "Do you ship to Norway?",
    "Haben Sie das auch in Blau?",
    "Merci, c'est très joli.",
    "Please send me the printed one.",
)
_AWAY = (
    ("Automatic reply: {subject}", "I am out of the office until Monday."),
    ("Abwesenheitsnotiz: {subject}", "Ich bin bis Montag nicht im Büro."),
    ("Réponse automatique : {subject}", "Je suis absente jusqu'à lundi."),
    ("On holiday Re: {subject}", "Back next week."),
)
_BOUNDARY = "delivery-report"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is answered."""

    recipient: str
    envelope_from: str
    reply_to: str
    message_id: str  # its header
    subject: str
    at: datetime  # of the answer
    number: str  # what no other answer has
    choice: float  # in [0, 1): which words

    @property
    def domain(self) -> str:
        """Where the recipient's mailbox is."""
        return self.recipient.rpartition("@")[2]


def reply(letter: Letter) -> Incoming:
    """Answer as a person does, with a mail program."""
    words = _WORDS[int(letter.choice * len(_WORDS))]
    return _mail(
        letter,
        letter.recipient,
        letter.reply_to,
        (
            ("Subject", f"Re: {letter.subject}"),
            ("In-Reply-To", letter.message_id),
            ("References", letter.message_id),
            ("Content-Type", "text/plain; charset=utf-8"),
        ),
        f"{words}\r\n\r\n> {letter.subject}\r\n",
    )


def auto_reply(letter: Letter) -> Incoming:
    """Answer as a vacation program does: half of them as the standard has it, to the sender.

    The others answer as a person's program would, but say what they are.
    """
    subject, words = _AWAY[int(letter.choice * len(_AWAY))]
    by_the_book = letter.choice < 0.5 and letter.envelope_from.startswith("b-")
    return _mail(
        letter,
        "" if by_the_book else letter.recipient,
        letter.envelope_from if by_the_book else letter.reply_to,
        (
            ("Subject", subject.format(subject=letter.subject)),
            ("In-Reply-To", letter.message_id),
            ("Auto-Submitted", "auto-replied"),
            ("Content-Type", "text/plain; charset=utf-8"),
        ),
        f"{words}\r\n",
    )


def unsubscribe(letter: Letter, address: str) -> Incoming:
    """Write what a mail program sends for somebody who pressed "unsubscribe"."""
    return _mail(
        letter,
        letter.recipient,
        # Some servers fold the case of what they pass on.
        address.upper() if letter.choice < 0.3 else address,
        (("Subject", "unsubscribe"), ("Content-Type", "text/plain; charset=us-ascii")),
        "Sent by a mail program.\r\n",
    )


def late_bounce(letter: Letter) -> Incoming:
    """Give back a message that was taken: the server behind the first one has no such mailbox."""
    kind = f'multipart/report; report-type=delivery-status; boundary="{_BOUNDARY}"'
    return _mail(
        letter,
        "",
        letter.envelope_from,
        (
            ("Subject", "Undelivered Mail Returned to Sender"),
            ("Auto-Submitted", "auto-replied"),
            ("Content-Type", kind),
        ),
        _report(letter),
    )


def _report(letter: Letter) -> str:
    lines = [
        f"--{_BOUNDARY}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "The mail system could not deliver the message.",
        "",
        f"--{_BOUNDARY}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; mx.{letter.domain}",
        f"Arrival-Date: {format_datetime(letter.at)}",
        "",
        f"Final-Recipient: rfc822; {letter.recipient}",
        f"Original-Recipient: rfc822;{letter.recipient}",
        "Action: failed",
        "Status: 5.1.1",
        f"Remote-MTA: dns; store.{letter.domain}",
        f"Diagnostic-Code: smtp; 550 5.1.1 <{letter.recipient}>: Recipient address rejected:",
        "    User unknown in virtual mailbox table",
        "",
        f"--{_BOUNDARY}",
        "Content-Type: text/rfc822-headers",
        "",
        f"Return-Path: <{letter.envelope_from}>",
        f"Message-ID: {letter.message_id}",
        "",
        f"--{_BOUNDARY}--",
        "",
    ]
    return "\r\n".join(lines)


WRITE: dict[str, Callable[[Letter], Incoming]] = {
    "reply": reply,
    "auto_reply": auto_reply,
    "late_bounce": late_bounce,
}


def _mail(
    letter: Letter, sender: str, to: str, headers: tuple[tuple[str, str], ...], contents: str
) -> Incoming:
    author = sender or f"mailer-daemon@{letter.domain}"
    own = (
        ("From", f"<{author}>"),
        ("To", f"<{to}>"),
        ("Date", format_datetime(letter.at)),
        ("Message-ID", f"<{letter.number}@mx.{letter.domain}>"),
        ("MIME-Version", "1.0"),
    )
    return Incoming(sender, to, (*own, *headers), contents, f"mx.{letter.domain}")
