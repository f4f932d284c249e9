"""Segment erasure: take what names a person out of a filter, which then means nobody by it.

Source: docs/domain/erasure.md.
"""

from collections.abc import Callable
from dataclasses import replace

from mailtide.domain.segment import Condition, Filter, Not, Value

GONE = "{gone}"  # no longer than any address, so that a filter within its limits stays so


def without(filter_: Filter, names: Callable[[str], bool]) -> Filter:
    """Return a filter with `GONE` for every text and every attribute that names the person."""
    if isinstance(filter_, Condition):
        field = replace(
            filter_.field, path=tuple(GONE if names(name) else name for name in filter_.field.path)
        )
        return replace(filter_, field=field, value=_without(filter_.value, names))
    if isinstance(filter_, Not):
        return Not(without(filter_.of, names))
    return replace(filter_, of=tuple(without(one, names) for one in filter_.of))


def _without(value: Value, names: Callable[[str], bool]) -> Value:
    if isinstance(value, tuple):
        return tuple(GONE if isinstance(one, str) and names(one) else one for one in value)
    return GONE if isinstance(value, str) and names(value) else value
