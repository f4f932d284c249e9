"""Bootstrap: create an organisation and the key that opens it.

The organisation's id follows from its name, so that a second run meets the first one's
organisation instead of making another.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from mailtide.domain import identifiers
from mailtide.domain.organisation import KEY_BYTES, ApiKey, Organisation, Scope, key_hash, new_key
from mailtide.store.organisations import Organisations


@dataclass(frozen=True, slots=True)
class Opened:
    """A new organisation with its key, which is kept nowhere."""

    org_id: str
    key_id: str
    key: str


def org_id_of(name: str) -> str:
    """Return the id of the organisation with this name (16 characters)."""
    digest = blake2b(
        name.casefold().encode(), digest_size=identifiers.ID_BYTES, person=b"organisation"
    )
    return identifiers.encode(digest.digest())


def bootstrap(name: str, at: datetime) -> Opened:
    """Create an organisation and its first key, with every scope.

    Raises:
        ConflictError: when there is an organisation of this name.
    """
    key = new_key(os.urandom(KEY_BYTES))
    opened = Opened(org_id_of(name), identifiers.encode(os.urandom(identifiers.ID_BYTES)), key)
    Organisations().create(
        Organisation(opened.org_id, name, at),
        ApiKey(
            org_id=opened.org_id,
            key_id=opened.key_id,
            key_hash=key_hash(key),
            name="bootstrap",
            scopes=frozenset(Scope),
            created_at=at,
        ),
    )
    return opened
