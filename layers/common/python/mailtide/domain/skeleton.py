"""Skeleton: all that a campaign's messages have in common, encoded once, with slots between.

A slot is what one message has for itself: a token, an address, a subject. Slots are found by
example: a probe message's headers and URLs are written the plain way and cut where its own tokens
stand, so what a header says is still decided in one place (`ways_back`, `mail`, `tracking`).

The text is a bytes template (`b"To: %(to)b"`), filled by one `%`.
Source: docs/domain/rendering.md.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailtide.domain import identifiers, mail, ways_back
from mailtide.domain.host import ascii_domain
from mailtide.domain.liquid_expressions import Urls
from mailtide.domain.rendering import Variant
from mailtide.domain.signing import Purpose
from mailtide.domain.tracking import Stamp, Tracker

Slots = dict[bytes, bytes]

# No line of a quoted-printable part can hold `=_`, so it need not be drawn by lot.
_BOUNDARY = "=_mailtide"
_PART = (
    "\r\n--{}\r\nContent-Type: text/{}; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_MULTIPART = (
    f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n'
).encode()
_OWN = b"To: %(to)b\r\nDate: %(date)b\r\n"
_SUBJECT = b"Subject: %(subject)b\r\n"
_HASH = "v" * 16  # of the probe message, behind its campaign
_SLOT = re.compile(rb"%\((\w+)\)b")


def _in_address(stamp: Stamp, packed: bytes) -> bytes:
    return identifiers.encode(stamp.raw(packed)).encode()


# Each token that a message may hold: what it is good for, and how it is written.
_TOKENS: dict[str, tuple[Purpose, Callable[[Stamp, bytes], bytes]]] = {
    "open": (Purpose.OPEN, Stamp.token),
    "click": (Purpose.CLICK, Stamp.token),
    "unsubscribe": (Purpose.UNSUBSCRIBE, Stamp.token),
    "unsubscribe_address": (Purpose.UNSUBSCRIBE, _in_address),
    "reply_address": (Purpose.REPLY, _in_address),
}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The parts of a message that no contact's data is in."""

    headers: bytes  # to the beginning of the text part
    between: bytes  # from the end of the text part to the beginning of the HTML part
    end: bytes
    urls: Urls
    tokens: tuple[tuple[bytes, Callable[[Stamp, bytes], bytes], Stamp], ...]

    def slots(self, packed: bytes) -> Slots:
        """Return the tokens of a message, given as its 16 bytes."""
        return {name: write(stamp, packed) for name, write, stamp in self.tokens}


def of(variant: Variant, subject: str | None) -> Skeleton:
    """Return the skeleton of a variant; its subject is a slot when there is None.

    Raises:
        ValueError: when the sender's own data has a form that no message can carry.
    """
    probe = variant.campaign.campaign_id + _HASH
    packed, tracker = identifiers.pack_message(probe), variant.tracker
    stamps = {name: tracker.stamp(purpose) for name, (purpose, _) in _TOKENS.items()}
    found = {_TOKENS[name][1](stamp, packed).decode(): name for name, stamp in stamps.items()}
    cut = _Cut({**found, probe: "id"})
    headers = cut.slots("".join(_headers(variant, probe))) + _OWN
    headers += _SUBJECT if subject is None else _literal(mail.line("Subject", subject)).encode()
    urls = {name: cut.url(url) for name, url in _urls(tracker, probe)}
    used = {name.decode() for name in _SLOT.findall(headers)} | {
        name for _, name, _ in urls.values()
    }
    return Skeleton(
        headers + _MULTIPART + _PART.format(_BOUNDARY, "plain").encode(),
        _PART.format(_BOUNDARY, "html").encode(),
        f"\r\n--{_BOUNDARY}--\r\n".encode(),
        urls,
        tuple(
            (name.encode(), _TOKENS[name][1], stamp)
            for name, stamp in stamps.items()
            if name in used
        ),
    )


class _Cut:
    """Finds the tokens of the probe message in a text."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._any = re.compile(f"({'|'.join(map(re.escape, names))})")

    def slots(self, text: str) -> bytes:
        """Write slots in their places."""
        return self._any.sub(lambda match: f"%({self._names[match[0]]})b", _literal(text)).encode()

    def url(self, url: str) -> tuple[str, str, str]:
        """Return what is before a URL's token, the token's name, and what is behind it."""
        before, token, behind = self._any.split(url)
        return before, self._names[token], behind


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _headers(variant: Variant, message_id: str) -> Iterator[str]:
    """Write the headers that no contact's data is in."""
    identity, tracker = variant.identity, variant.tracker
    address = ascii_domain(identity.from_address)
    yield mail.line("From", mail.sender(identity.from_name, address))
    yield mail.line("Message-ID", mail.message_name(message_id, address))
    ways = ways_back.headers(identity, variant.campaign, tracker, message_id)
    for name, value in ways.items():
        yield mail.line(name, value)
    reply_to = ways_back.reply_to(identity, tracker, message_id)
    if reply_to is not None:
        yield mail.line("Reply-To", mail.own(reply_to))


def _urls(tracker: Tracker, message_id: str) -> Iterator[tuple[str, str]]:
    yield "unsubscribe_url", tracker.unsubscribe_url(message_id)
    yield "mt_click", tracker.click_base(message_id)
    yield "mt_open", tracker.open_url(message_id)
