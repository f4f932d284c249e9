"""Key memory: API keys by hash, so that not every request reads its key anew."""

from collections.abc import Callable
from datetime import datetime, timedelta

from mailtide.domain.organisation import KEY_PREFIX, ApiKey, key_hash
from mailtide.errors import UnauthenticatedError

KEY_CACHE_TTL = timedelta(seconds=10)  # how long a revoked key may still work in a warm function
KEY_CACHE_SIZE = 1000

FindKey = Callable[[str], ApiKey | None]
Clock = Callable[[], datetime]


class Keys:
    """API keys by hash, each remembered for 10 seconds; unknown ones are asked for each time."""

    def __init__(self, find: FindKey, now: Clock) -> None:
        self._find = find
        self._now = now
        self._known: dict[str, tuple[ApiKey, datetime]] = {}

    def get(self, hashed: str) -> ApiKey | None:
        """Return the key, revoked or not."""
        found = self._known.get(hashed)
        if found and found[1] > self._now():
            return found[0]
        key = self._find(hashed)
        if key is not None:
            if len(self._known) >= KEY_CACHE_SIZE:
                self._known.clear()
            self._known[hashed] = (key, self._now() + KEY_CACHE_TTL)
        return key

    def authenticate(self, authorization: str) -> ApiKey:
        """Return the key that an `Authorization` header brings.

        Raises:
            UnauthenticatedError: no key, an unknown or a revoked one.
        """
        kind, _, token = authorization.strip().partition(" ")
        if kind.lower() != "bearer" or not token.strip().startswith(KEY_PREFIX):
            raise UnauthenticatedError("Send an API key: `Authorization: Bearer mt_...`.")
        key = self.get(key_hash(token.strip()))
        if key is None or key.revoked_at is not None:
            raise UnauthenticatedError("This API key is unknown or was revoked.")
        return key
