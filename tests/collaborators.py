"""Small stand-ins for what the receiving flows talk to."""

import json
from dataclasses import dataclass, field
from typing import Any

from mailtide.domain import identifiers
from mailtide.domain.organisation import Source, SourceKind
from mailtide.domain.signing import Keyring
from mailtide.errors import RetryableError
from tests.rows import ORG, START

KEYRING = Keyring.from_json(json.dumps({"current": "1", "1": "r" * 32, "0": "s" * 32}))
NAMES_KEY = b"identity"
SOURCE = "source0000000001"
FOREIGN_SOURCE = "source0000000002"


@dataclass
class Queue:
    """Keeps what was sent; `down` makes it refuse."""

    sent: list[str] = field(default_factory=list)
    down: bool = False

    def send(self, body: str) -> None:
        if self.down:
            raise RetryableError("the queue is down")
        self.sent.append(body)

    @property
    def messages(self) -> list[Any]:
        return [json.loads(body) for body in self.sent]


@dataclass
class Bucket:
    """Objects by key."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def under(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))


@dataclass
class Sources:
    """One source of the organisation, one of another."""

    known: dict[str, Source] = field(
        default_factory=lambda: {
            SOURCE: Source(ORG, SOURCE, SourceKind.STALWART, "relay", START),
            FOREIGN_SOURCE: Source("org2", FOREIGN_SOURCE, SourceKind.STALWART, "other", START),
        }
    )

    def find_source(self, source_id: str) -> Source | None:
        return self.known.get(source_id)


def name_contact(org_id: str, address: str) -> str | None:
    """Name a contact by address; whatever has an @ is one."""
    return identifiers.contact_id(NAMES_KEY, org_id, address) if "@" in address else None
