"""Mail parts: reading a mail that may be anything: fields, addresses, parts, what parts enclose.

Nothing is believed to be well-formed; what cannot be read is empty.
Units: lengths are characters.
Source: RFC 5322 (fields), RFC 2047 (words beyond ASCII), RFC 2046 (parts).
"""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from mailtide.sources.fields import text, utc

LONGEST_FIELD = 300


def field(mail: Message, name: str, longest: int = LONGEST_FIELD) -> str:
    """Return a header field as one line, as it is written; "" when it is not there."""
    return text(" ".join(str(mail.get(name, "")).split()), longest)


def words(mail: Message, name: str) -> str:
    """Return a header field as people read it; encoded words that are broken stay as they are."""
    written = field(mail, name)
    try:
        return text(str(make_header(decode_header(written))), LONGEST_FIELD)
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return written


def date(mail: Message, name: str) -> datetime | None:
    """Return the instant a field names; None when it names none."""
    try:
        return utc(parsedate_to_datetime(field(mail, name)))
    except (TypeError, ValueError, OverflowError):
        return None


def address(written: str) -> str:
    """Return an address without its brackets and without a type like `rfc822;` before it."""
    return written.rpartition(";")[2].strip().strip("<>")


def is_type(part: Message, content_type: str) -> bool:
    """Say whether a part is of a content type."""
    return part.get_content_type() == content_type


def report_parts(mail: Message) -> list[Message]:
    """Return the parts of a `multipart/report`, not those of the mail that it encloses."""
    payload = mail.get_payload()
    if not isinstance(payload, list) or not is_type(mail, "multipart/report"):
        return []
    return [part for part in payload if isinstance(part, Message)]


def find(parts: list[Message], *content_types: str) -> Message | None:
    """Return the first part of one of the content types."""
    return next((part for part in parts if part.get_content_type() in content_types), None)


def inner(part: Message) -> Message:
    """Return what a part encloses; its headers may lie in it as text."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload and isinstance(payload[0], Message) else Message()
    return message_from_bytes(_decoded(part))


def blocks(part: Message) -> Iterator[Message]:
    """Yield the groups of fields of a part `message/…`, which blank lines part from each other."""
    groups: list[Message] = list(part.walk())[1:]
    for group in groups:
        yield group
        # A reader that takes the part for one mail puts the other groups into its body.
        yield from _parsed_blocks(_decoded(group))


def _parsed_blocks(raw: bytes) -> Iterator[Message]:
    for block in raw.replace(b"\r\n", b"\n").split(b"\n\n"):
        if block.strip():
            yield message_from_bytes(block.strip(b"\n") + b"\n\n")


def _decoded(part: Message) -> bytes:
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""
