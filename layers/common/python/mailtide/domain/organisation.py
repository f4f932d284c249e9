"""Organisation: a tenant, the keys that act for it and the sources whose events it owns."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

KEY_PREFIX = "mt_"
KEY_BYTES = 32  # random ones of an API key


class Scope(StrEnum):
    """What a key may do; each scope holds the ones before it."""

    READ = "read"
    SEND = "send"
    ADMIN = "admin"


class SourceKind(StrEnum):
    """Whose words a source speaks."""

    STALWART = "stalwart"


_ORDER = list(Scope)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whom everything belongs to."""

    org_id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: its hash, never the key itself."""

    org_id: str
    key_id: str
    key_hash: str  # SHA-256, hex
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A mail system that posts events to us; its keys are derived from `source_id`."""

    org_id: str
    source_id: str
    kind: SourceKind
    name: str
    created_at: datetime


def new_key(entropy: bytes) -> str:
    """Write a fresh API key from 32 random bytes."""
    return KEY_PREFIX + base64.urlsafe_b64encode(entropy).decode("ascii").rstrip("=")


def key_hash(key: str) -> str:
    """Return what is stored of a key; 256 random bits need no slow hash."""
    return sha256(key.encode()).hexdigest()


def allows(held: Iterable[Scope], needed: Scope) -> bool:
    """Say whether one of the held scopes holds the needed one."""
    return any(_ORDER.index(scope) >= _ORDER.index(needed) for scope in held)
