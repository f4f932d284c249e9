"""Identifiers: how organisations, contacts, campaigns and messages are named.

Every id is base32hex in lower case without padding: it sorts as its bytes do, survives a mail
system that folds case, and needs no escaping in a URL or an address.
Source: RFC 4648 section 7 (base32hex).
"""

import base64
import re
from hashlib import blake2b

SHARDS = "0123456789abcdef"  # contacts, members and suppressions lie in the same 16 shards
CAMPAIGN_BYTES = 6
CAMPAIGN_CHARS = 10
MESSAGE_BYTES = 16
MESSAGE_CHARS = 26
_CONTACT_BITS = 2**80 - 1
ID_BYTES = 10
CHANCE_BYTES = 4  # of an id that begins with an instant
_END_OF_TIME = 2**48 - 1  # ms

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_MESSAGE_ID = re.compile(r"^[0-9a-v]{26}$")


def encode(raw: bytes) -> str:
    """Write bytes as base32hex, lower case, unpadded."""
    return base64.b32hexencode(raw).decode("ascii").rstrip("=").lower()


def decode(text: str) -> bytes:
    """Read what `encode` wrote.

    Raises:
        ValueError: when the text is not base32hex.
    """
    return base64.b32hexdecode(text.upper() + "=" * (-len(text) % 8))


def recent_first(at_ms: int, chance: bytes) -> str:
    """Name something by when it was made, so that the newest sorts first (16 characters).

    `at_ms` is epoch milliseconds; `chance`, 4 random bytes, tells apart what is made in the same.
    """
    return encode((_END_OF_TIME - at_ms).to_bytes(6) + chance)


def contact_id(key: bytes, org_id: str, address: str) -> str:
    """Name the person behind a normalized address within one organisation (26 characters).

    The address is case-folded as a whole: nobody runs a mailbox that differs from another by case
    alone, and the two spellings of one person must not be mailed twice.
    """
    text = f"{org_id}\n{address.casefold()}".encode()
    return encode(blake2b(text, key=key, digest_size=16, person=b"contact").digest())


def shard_of(contact: str) -> str:
    """Return the hex digit of the shard a contact lies in.

    A text that is no id, as callers may send one, gets a shard too: nothing of its name lies there.
    """
    return SHARDS[max(_ALPHABET.find(contact[:1]), 0) >> 1]


def message_id(key: bytes, campaign: str, contact: str) -> str:
    """Name the one message of a campaign to a contact: 10 characters campaign, 16 of a keyed hash.

    The same contact always gives the same id, so that no repeat can mail them twice unseen.
    """
    digest = blake2b(f"{campaign}\n{contact}".encode(), key=key, digest_size=10, person=b"message")
    return campaign + encode(digest.digest())


def group_id(key: bytes, org_id: str, name: str) -> str:
    """Name what single messages are counted under, as a campaign is named (10 characters)."""
    text = f"{org_id}\n{name}".encode()
    return encode(blake2b(text, key=key, digest_size=CAMPAIGN_BYTES, person=b"group").digest())


def submitted_id(key: bytes, group: str, seed: str) -> str:
    """Name one submitted message of a group (26 characters); the same seed gives the same id."""
    text = f"{group}\n{seed}".encode()
    return group + encode(blake2b(text, key=key, digest_size=10, person=b"submitted").digest())


def is_message_id(text: str) -> bool:
    """Say whether a text has the form of a message id."""
    return _MESSAGE_ID.fullmatch(text) is not None


def campaign_of(message: str) -> str:
    """Return the campaign that a message belongs to."""
    return message[:CAMPAIGN_CHARS]


def pack_message(message: str) -> bytes:
    """Return a message id as its 16 bytes.

    Raises:
        ValueError: when it is none.
    """
    if not (len(message) == MESSAGE_CHARS and message.isascii() and message.isalnum()):
        raise ValueError(f"not a message id: {message!r}")
    # Python's own base 32 is base32hex; the campaign's 10 characters end in two bits of nothing.
    number = int(message, 32)
    return (number >> 82 << 80 | number & _CONTACT_BITS).to_bytes(MESSAGE_BYTES)


def unpack_message(raw: bytes) -> str:
    """Return the message id that 16 bytes stand for."""
    return encode(raw[:CAMPAIGN_BYTES]) + encode(raw[CAMPAIGN_BYTES:])
