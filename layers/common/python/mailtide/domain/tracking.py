"""Tracking: the tokens in pixels, links and unsubscribes, and the URLs that carry them.

A recipient token names a message and proves it for one purpose; a link token carries the address a
click goes to, signed, so that a redirect needs no database and leads nowhere we did not send.

    recipient  version|key id (1)  message (16)  MAC (13)                       40 characters
    link       kind|key id (1)     campaign (6)  index (2)  URL (utf-8)  MAC (14)

In an address, where mail systems fold case, a recipient token is base32hex instead: 48 characters,
`r-<token>@<reply domain>` for a reply and `u-<token>@…` for an unsubscribe by mail. The third kind
of address that mail comes back to is the envelope sender (`domain/verp.py`).

The MACs are keyed BLAKE2b. A link made for one recipient has that message under its MAC too and
works with no other. Text is base64 with the URL-safe alphabet, unpadded, in its one canonical form.
Source: docs/domain/links.md.
"""

import base64
import binascii
import hmac
import re
from binascii import b2a_base64
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from mailtide.domain import identifiers, verp
from mailtide.domain.signing import Keyring, Purpose
from mailtide.errors import InvalidInputError

MAX_URL = 2048  # characters; longer ones do not survive all clients and gateways
MAX_LINKS = 1 << 16

_VERSION: Final = 1
_SHARED: Final = 1  # kinds of link token
_BOUND: Final = 2
_RECIPIENT_MAC = 13
_LINK_MAC = 14
_LINK_HEAD = 1 + identifiers.CAMPAIGN_BYTES + 2
_MAILED: Final = {"r": Purpose.REPLY, "u": Purpose.UNSUBSCRIBE}
# Compiled at their first use, and kept by `re`: most functions start cold and need one or none.
_ADDRESS = r"(?ias)([ru])-([0-9a-v]{48})@.+"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_HTTP_URL = r"(?ia)https?://[a-z0-9._:\[\]-]+(?:[/?#][!-~]*)?"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link token says."""

    campaign_id: str
    index: int  # place of the link in the message, from 0
    url: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """What an address of ours says, which mail was sent to."""

    purpose: Purpose  # reply, unsubscribe or bounce
    message_id: str | None  # None: the token or the MAC is not one that we made
    ip_tag: str | None = None  # of the sending IP, which an envelope sender names too


@dataclass(frozen=True, slots=True)
class Tracker:
    """Makes and reads tokens and URLs."""

    keyring: Keyring
    public_url: str  # scheme and host, without a slash at the end

    def under(self, domain: str | None) -> "Tracker":
        """Return a tracker whose URLs stand under a domain of its own, if there is one.

        Tokens name no host: one works under every name that leads to the tracking function.
        """
        return self if domain is None else replace(self, public_url=f"https://{domain}")

    def recipient(self, purpose: Purpose, message_id: str) -> str:
        """Make the token of a message for a purpose."""
        return _text(self._signed(purpose, message_id))

    def read_recipient(self, purpose: Purpose, token: str) -> str:
        """Return the message a token names.

        Raises:
            InvalidInputError: `token_invalid`, when we did not make it for this purpose.
        """
        message_id = self._verified(purpose, _bytes(token))
        if message_id is None:
            raise _invalid()
        return message_id

    def reply_address(self, message_id: str, domain: str) -> str:
        """Return the address that a reply to the message goes to."""
        return f"r-{identifiers.encode(self._signed(Purpose.REPLY, message_id))}@{domain}"

    def unsubscribe_address(self, message_id: str, domain: str) -> str:
        """Return the address at which any mail ends the mail."""
        return f"u-{identifiers.encode(self._signed(Purpose.UNSUBSCRIBE, message_id))}@{domain}"

    def read_address(self, address: str) -> Addressed | None:
        """Read an address that mail came to; None when it has not the form of ours.

        The domain is not looked at: the token alone is the proof, and domains are renamed.
        """
        if verp.read(address) is not None:
            sender = verp.proven(address, self.keyring)
            named = (sender.message_id, sender.ip_tag) if sender else (None, None)
            return Addressed(Purpose.BOUNCE, *named)
        match = re.fullmatch(_ADDRESS, address.strip())
        if match is None:
            return None
        purpose = _MAILED[match[1].lower()]
        return Addressed(purpose, self._verified(purpose, identifiers.decode(match[2])))

    def link(self, link: Link, message_id: str | None = None) -> str:
        """Sign a link, for every recipient of its campaign or for one message only.

        Raises:
            ValueError: when the URL is not one that may be signed (`is_http`).
        """
        if not is_http(link.url) or link.index not in range(MAX_LINKS):
            raise ValueError(f"not a link that may be signed: {link.url!r}")
        kind = _SHARED if message_id is None else _BOUND
        body = (
            bytes([kind << 4 | self.keyring.current])
            + identifiers.decode(link.campaign_id)
            + link.index.to_bytes(2, "big")
            + link.url.encode()
        )
        signed = body + _binding(message_id)
        return _text(body + _mac(self.keyring.current_key(Purpose.LINK), signed, _LINK_MAC))

    def read_click(self, recipient: str, link: str) -> tuple[str, Link]:
        """Return (message id, link) of a click.

        Raises:
            InvalidInputError: `token_invalid`, when either token is not ours, or the link is of
                another campaign or made for another message.
        """
        message_id = self.read_recipient(Purpose.CLICK, recipient)
        raw = _bytes(link)
        if len(raw) <= _LINK_HEAD + _LINK_MAC or raw[0] >> 4 not in (_SHARED, _BOUND):
            raise _invalid()
        body, mac = raw[:-_LINK_MAC], raw[-_LINK_MAC:]
        binding = _binding(message_id if raw[0] >> 4 == _BOUND else None)
        if not self._fits(raw[0] & 0xF, Purpose.LINK, body + binding, mac):
            raise _invalid()
        read = _unpack(body)
        if read.campaign_id != identifiers.campaign_of(message_id):
            raise _invalid()
        return message_id, read

    def open_url(self, message_id: str) -> str:
        """Return the address of the message's pixel."""
        return f"{self.public_url}/t/o/{self.recipient(Purpose.OPEN, message_id)}.gif"

    def click_base(self, message_id: str) -> str:
        """Return what a link token is put behind to be the message's link."""
        return f"{self.public_url}/t/c/{self.recipient(Purpose.CLICK, message_id)}/"

    def unsubscribe_url(self, message_id: str) -> str:
        """Return the address that ends the mail, of the message's one-click header and its page."""
        return f"{self.public_url}/u/{self.recipient(Purpose.UNSUBSCRIBE, message_id)}"

    def stamp(self, purpose: Purpose) -> "Stamp":
        """Return what makes the recipient tokens of one purpose, quickly."""
        head = bytes([_VERSION << 4 | self.keyring.current])
        key = self.keyring.current_key(purpose)
        return Stamp(head, blake2b(head, key=key, digest_size=_RECIPIENT_MAC))

    def binder(self, campaign_id: str) -> "Binder":
        """Return what signs the links of a campaign for one message, quickly."""
        head = bytes([_BOUND << 4 | self.keyring.current]) + identifiers.decode(campaign_id)
        key = self.keyring.current_key(Purpose.LINK)
        return Binder(head, blake2b(head, key=key, digest_size=_LINK_MAC))

    def _signed(self, purpose: Purpose, message_id: str) -> bytes:
        return self.stamp(purpose).raw(identifiers.pack_message(message_id))

    def _verified(self, purpose: Purpose, raw: bytes) -> str | None:
        """Return the message that a recipient token names; None when it is not ours."""
        if len(raw) != 1 + identifiers.MESSAGE_BYTES + _RECIPIENT_MAC or raw[0] >> 4 != _VERSION:
            return None
        body, mac = raw[:-_RECIPIENT_MAC], raw[-_RECIPIENT_MAC:]
        fits = self._fits(raw[0] & 0xF, purpose, body, mac)
        return identifiers.unpack_message(body[1:]) if fits else None

    def _fits(self, key_id: int, purpose: Purpose, body: bytes, mac: bytes) -> bool:
        key = self.keyring.key(key_id, purpose)
        return key is not None and hmac.compare_digest(_mac(key, body, len(mac)), mac)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Makes recipient tokens: the keyed MAC is set up once, and copied for each message."""

    head: bytes
    keyed: "blake2b"  # of the head

    def raw(self, packed: bytes) -> bytes:
        """Return the token of a message, given as its 16 bytes."""
        mac = self.keyed.copy()
        mac.update(packed)
        return self.head + packed + mac.digest()

    def token(self, packed: bytes) -> bytes:
        """Return the token as it stands in a URL; its 30 bytes need no padding."""
        mac = self.keyed.copy()
        mac.update(packed)
        raw = self.head + packed + mac.digest()
        return b2a_base64(raw, newline=False).translate(_URL_SAFE)


@dataclass(frozen=True, slots=True)
class Binder:
    """Signs links that are made for one message."""

    head: bytes
    keyed: "blake2b"  # of the head

    def bind(self, url: str, index: int, packed: bytes) -> str:
        """Return the link's token; the URL is one that may be signed (`is_http`)."""
        body = index.to_bytes(2, "big") + url.encode()
        mac = self.keyed.copy()
        mac.update(body + packed)
        return _text(self.head + body + mac.digest())


def is_http(url: str) -> bool:
    """Say whether a URL may be signed: http or https, a plain host, and nothing but visible ASCII.

    So it fits into a `Location` header as it is, and its host is what a browser goes to.
    """
    return len(url) <= MAX_URL and re.fullmatch(_HTTP_URL, url) is not None


def _unpack(body: bytes) -> Link:
    campaign, index = body[1:7], body[7:_LINK_HEAD]
    url = body[_LINK_HEAD:].decode()
    return Link(identifiers.encode(campaign), int.from_bytes(index, "big"), url)


def _binding(message_id: str | None) -> bytes:
    return b"" if message_id is None else identifiers.pack_message(message_id)


def _mac(key: bytes, body: bytes, size: int) -> bytes:
    return blake2b(body, key=key, digest_size=size).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _bytes(token: str) -> bytes:
    """Decode a token; only the one spelling that `_text` writes is taken."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid() from None
    if _text(raw) != token:
        raise _invalid()
    return raw


def _invalid() -> InvalidInputError:
    return InvalidInputError(
        "this link is not one of ours, or it was changed on the way", code="token_invalid"
    )
