"""The data bucket in memory."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """Objects by key."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        """Read an object."""
        return self.objects[key]

    def fetch(self, key: str, limit: int | None = None) -> bytes | None:
        """Read an object, or its first `limit` bytes; None when it is not there."""
        found = self.objects.get(key)
        return None if found is None else found[:limit]

    def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no error."""
        self.objects.pop(key, None)
