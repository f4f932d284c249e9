"""Segment: a stored filter over contacts; what a filter is made of, and whom it holds.

A condition is true or false of every contact, never unknown: what is missing or of another type
makes it false, and `not` is the plain opposite. So the laws of logic hold without exceptions.
Source: docs/domain/segments.md (fields, operators, and what happens at the edges).
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from mailtide.domain.contact import Contact


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    INSTANT = "instant"
    LIST = "list"  # the lists that the contact is on
    JSON = "json"  # any value of JSON, as attributes have it


class Op(StrEnum):
    """What a condition asks of a field; the words of the JSON form."""

    IS = "is"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    WITHIN = "within"
    EXISTS = "exists"


ATTRIBUTES = "attributes"
LIST = "list"
FIELDS: Mapping[str, Kind] = MappingProxyType(
    {
        "email": Kind.TEXT,
        "provider": Kind.TEXT,
        "timezone": Kind.TEXT,
        "created_at": Kind.INSTANT,
        "last_open_at": Kind.INSTANT,
        "last_click_at": Kind.INSTANT,
        "last_reply_at": Kind.INSTANT,
        "last_engaged_at": Kind.INSTANT,
        LIST: Kind.LIST,
        ATTRIBUTES: Kind.JSON,
    }
)
_TEXTS = {Op.IS, Op.IN, Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH, Op.EXISTS}
_INSTANTS = {Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST, Op.WITHIN, Op.EXISTS}
OPERATORS: Mapping[Kind, frozenset[Op]] = MappingProxyType(
    {
        Kind.TEXT: frozenset(_TEXTS),
        Kind.INSTANT: frozenset(_INSTANTS),
        Kind.LIST: frozenset({Op.IS, Op.IN}),
        Kind.JSON: frozenset(Op),
    }
)

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | datetime | timedelta | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition looks at; `path` leads into the attributes, one name per level."""

    name: str
    path: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the field holds."""
        return FIELDS[self.name]


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about a contact; `value` is of the type that field and operator want."""

    field: Field
    op: Op
    value: Value = None


@dataclass(frozen=True, slots=True)
class Not:
    """True where `of` is false."""

    of: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """True where all of at least two are true."""

    of: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """True where one of at least two is true."""

    of: "tuple[Filter, ...]"


Filter: TypeAlias = Condition | Not | And | Or


@dataclass(frozen=True, slots=True)
class Segment:
    """A filter with a name, usable wherever a list is."""

    org_id: str
    segment_id: str
    name: str
    filter: Filter
    created_at: datetime


def evaluate(filter_: Filter, contact: Contact, lists: frozenset[str], now: datetime) -> bool:
    """Say whether a filter holds a contact.

    Args:
        filter_: the filter.
        contact: whom it is about; its attributes may hold any JSON.
        lists: the lists that the contact is on, at least among those of `lists_of(filter_)`.
        now: the instant that `within` counts back from.
    """
    if isinstance(filter_, Condition):
        return _holds(filter_, contact, lists, now)
    if isinstance(filter_, Not):
        return not evaluate(filter_.of, contact, lists, now)
    combine = all if isinstance(filter_, And) else any
    return combine(evaluate(one, contact, lists, now) for one in filter_.of)


def conditions(filter_: Filter) -> Iterator[Condition]:
    """Yield the conditions of a filter, from left to right."""
    if isinstance(filter_, Condition):
        yield filter_
    for one in _inner(filter_):
        yield from conditions(one)


def depth(filter_: Filter) -> int:
    """Return how many levels a filter has; a single condition has one."""
    return 1 + max(map(depth, _inner(filter_)), default=0)


def lists_of(filter_: Filter) -> tuple[str, ...]:
    """Return the lists that a filter names, each once, in order."""
    named: dict[str, None] = {}
    for condition in conditions(filter_):
        if condition.field.kind is Kind.LIST:
            value = condition.value
            named.update(dict.fromkeys(map(str, value if isinstance(value, tuple) else (value,))))
    return tuple(named)


def instant_of(text: str) -> datetime | None:
    """Read an instant as people write it: ISO 8601, UTC unless it says otherwise; or None."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _inner(filter_: Filter) -> tuple[Filter, ...]:
    """Return the filters that a filter is made of; none for a condition."""
    if isinstance(filter_, Condition):
        return ()
    return (filter_.of,) if isinstance(filter_, Not) else filter_.of


def _holds(condition: Condition, contact: Contact, lists: frozenset[str], now: datetime) -> bool:
    value = condition.value
    if condition.field.kind is Kind.LIST:
        return not lists.isdisjoint(value if isinstance(value, tuple) else (value,))
    found = _read(condition.field, contact)
    return found is not None and _TESTS[condition.op](found, value, now)


def _read(field: Field, contact: Contact) -> Any:
    """Return what a contact has in a field; None for what is missing, null or empty."""
    if field.kind is Kind.JSON:
        value: Any = contact.attributes
        for name in field.path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value
    if field.name == "last_engaged_at":
        seen = (contact.last_open_at, contact.last_click_at, contact.last_reply_at)
        return max((at for at in seen if at is not None), default=None)
    return getattr(contact, field.name) or None


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    # To Python True is 1; to JSON it is not.
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def _is_in(found: Any, wanted: Any, _now: datetime) -> bool:
    return any(_same(found, one) for one in wanted)


def _contains(found: Any, wanted: Any, _now: datetime) -> bool:
    if isinstance(found, list):
        return any(_same(one, wanted) for one in found)
    both = isinstance(found, str) and isinstance(wanted, str)
    return both and wanted.casefold() in found.casefold()


def _starts_with(found: Any, wanted: Any, _now: datetime) -> bool:
    return isinstance(found, str) and found.casefold().startswith(wanted.casefold())


def _ends_with(found: Any, wanted: Any, _now: datetime) -> bool:
    return isinstance(found, str) and found.casefold().endswith(wanted.casefold())


def _within(found: Any, span: Any, now: datetime) -> bool:
    at = instant_of(found) if isinstance(found, str) else found
    return isinstance(at, datetime) and at >= now - span


def _compares(order: Callable[[Any, Any], bool]) -> "Test":
    def test(found: Any, wanted: Any, _now: datetime) -> bool:
        if isinstance(found, str) and isinstance(wanted, str):
            return order(found.casefold(), wanted.casefold())
        for kind in ((int, float), datetime):
            if isinstance(found, kind) and isinstance(wanted, kind):
                return not isinstance(found, bool) and order(found, wanted)
        return False

    return test


Test: TypeAlias = Callable[[Any, Any, datetime], bool]
_TESTS: Mapping[Op, Test] = MappingProxyType(
    {
        Op.IS: lambda found, wanted, _: _same(found, wanted),
        Op.IN: _is_in,
        Op.CONTAINS: _contains,
        Op.STARTS_WITH: _starts_with,
        Op.ENDS_WITH: _ends_with,
        Op.LESS: _compares(operator.lt),
        Op.AT_MOST: _compares(operator.le),
        Op.MORE: _compares(operator.gt),
        Op.AT_LEAST: _compares(operator.ge),
        Op.WITHIN: _within,
        Op.EXISTS: lambda _found, _wanted, _now: True,
    }
)
