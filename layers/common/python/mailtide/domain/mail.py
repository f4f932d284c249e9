"""Mail: one finished message as bytes: headers and a text and an HTML part.

Headers are written here and not by the library: it decodes what looks like an encoded word in a
contact's data, and it folds ids and addresses in the middle. The parts are the library's.
Source: RFC 5322 (headers), RFC 2045 to 2047 (parts, encoded words), RFC 6532 (UTF-8 in headers).
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

# All that ends a line for some reader, and the other control characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_VISIBLE = re.compile("[ -~]{0,900}")  # a line must not be over 998 (RFC 5322 section 2.1.1)
_ADDRESS = re.compile(r"[^\s\"(),:;<>@\[\\\]]+@[a-z0-9._-]+", re.IGNORECASE | re.ASCII)
_SEVEN_BIT = SMTP.clone(cte_type="7bit")
_MAX_PLAIN = 900  # characters; a line must not be over 998 (RFC 5322 section 2.1.1)
_WORD_BYTES = 45  # 60 characters of base64; an encoded word must not be over 75


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a message."""

    name: str
    content_type: str  # type/subtype, without parameters
    body: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What a message is made of; domains of addresses are in ASCII."""

    message_id: str
    date: datetime
    from_name: str
    from_address: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str | None
    headers: Mapping[str, str]  # more of them, written as they are
    to_name: str = ""
    files: tuple[File, ...] = ()


def is_header_safe(text: str) -> bool:
    """Say whether a text can stand in a header: no line ends, no control characters."""
    return _UNSAFE.search(text) is None


def build(mail: Mail) -> bytes:
    """Return the message with CRLF line ends, every line short enough for any relay.

    It is ASCII but for the recipient's address, whose local part may be international: the relay
    has to know SMTPUTF8 then.

    Raises:
        ValueError: when an address or a header has a form that no message can carry.
    """
    message = EmailMessage(policy=_SEVEN_BIT)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    # The library draws boundaries by lot; the same message is to be the same bytes.
    message.set_boundary(f"=_{mail.message_id}")
    for file in mail.files:
        kind, _, subtype = file.content_type.partition("/")
        message.add_attachment(file.body, kind, subtype, filename=file.name)
    if mail.files:
        message.set_boundary(f"=_files_{mail.message_id}")
    return "".join(_headers(mail)).encode() + message.as_bytes()


def line(name: str, value: str) -> str:
    """Write one header.

    Raises:
        ValueError: when the value would end it early.
    """
    if not is_header_safe(value.replace("\r\n ", "")):
        raise ValueError(f"a line break or a control character in {name}")
    return f"{name}: {value}\r\n"


def sender(name: str, address: str) -> str:
    """Write what stands in From: a name, if there is one, and an address in ASCII."""
    return _named(name, own(address))


def own(address: str) -> str:
    """Return an address of the sender's; the relay may not know SMTPUTF8, so it is ASCII."""
    if not address.isascii():
        raise ValueError(f"a sender's address needs an ASCII local part: {address!r}")
    return recipient(address)


def message_name(message_id: str, address: str) -> str:
    """Write the Message-ID: the id at the domain of From."""
    return f"<{message_id}@{address.rpartition('@')[2]}>"


def _headers(mail: Mail) -> Iterator[str]:
    yield line("From", sender(mail.from_name, mail.from_address))
    yield line("To", _named(mail.to_name, recipient(mail.to)))
    yield line("Subject", words(mail.subject))
    yield line("Date", format_datetime(mail.date))
    yield line("Message-ID", message_name(mail.message_id, mail.from_address))
    for name, value in mail.headers.items():
        yield line(name, value)
    if mail.reply_to is not None:
        yield line("Reply-To", own(mail.reply_to))


def _named(name: str, address: str) -> str:
    return f"{_phrase(name)} <{address}>" if name else address


def recipient(address: str) -> str:
    """Return an address as it stands in To.

    Raises:
        ValueError: when no header can hold it.
    """
    if _ADDRESS.fullmatch(address) is None or len(address) > _MAX_PLAIN:
        raise ValueError(f"not an address that a header can hold: {address[:100]!r}")
    return address


def _phrase(name: str) -> str:
    if not _is_plain(name):
        return words(name)
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_plain(text: str) -> bool:
    return _VISIBLE.fullmatch(text) is not None and "=?" not in text


def words(text: str) -> str:
    """Write a text for a header: as it is, or as encoded words of whole characters.

    Raises:
        ValueError: when it holds a line end or a control character.
    """
    if _is_plain(text):
        return text
    if not is_header_safe(text):
        raise ValueError("a line break or a control character in a header")
    raw, written, start = text.encode(), [], 0
    while start < len(raw):
        end = start + _WORD_BYTES
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        written.append(f"=?utf-8?b?{b2a_base64(raw[start:end], newline=False).decode()}?=")
        start = end
    return "\r\n ".join(written)
