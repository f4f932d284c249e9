"""VERP: the envelope sender of one message, which its bounces come back to, and its proof.

    b-<sending IP's tag>-<message id>-<key id (1)><MAC (16)>@<bounce domain>

The message id stands in links and in the Message-ID; the MAC stands nowhere but here. So whoever
was shown a message cannot write the address to which a report of it has to come: that takes a
Return-Path, or a server that the message went through. The MAC is keyed BLAKE2b over all before it,
tag and key id included, in hexadecimal: lower case, and read in any, since mail systems fold it.
Units: at most 63 octets before the @, of the 64 that a local part may have. 64 bits of MAC: it can
be guessed only by sending mail, and a wrong guess tells nothing.
Source: docs/domain/inbound.md; RFC 5321 section 4.5.3.1.1 (local part).
"""

import hmac
import re
from dataclasses import dataclass
from hashlib import blake2b

from mailtide.domain.signing import Keyring, Purpose

_MAC_BYTES = 8
# Compiled at its first use, and kept by `re`: who sends or tracks needs none.
_FORM = (
    r"(?ia)(?P<sealed>b-(?P<tag>[a-z0-9]{1,16})-(?P<message>[0-9a-v]{26})-(?P<key>[0-9a-f]))"
    r"(?P<mac>[0-9a-f]{16})@"
)


@dataclass(frozen=True, slots=True)
class EnvelopeSender:
    """What an envelope sender of ours names."""

    ip_tag: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Seal:
    """Writes envelope senders: the keyed MAC is set up once, and copied for each message."""

    key_id: str
    keyed: "blake2b"

    @classmethod
    def of(cls, keyring: Keyring) -> "Seal":
        """Return what writes with the current key."""
        return cls(f"{keyring.current:x}", keyed(keyring.current_key(Purpose.BOUNCE)))

    def mail_from(self, tag: str, message_id: str, bounce_domain: str) -> str:
        """Write the envelope sender of a message.

        Stalwart chooses the source IP by the tag, and every event and bounce brings it back.
        """
        sealed = f"b-{tag}-{message_id}-{self.key_id}"
        mac = self.keyed.copy()
        mac.update(sealed.encode())
        return f"{sealed}{mac.hexdigest()}@{bounce_domain}"


def read(address: str) -> EnvelopeSender | None:
    """Read an envelope sender by its form alone; None when it is not ours.

    That is enough where the one who tells of it is known, as in a signed webhook.
    """
    found = _match(address)
    return _sender(found) if found else None


def proven(address: str, keyring: Keyring) -> EnvelopeSender | None:
    """Read an envelope sender that we wrote; None when the MAC is not ours."""
    found = _match(address)
    return _sender(found) if found and _is_ours(found, keyring) else None


def _match(address: str) -> re.Match[str] | None:
    return re.match(_FORM, address.strip().removeprefix("<"))


def _sender(found: re.Match[str]) -> EnvelopeSender:
    return EnvelopeSender(found["tag"].lower(), found["message"].lower())


def _is_ours(found: re.Match[str], keyring: Keyring) -> bool:
    key = keyring.key(int(found["key"], 16), Purpose.BOUNCE)
    if key is None:
        return False
    mac = keyed(key)
    mac.update(found["sealed"].lower().encode())
    return hmac.compare_digest(mac.hexdigest(), found["mac"].lower())


def keyed(key: bytes) -> "blake2b":
    """Return the MAC of nothing yet under a key."""
    return blake2b(key=key, digest_size=_MAC_BYTES)
