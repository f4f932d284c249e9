"""Contact fields: what may be kept about a contact, by the API and by imports alike.

Units: the limit is bytes of the attributes' JSON.
"""

import json
from collections.abc import Mapping
from functools import cache
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


def check_attributes(attributes: Mapping[str, object]) -> None:
    """Refuse attributes that are too large.

    Raises:
        InvalidInputError: with the size.
    """
    size = len(json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode())
    if size > ATTRIBUTES_LIMIT:
        raise InvalidInputError(
            f"the attributes have {size} bytes; the limit is {ATTRIBUTES_LIMIT}"
        )


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())
