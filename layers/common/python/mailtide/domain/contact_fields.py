"""Contact fields: what may be kept about a contact, by the API and by imports alike.

Units: the limit is bytes of the attributes' JSON.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from mailtide.errors import InvalidInputError

ATTRIBUTES_LIMIT = 8 * 1024


def check_timezone(name: str) -> None:
    """Refuse what is not the name of an IANA time zone.

    Raises:
        InvalidInputError: with the name.
    """
    if name not in _timezones():
        raise InvalidInputError(
            f"`{name[:50]}` is not an IANA time zone, which look like Europe/Paris"
        )


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Refuse attributes that are too large.

    Raises:
        InvalidInputError: with the size.
    """
    size = _size(attributes)
    if size > ATTRIBUTES_LIMIT:
        raise InvalidInputError(
            f"the attributes have {size} bytes; the limit is {ATTRIBUTES_LIMIT}"
        )


def combined(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return old attributes under new ones; the new ones alone where both would be too large."""
    both = {**old, **new}
    return both if _size(both) <= ATTRIBUTES_LIMIT else dict(new)


def _size(attributes: Mapping[str, Any]) -> int:
    return len(json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode())


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())
