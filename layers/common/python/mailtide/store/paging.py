"""Pages of a partition: its rows by range key, so many at a time, read consistently."""

from collections.abc import Callable
from typing import TypeVar

from mailtide.domain.page import Page
from mailtide.store.dynamo import calling
from mailtide.store.row import Row

R = TypeVar("R", bound=Row)
Item = TypeVar("Item")


def page(
    model: type[R],
    hash_key: str,
    limit: int,
    after: str | None,
    read: Callable[[R], Item],
    *,
    prefix: str = "",
) -> Page[Item]:
    """Return up to `limit` items of one partition behind the id `after`.

    Range keys are `prefix` and an id; only those are read, and positions are the bare ids.
    """
    range_name = str(model.schema().key.range)
    range_key = model.get_attributes()[range_name]
    start = None if after is None else model.raw_key(hash_key, prefix + after)
    with calling():
        rows = list(
            model.query(
                hash_key,
                range_key.startswith(prefix) if prefix else None,
                consistent_read=True,
                last_evaluated_key=start,
                limit=limit + 1,
            )
        )
    shown = rows[:limit]
    more = len(rows) > limit
    last = str(getattr(shown[-1], range_name)).removeprefix(prefix) if more else None
    return Page([read(row) for row in shown], last)
