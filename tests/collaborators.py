"""Small stand-ins for what the receiving flows talk to."""

import base64
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mailtide.domain import identifiers
from mailtide.domain.organisation import Source, SourceKind
from mailtide.domain.redaction import Redactor
from mailtide.domain.signing import Keyring
from mailtide.domain.verp import Seal
from mailtide.errors import RetryableError
from mailtide.flows.webhook import Post
from tests.rows import ORG, START

KEYRING = Keyring.from_json(json.dumps({"current": "1", "1": "r" * 32, "0": "s" * 32}))
SEAL = Seal.of(KEYRING)
NAMES_KEY = b"identity"
SOURCE = "source0000000001"
FOREIGN_SOURCE = "source0000000002"


@dataclass
class Queue:
    """Keeps what was sent; `down` makes it refuse, as it does when `room` is used up."""

    sent: list[str] = field(default_factory=list)
    down: bool = False
    room: int | None = None

    def send(self, body: str) -> None:
        if self.down or len(self.sent) == self.room:
            raise RetryableError("the queue is down")
        self.sent.append(body)

    def send_all(self, bodies: Iterable[str]) -> None:
        for body in bodies:
            self.send(body)

    @property
    def messages(self) -> list[Any]:
        return [json.loads(body) for body in self.sent]


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


REDACTOR = Redactor(name_contact)


def signature(body: bytes, source_id: str = SOURCE, key: int = 0) -> str:
    """Sign a body as Stalwart does, with the current key or one before."""
    secret = KEYRING.source_keys(source_id)[key].encode()
    return base64.b64encode(hmac.digest(secret, body, "sha256")).decode()


def signed(body: bytes, *, source_id: str = SOURCE, key: int = 0) -> Post:
    """Return a request with its signature."""
    return Post(SOURCE, {"x-signature": signature(body, source_id, key)}, body)
