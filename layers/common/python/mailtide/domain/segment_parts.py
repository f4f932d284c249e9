"""What a segment's conditions are made of: fields, operators and values, checked.

Both forms of a filter, JSON (`segment_json.py`) and text (`segment_text.py`), go through here, so
that each says the same and converts into the other.
Units: limits count values, names and characters, as their names say.
Source: docs/domain/segments.md.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from mailtide.domain.segment import (
    ATTRIBUTES,
    FIELDS,
    OPERATORS,
    Condition,
    Field,
    Filter,
    Kind,
    Not,
    Op,
    Scalar,
    Value,
    instant_of,
)

MAX_VALUES = 100  # of one `in`
MAX_CHARS = 500  # of a text value
MAX_NAMES = 10  # levels of an attribute's path
LONGEST = timedelta(days=36_500)
_EXACT = 2**53  # RFC 8259 section 6: beyond it readers of JSON may not agree about an integer

NEGATED: Mapping[str, Op] = MappingProxyType(
    {"is_not": Op.IS, "not_in": Op.IN, "never": Op.EXISTS, "missing": Op.EXISTS}
)
BARE_NAME = re.compile(r"[\w-]+")
_NAME = re.compile(r'[\w-]+|"(?:[^"\\\n]|\\.)*"')
_ALLOWED = dict.fromkeys((Op.IS, Op.IN, Op.CONTAINS), "a text, a number, true or false")


class PartError(ValueError):
    """A part of a condition is wrong: `field`, `op` or `value`, and where in it."""

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(detail)
        self.part = part
        self.detail = detail


def read_field(text: str) -> Field:
    """Read the name of a field; names of attributes that hold other characters stand in quotes.

    Raises:
        PartError: of the part `field`.
    """
    name, dot, rest = text.partition(".")
    if name not in FIELDS:
        raise PartError("field", f"there is no field `{name[:50]}`; fields are {_words(FIELDS)}")
    if name != ATTRIBUTES:
        if dot:
            raise PartError("field", f"`{name}` has nothing below it")
        return Field(name)
    path = _read_path(rest)
    if not path:
        detail = 'name an attribute, as in `attributes.plan` or `attributes."first name"`'
        raise PartError("field", detail)
    if len(path) > MAX_NAMES:
        raise PartError("field", f"the path has {len(path)} names; the limit is {MAX_NAMES}")
    return Field(name, path)


def write_field(of: Field) -> str:
    """Write the name of a field, as `read_field` reads it."""
    names = [n if BARE_NAME.fullmatch(n) else json.dumps(n, ensure_ascii=False) for n in of.path]
    return ".".join([of.name, *names])


def build(field_: Field, word: str, value: Any) -> Filter:
    """Make a condition of a field, an operator's word and a value as JSON has it.

    Raises:
        PartError: of the part `op` or `value`.
    """
    kind = field_.kind
    if word in NEGATED:  # every kind that has the operator has its opposite
        return Not(build(field_, NEGATED[word].value, value))
    try:
        op = Op(word)
    except ValueError:
        detail = f"there is no operator `{word[:50]}`; this field has {operators_of(kind)}"
        raise PartError("op", detail) from None
    if op not in OPERATORS[kind]:
        raise PartError("op", f"this field has no `{word}`; it has {operators_of(kind)}")
    return Condition(field_, op, _read_value(kind, op, value))


def negation(condition: Condition) -> str | None:
    """Return the word that says the opposite of a condition's operator; None when there is none."""
    if condition.op is Op.EXISTS:
        return "never" if condition.field.kind is Kind.INSTANT else "missing"
    return next((word for word, op in NEGATED.items() if op is condition.op), None)


def operators_of(kind: Kind) -> str:
    """Return the operators of a kind of field, in words, negated ones too."""
    words = [op.value for op in Op if op in OPERATORS[kind]]
    return _words([*words, *(word for word, op in NEGATED.items() if op in OPERATORS[kind])])


def _read_path(text: str) -> tuple[str, ...]:
    """Read names that are joined by dots; nothing when they cannot be read."""
    names: list[str] = []
    position = 0
    while match := _NAME.match(text, position):
        names.append(_unquoted(match[0]))
        position = match.end()
        if position == len(text):
            return tuple(names)
        if text[position] != ".":
            break
        position += 1
    return ()


def _unquoted(name: str) -> str:
    if not name.startswith('"'):
        return name
    try:
        return read_string(name)
    except ValueError as error:
        raise PartError("field", f"{name[:50]} is not a text in quotes: {error}") from error


def read_string(quoted: str) -> str:
    """Read a text in double quotes, with the escapes of JSON.

    Raises:
        ValueError: when it is none, or holds half of a surrogate pair.
    """
    text = str(json.loads(quoted))
    text.encode()
    return text


def _read_value(kind: Kind, op: Op, value: Any) -> Value:
    if op is Op.EXISTS:
        if value is not None:
            raise PartError("value", f"`{op.value}` takes no value")
        return None
    if op is Op.WITHIN:
        return _read_span(value)
    if op is Op.IN:
        return _read_values(kind, op, value)
    return _read_instant(value) if kind is Kind.INSTANT else _read_scalar(kind, op, value)


def _read_values(kind: Kind, op: Op, value: Any) -> tuple[Scalar, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
        raise PartError("value", f"`in` needs a list of 1 to {MAX_VALUES} values")
    return tuple(_read_scalar(kind, op, one) for one in value)


def _read_scalar(kind: Kind, op: Op, value: Any) -> Scalar:
    if isinstance(value, str):
        return _fitting(value)
    if kind is not Kind.JSON or op in (Op.STARTS_WITH, Op.ENDS_WITH):
        raise PartError("value", "a text is needed here")
    if isinstance(value, bool) and op in (Op.IS, Op.IN, Op.CONTAINS):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value) and (isinstance(value, float) or abs(value) <= _EXACT):
            return value
        raise PartError("value", "the number is too large")
    raise PartError("value", f"{_ALLOWED.get(op, 'a text or a number')} is needed here")


def _fitting(text: str) -> str:
    if not text or len(text) > MAX_CHARS:
        raise PartError("value", f"a text has 1 to {MAX_CHARS} characters")
    return text


def _read_instant(value: Any) -> datetime:
    at = instant_of(value) if isinstance(value, str) else None
    try:
        if at is not None:
            return at.astimezone(UTC)
    except OverflowError:  # at the edge of the calendar
        pass
    raise PartError("value", "a date or an instant is needed here, as 2026-11-24 or with a time")


def _read_span(value: Any) -> timedelta:
    needed = 'a span is needed here, as {"days": 30} or {"hours": 12}'
    if not isinstance(value, dict) or len(value) != 1:
        raise PartError("value", needed)
    ((unit, count),) = value.items()
    whole = isinstance(count, int) and not isinstance(count, bool)
    if unit not in ("days", "hours") or not whole:
        raise PartError("value", needed)
    if not 1 <= count <= LONGEST / timedelta(**{unit: 1}):
        raise PartError("value", f"a span is at least 1 hour and at most {LONGEST.days} days")
    return timedelta(**{unit: count})


def span_parts(span: timedelta) -> tuple[int, str]:
    """Return a span as a count and its unit: days where they are whole, else hours."""
    hours = span // timedelta(hours=1)
    return (hours, "hours") if hours % 24 else (hours // 24, "days")


def instant_text(at: datetime) -> str:
    """Write an instant, UTC."""
    return at.isoformat().replace("+00:00", "Z")


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
