"""Pages of a partition, or of the 16 shards of one thing: rows by range key, read consistently."""

from collections.abc import Callable
from typing import TypeVar

from mailtide.domain.identifiers import SHARDS, shard_of
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
    return _page(_rows(model, hash_key, limit + 1, after, prefix), limit, read, prefix)


def page_of_shards(
    model: type[R], prefix: str, limit: int, after: str | None, read: Callable[[R], Item]
) -> Page[Item]:
    """Return up to `limit` items of partitions `<prefix>#<shard>` behind contact `after`."""
    rows: list[R] = []
    first = SHARDS.index(shard_of(after)) if after else 0
    for index, shard in enumerate(SHARDS[first:]):
        wanted = limit + 1 - len(rows)
        if wanted > 0:
            rows += _rows(model, f"{prefix}#{shard}", wanted, None if index else after, "")
    return _page(rows, limit, read, "")


def _rows(model: type[R], hash_key: str, limit: int, after: str | None, prefix: str) -> list[R]:
    range_key = model.get_attributes()[model.range_name()]
    with calling():
        return list(
            model.query(
                hash_key,
                range_key.startswith(prefix) if prefix else None,
                consistent_read=True,
                last_evaluated_key=None
                if after is None
                else model.raw_key(hash_key, prefix + after),
                limit=limit,
            )
        )


def _page(rows: list[R], limit: int, read: Callable[[R], Item], prefix: str) -> Page[Item]:
    shown = [read(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(shown)
    last = rows[limit - 1]
    return Page(shown, str(getattr(last, last.range_name())).removeprefix(prefix))
