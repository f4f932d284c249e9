"""Messages read back as a mail program reads them."""

import email
from email import policy
from email.message import EmailMessage


def read(raw: bytes) -> EmailMessage:
    """Parse a whole message."""
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """Return the text of its `plain` or `html` body, with lines that end in LF."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
