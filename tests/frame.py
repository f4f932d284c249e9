"""The frame of the API over stand-ins: keys from a dict, calls and counts in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from local.memory.idempotency import IdempotencyKeys, RequestCounts
from mailtide.domain.organisation import ApiKey, Scope, key_hash, new_key
from mailtide.flows.repeats import Repeats
from mailtide.http import Api, build_resolver
from mailtide.limiter import Limiter
from mailtide.vault import Vault

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def text_of(org_id: str, scope: Scope) -> str:
    """Return the text of an organisation's key with a scope."""
    return new_key(f"{org_id}/{scope}".encode().ljust(32, b"."))


@dataclass
class World:
    """Keys that can be revoked, a clock that can be set, and what the frame keeps of calls."""

    org_ids: tuple[str, ...] = ("acme", "globex")
    now: datetime = NOW
    limit: int = 0
    asked: int = 0  # for a key
    keys: dict[str, ApiKey] = field(default_factory=dict)
    calls: IdempotencyKeys = field(default_factory=IdempotencyKeys)
    counts: RequestCounts = field(default_factory=RequestCounts)

    def __post_init__(self) -> None:
        for org_id in self.org_ids:
            for scope in Scope:
                hashed = key_hash(text_of(org_id, scope))
                key = ApiKey(org_id, f"{scope}-key", hashed, scope, frozenset({scope}), NOW)
                self.keys[hashed] = key

    def find(self, hashed: str) -> ApiKey | None:
        """Look a key up."""
        self.asked += 1
        return self.keys.get(hashed)

    def resolver(
        self,
        find: Callable[[str], ApiKey | None] | None = None,
        modules: Mapping[str, Sequence[str]] | None = None,
    ) -> Api:
        """Build a resolver of a process of its own over this world."""
        numbers = count()
        repeats = Repeats(self.calls, Vault(b"k" * 32), lambda: f"{id(numbers)}/{next(numbers)}")
        limiter = Limiter(self.counts.add, self.limit)
        return build_resolver(
            find or self.find,
            lambda: self.now,
            limiter=lambda: limiter,
            repeats=lambda: repeats,
            public=frozenset({"/api/open"}),
            modules=modules,
        )
