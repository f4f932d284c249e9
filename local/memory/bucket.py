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
