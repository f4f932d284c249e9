"""Page: one stretch of a listing, and the opaque cursor to the next.

A cursor is a position (the last id that was shown) with a checksum over it and the listing it
belongs to. The checksum tells a cursor that was altered or taken from another listing; it is not
a secret, and need not be: a position only ever selects among what the caller may read anyway.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, TypeVar

_CHECK_BYTES = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a listing; `after` is the position of the last one, None at the end."""

    items: list[T]
    after: str | None = None


def every(read: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Yield the items of a listing, page after page; `read` returns the page behind a position."""
    page = read(None)
    yield from page.items
    while page.after is not None:
        page = read(page.after)
        yield from page.items


def write_cursor(listing: str, position: str) -> str:
    """Return the cursor behind `position` of a listing."""
    raw = _check(listing, position) + position.encode()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def read_cursor(listing: str, cursor: str) -> str:
    """Return the position that `write_cursor` wrote for the same listing.

    Raises:
        ValueError: when it wrote no such cursor.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = raw[_CHECK_BYTES:].decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not a cursor") from error
    # Compared as text: base64 reads some altered texts as the same bytes.
    if write_cursor(listing, position) != cursor:
        raise ValueError("not a cursor of this listing")
    return position


def _check(listing: str, position: str) -> bytes:
    text = f"{listing}\n{position}".encode()
    return blake2b(text, digest_size=_CHECK_BYTES, person=b"cursor").digest()
