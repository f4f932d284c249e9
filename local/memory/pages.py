"""Pages of what lies in memory, as the tables give them."""

from collections.abc import Mapping
from typing import TypeVar

from mailtide.domain.page import Page

Item = TypeVar("Item")


def page(items: Mapping[str, Item], limit: int, after: str | None) -> Page[Item]:
    """Return up to `limit` items by id, behind the id `after`."""
    ids = [id_ for id_ in sorted(items) if after is None or id_ > after]
    shown = ids[:limit]
    return Page([items[id_] for id_ in shown], shown[-1] if len(ids) > limit else None)
