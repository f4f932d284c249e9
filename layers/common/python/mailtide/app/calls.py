"""What the frame of the API is made of: who calls, how often, and what was answered before."""

from functools import cache
from typing import TYPE_CHECKING

from mailtide.app.base import connect, identity_key, new_id, settings

if TYPE_CHECKING:
    from mailtide.domain.organisation import ApiKey
    from mailtide.flows.repeats import Repeats
    from mailtide.limiter import Limiter


def find_key(key_hash: str) -> "ApiKey | None":
    """Return the API key with this SHA-256 (hex), revoked or not."""
    from mailtide.store.organisations import Organisations

    connect()
    return Organisations().find_key(key_hash)


@cache
def limiter() -> "Limiter":
    """What counts the requests of each organisation."""
    from mailtide.limiter import Limiter
    from mailtide.store.request_counts import RequestCounts

    connect()
    return Limiter(RequestCounts().add, settings().requests_per_minute)


@cache
def repeats() -> "Repeats":
    """The flow of calls that name an idempotency key."""
    from mailtide.flows.repeats import Repeats
    from mailtide.store.idempotency import IdempotencyKeys
    from mailtide.vault import Vault

    connect()
    return Repeats(IdempotencyKeys(), Vault(identity_key()), new_id)
