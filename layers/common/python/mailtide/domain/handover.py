"""Hand-over: what a transport is given and what it answers, for one message.

The three answers are all there is: only `Refused` is known not to have been taken and may be tried
again; `Unknown` (the connection was lost or timed out after the end of the data) is in doubt.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mailtide.errors import MailtideError, RetryableError


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one recipient, rendered at the moment it leaves."""

    message_id: str
    recipient: str  # address
    envelope_from: str
    render: Callable[[], bytes]  # the finished message; raises MailtideError: `not_made`
    ready: bool = False  # `render` promises SMTP's form: 7-bit, CRLF, no line begins with a dot


@dataclass(frozen=True, slots=True)
class Accepted:
    """The relay or SES took the message."""

    response: str  # the relay's words; SES's id of the message


@dataclass(frozen=True, slots=True)
class Refused:
    """The relay, SES or the transport itself did not take it; `later` says whether to try again."""

    later: bool
    code: int | None  # SMTP reply code; None when no reply came, and over SES
    response: str
    tried: bool = True  # False: put off for a reason that says nothing about the message


@dataclass(frozen=True, slots=True)
class Unknown:
    """All bytes left and no answer came."""

    reason: str


Outcome = Accepted | Refused | Unknown


def not_made(error: MailtideError) -> Refused:
    """Return what a message comes to that could not be made: nothing of it left.

    It will never be, unless the error says that it may be yet.
    """
    return Refused(later=isinstance(error, RetryableError), code=None, response=error.detail)
