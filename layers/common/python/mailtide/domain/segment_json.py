"""A segment's filter as JSON: read with every mistake named by its place, and written.

    {"and": [F, F, …]}   {"or": [F, F, …]}   {"not": F}
    {"field": "provider", "op": "is", "value": "gmail"}

Units: limits count levels, conditions, lists and bytes, as their names say.
Source: docs/domain/segments.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailtide.domain.segment import (
    And,
    Condition,
    Filter,
    Not,
    Or,
    Scalar,
    conditions,
    depth,
    lists_of,
)
from mailtide.domain.segment_parts import (
    PartError,
    build,
    instant_text,
    negation,
    read_field,
    span_parts,
    write_field,
)
from mailtide.errors import InvalidInputError

CODE = "filter_error"
MAX_LEVELS = 10
MAX_CONDITIONS = 100
MAX_LISTS = 20  # that one filter names: a launch reads each of them
MAX_BYTES = 16 * 1024  # of the whole filter as compact JSON


def read(value: Any, at: str = "filter") -> Filter:
    """Read a filter from JSON.

    Raises:
        InvalidInputError: `filter_error`; `errors` has each place as a path below `at`.
    """
    reader = _Reader()
    found = reader.filter(value, at, 1)
    if found is None:
        first = reader.errors[0]
        raise InvalidInputError(
            f"{first['at']}: {first['detail']}", code=CODE, errors=reader.errors
        )
    check_limits(found, at)
    return found


def check_limits(filter_: Filter, at: str) -> None:
    """Refuse what is too large to be evaluated for every contact.

    Raises:
        InvalidInputError: `filter_error`, at the filter as a whole.
    """
    size = len(json.dumps(write(filter_), ensure_ascii=False, separators=(",", ":")).encode())
    counts = (
        (depth(filter_), MAX_LEVELS, "levels"),
        (sum(1 for _ in conditions(filter_)), MAX_CONDITIONS, "conditions"),
        (len(lists_of(filter_)), MAX_LISTS, "lists"),
        (size, MAX_BYTES, "bytes"),
    )
    for count, most, what in counts:
        if count > most:
            detail = f"the filter has {count} {what}; the limit is {most}"
            raise InvalidInputError(
                f"{at}: {detail}", code=CODE, errors=[{"at": at, "detail": detail}]
            )


def write(filter_: Filter) -> dict[str, Any]:
    """Write a filter as JSON; the same filter is always written in the same way."""
    match filter_:
        case Condition():
            return _write_condition(filter_, filter_.op.value)
        case Not(Condition() as condition) if word := negation(condition):
            return _write_condition(condition, word)
        case Not(of):
            return {"not": write(of)}
        case _:
            word = "and" if isinstance(filter_, And) else "or"
            return {word: [write(one) for one in filter_.of]}


@dataclass(slots=True)
class _Reader:
    """Reads a filter and collects what is wrong in it; None stands for what could not be read."""

    errors: list[dict[str, str]] = field(default_factory=list)

    def filter(self, value: Any, at: str, level: int) -> Filter | None:
        """Read one filter at its place."""
        if level > MAX_LEVELS:
            return self._wrong(at, f"the filter has more than {MAX_LEVELS} levels")
        if not isinstance(value, dict):
            return self._wrong(at, "a filter is a JSON object")
        for word in ("and", "or", "not"):
            if word in value:
                if len(value) > 1:
                    return self._wrong(at, f"beside `{word}` nothing else may stand")
                return self._combination(word, value[word], f"{at}.{word}", level)
        return self._condition(value, at)

    def _combination(self, word: str, value: Any, at: str, level: int) -> Filter | None:
        if word == "not":
            inner = self.filter(value, at, level + 1)
            return None if inner is None else Not(inner)
        if not isinstance(value, list) or not value:
            return self._wrong(at, f"`{word}` needs a list of filters")
        if len(value) > MAX_CONDITIONS:
            return self._wrong(at, f"there are {len(value)}; the limit is {MAX_CONDITIONS}")
        read_all = [self.filter(one, f"{at}.{i}", level + 1) for i, one in enumerate(value)]
        found = tuple(one for one in read_all if one is not None)
        if len(found) < len(read_all):
            return None
        return found[0] if len(found) == 1 else (And if word == "and" else Or)(found)

    def _condition(self, value: Mapping[str, Any], at: str) -> Filter | None:
        for name in value:
            if name not in ("field", "op", "value"):
                return self._wrong(
                    at, f"`{name[:50]}` is not known: use and, or, not, or field, op"
                )
        for name in ("field", "op"):
            if not isinstance(value.get(name), str):
                return self._wrong(f"{at}.{name}", f"a condition needs `{name}`, a text")
        try:
            return build(read_field(value["field"]), value["op"], value.get("value"))
        except PartError as error:
            return self._wrong(f"{at}.{error.part}", error.detail)

    def _wrong(self, at: str, detail: str) -> Filter | None:
        self.errors.append({"at": at, "detail": detail})
        return None


def _write_condition(condition: Condition, word: str) -> dict[str, Any]:
    shown = {"field": write_field(condition.field), "op": word}
    value = condition.value
    return shown if value is None else {**shown, "value": _write_value(value)}


def _write_value(value: Scalar | datetime | timedelta | tuple[Scalar, ...]) -> Any:
    match value:
        case datetime():
            return instant_text(value)
        case timedelta():
            count, unit = span_parts(value)
            return {unit: count}
        case tuple():
            return list(value)
        case _:
            return value
