"""Signing: the keys behind links, unsubscribes and webhooks, derived from one secret.

The secret holds root keys by id; new things are signed with the current one, and whatever an older
one signed stays good until that root is taken out of the secret. Each purpose has a key of its own,
so that what was signed for one purpose proves nothing for another.
Units: key ids are whole numbers from 0 to 15 (four bits of a token).
Source: docs/domain/links.md.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mailtide.errors import InvalidInputError

KEY_IDS = range(16)
MIN_ROOT = 16  # characters; the stack generates 64


class Purpose(StrEnum):
    """What a key signs."""

    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"  # by URL or by mail: whoever has one may do the same by the other
    REPLY = "reply"
    BOUNCE = "bounce"  # the envelope sender, which reports come to
    LINK = "link"
    SOURCE = "source"  # webhooks of a source
    INBOUND = "inbound"  # bearer token of a source's inbound hook


@dataclass(frozen=True, slots=True)
class Keyring:
    """The root keys by id, and which of them signs."""

    current: int
    roots: Mapping[int, bytes] = field(repr=False)

    @classmethod
    def from_json(cls, secret: str) -> "Keyring":
        """Read the secret's text, `{"current": "1", "1": "<root>", …}`.

        Raises:
            InvalidInputError: when it has another form; the text says what is wrong, never a key.
        """
        values = _strings(secret)
        current = _key_id(values.pop("current", ""))
        roots = {_key_id(name): root.encode() for name, root in values.items()}
        if any(len(root) < MIN_ROOT for root in roots.values()):
            raise _malformed(f"every root needs at least {MIN_ROOT} characters")
        if current not in roots:
            raise _malformed(f"the current key {current} is not in it")
        return cls(current, roots)

    def key(self, key_id: int, purpose: str) -> bytes | None:
        """Return the 32-byte key of a purpose under one root; None when there is no such root."""
        root = self.roots.get(key_id)
        return None if root is None else _subkey(root, purpose)

    def current_key(self, purpose: str) -> bytes:
        """Return the key that new things of a purpose are signed with."""
        return _subkey(self.roots[self.current], purpose)

    def source_key(self, source_id: str) -> str:
        """Return the key a source signs its webhooks with, as its owner enters it there."""
        return _derive(self.current_key(Purpose.SOURCE), source_id)

    def source_keys(self, source_id: str) -> list[str]:
        """Return every key a source may still sign with, the current one first."""
        return self._each(Purpose.SOURCE, source_id)

    def inbound_token(self, source_id: str) -> str:
        """Return the bearer token of a source's inbound hook."""
        return _derive(self.current_key(Purpose.INBOUND), source_id)

    def inbound_fits(self, source_id: str, token: str) -> bool:
        """Say whether a bearer token is the source's, in time that tells nothing of it."""
        given = token.encode("utf-8", "replace")
        tokens = self._each(Purpose.INBOUND, source_id)
        return any(hmac.compare_digest(t.encode(), given) for t in tokens)

    def _each(self, purpose: Purpose, source_id: str) -> list[str]:
        others = [self.roots[key_id] for key_id in sorted(self.roots) if key_id != self.current]
        roots = [self.roots[self.current], *others]
        return [_derive(_subkey(root, purpose), source_id) for root in roots]


def _subkey(root: bytes, purpose: str) -> bytes:
    return hmac.digest(root, purpose.encode(), "sha256")


def _derive(key: bytes, source_id: str) -> str:
    digest = hmac.digest(key, source_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def _strings(secret: str) -> dict[str, str]:
    try:
        values: Any = json.loads(secret)
    except ValueError:
        raise _malformed("it is not JSON") from None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise _malformed("it must be an object of texts")
    return values


def _key_id(name: str) -> int:
    if name not in {str(key_id) for key_id in KEY_IDS}:
        raise _malformed("key ids, and `current`, are the numbers 0 to 15")
    return int(name)


def _malformed(why: str) -> InvalidInputError:
    return InvalidInputError(
        f"the signing secret is malformed: {why}; "
        'it looks like {"current": "1", "1": "<64 random characters>"}'
    )
