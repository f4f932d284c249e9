r"""A segment's filter as text: read with the place of the first mistake, and written.

    provider is "gmail" and (attributes.plan in ("pro", "team") or last_open_at within 30 days)

    filter = all { "or" all }            all = one { "and" one }
    one    = "not" one | "(" filter ")" | field test
    test   = "exists" | "never" | "missing" | ["not"] "in" "(" value { "," value } ")"
           | "within" count ("days" | "hours") | comparison value
    comparison = "is" ["not"] | "contains" | "starts with" | "ends with" | "<" | "<=" | ">" | ">="
    value  = "text" | number | date | instant | true | false | a word without quotes

Words of the language are read in any case; text in quotes has the escapes of JSON.
Source: docs/domain/segments.md.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from mailtide.domain.segment import And, Condition, Filter, Not, Or, Scalar
from mailtide.domain.segment_json import CODE, MAX_LEVELS, check_limits
from mailtide.domain.segment_parts import (
    PartError,
    build,
    instant_text,
    negation,
    read_field,
    read_string,
    span_parts,
    write_field,
)
from mailtide.errors import InvalidInputError

MAX_TEXT = 20_000  # characters: a filter within its limits is shorter as text than as JSON
_QUOTED = r'"(?:[^"\\\n]|\\.)*"'
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_NUMBER = r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?"
_ALONE = r"(?![\w.:-])"  # the token ends here
_TOKEN = re.compile(
    rf"(?P<string>{_QUOTED})|(?P<date>{_DAY}(?:{_TIME})?{_ALONE})|(?P<number>{_NUMBER}{_ALONE})"
    rf"|(?P<word>[\w-]+(?:\.(?:[\w-]+|{_QUOTED}))*)|(?P<sign><=|>=|.)",
    re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_PHRASES: Mapping[str, str] = MappingProxyType(  # the longer before what it begins with
    {
        "is not": "is_not",
        "is": "is",
        "not in": "not_in",
        "in": "in",
        "contains": "contains",
        "starts with": "starts_with",
        "ends with": "ends_with",
        "<": "<",
        "<=": "<=",
        ">": ">",
        ">=": ">=",
        "within": "within",
        "exists": "exists",
        "never": "never",
        "missing": "missing",
    }
)
_PHRASE_OF = {word: phrase for phrase, word in _PHRASES.items()}
_KEYWORDS = frozenset({"and", "or", *" ".join(_PHRASES).split()})
_CONSTANTS: Mapping[str, bool] = MappingProxyType({"true": True, "false": False})
_UNITS: Mapping[str, str] = MappingProxyType(
    {"days": "days", "day": "days", "hours": "hours", "hour": "hours"}
)


def read(text: str, at: str = "text") -> Filter:
    """Read a filter from text.

    Raises:
        InvalidInputError: `filter_error`; `errors` has the place as `<at>:<line>:<column>`.
    """
    if len(text) > MAX_TEXT:
        raise _error(at, f"the text has {len(text)} characters; the limit is {MAX_TEXT}")
    parser = _Parser(text, at, list(_tokens(text)))
    found = parser.whole()
    check_limits(found, at)
    return found


def write(filter_: Filter) -> str:
    """Write a filter as text; the same filter is always written in the same way."""
    match filter_:
        case Condition():
            return _write_condition(filter_, filter_.op.value)
        case Not(Condition() as condition) if word := negation(condition):
            return _write_condition(condition, word)
        case Not(of):
            return f"not {_operand(of)}"
        case _:
            joint = " and " if isinstance(filter_, And) else " or "
            return joint.join(map(_operand, filter_.of))


def _operand(filter_: Filter) -> str:
    text = write(filter_)
    return f"({text})" if isinstance(filter_, And | Or) else text


def _write_condition(condition: Condition, word: str) -> str:
    start = f"{write_field(condition.field)} {_PHRASE_OF[word]}"
    value = condition.value
    return start if value is None else f"{start} {_write_value(value)}"


def _write_value(value: Scalar | datetime | timedelta | tuple[Scalar, ...]) -> str:
    match value:
        case datetime():
            return instant_text(value)
        case timedelta():
            count, unit = span_parts(value)
            return f"{count} {unit}"
        case tuple():
            return f"({', '.join(map(_write_value, value))})"
        case _:
            return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # string, date, number, word, sign or end
    text: str
    start: int  # characters before it

    def is_word(self, word: str) -> bool:
        """Say whether this is a word or sign of the language."""
        return self.kind in ("word", "sign") and self.text.lower() == word


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while True:
        space = _SPACE.match(text, position)
        position = space.end() if space else position
        found = _TOKEN.match(text, position)
        if found is None:
            break
        yield _Token(found.lastgroup or "", found[0], position)
        position = found.end()
    yield _Token("end", "", position)


@dataclass(slots=True)
class _Parser:
    text: str
    at: str
    tokens: list[_Token]
    index: int = 0
    expected: list[str] = field(default_factory=list)  # what could have stood at this token

    def whole(self) -> Filter:
        """Read all of the text."""
        found = self.filter(1)
        if self.here.kind != "end":
            raise self._failure("the end")
        return found

    @property
    def here(self) -> _Token:
        """The token that is read next."""
        return self.tokens[self.index]

    def filter(self, level: int) -> Filter:
        """Read what `or` joins."""
        parts = [self._all(level)]
        while self._take("or"):
            parts.append(self._all(level))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self, level: int) -> Filter:
        parts = [self._one(level)]
        while self._take("and"):
            parts.append(self._one(level))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, level: int) -> Filter:
        if level > MAX_LEVELS:
            raise self._refusal(self.here, f"the filter has more than {MAX_LEVELS} levels")
        if self._take("not"):
            return Not(self._one(level + 1))
        if self._take("("):
            found = self.filter(level + 1)
            if not self._take(")"):
                raise self._failure()
            return found
        return self._condition()

    def _condition(self) -> Filter:
        places = {"field": self.here}
        if self.here.kind != "word" or self.here.text.lower() in _KEYWORDS:
            raise self._failure("a field")
        try:
            field_ = read_field(self._next().text)
            places["op"] = self.here
            word = self._operator()
            places["value"] = self.here
            return build(field_, word, self._operand(word))
        except PartError as error:
            raise self._refusal(places[error.part], error.detail) from error

    def _operator(self) -> str:
        for phrase, word in _PHRASES.items():
            if self._take(phrase):
                return word
        raise self._failure()

    def _operand(self, word: str) -> Any:
        """Read what stands behind an operator, as JSON has it."""
        if word in ("exists", "never", "missing"):
            return None
        if word in ("in", "not_in"):
            return self._values()
        return self._span() if word == "within" else self._value()

    def _values(self) -> list[Any]:
        if not self._take("("):
            raise self._failure()
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self._failure()
        return values

    def _span(self) -> dict[str, int]:
        if self.here.kind != "number" or not self.here.text.isdigit():
            raise self._failure("a whole number")
        count = int(self._next().text)
        unit = _UNITS.get(self.here.text.lower())
        if unit is None:
            raise self._failure("`days`", "`hours`")
        self._next()
        return {unit: count}

    def _value(self) -> Any:
        token = self.here
        if token.kind == "string":
            return self._string(self._next())
        if token.kind == "number":
            text = self._next().text
            return int(text) if text.lstrip("-").isdigit() else float(text)
        is_plain = token.kind == "word" and '"' not in token.text
        if token.kind == "date" or (is_plain and token.text.lower() not in _KEYWORDS):
            text = self._next().text
            return _CONSTANTS.get(text.lower(), text)
        raise self._failure("a value")

    def _string(self, token: _Token) -> str:
        try:
            return read_string(token.text)
        except ValueError as error:
            detail = "the text in quotes has an escape that JSON does not have"
            raise self._refusal(token, detail) from error

    def _take(self, phrase: str) -> bool:
        """Go on behind a phrase of the language if it stands here; else note that it could."""
        words = phrase.split()
        found = self.tokens[self.index : self.index + len(words)]
        if len(found) == len(words) and all(map(_Token.is_word, found, words)):
            self.index += len(words)
            self.expected.clear()
            return True
        self.expected.append(f"`{phrase}`")
        return False

    def _next(self) -> _Token:
        self.index += 1
        self.expected.clear()
        return self.tokens[self.index - 1]

    def _failure(self, *more: str) -> InvalidInputError:
        *first, last = dict.fromkeys([*self.expected, *more])
        wanted = f"{', '.join(first)} or {last}" if first else last
        token = self.here
        found = "the end of the text" if token.kind == "end" else f"`{token.text[:50]}`"
        if token.text == '"':
            found = "a quote that no other quote closes"
        return self._refusal(token, f"found {found}; expected {wanted}")

    def _refusal(self, token: _Token, detail: str) -> InvalidInputError:
        before = self.text[: token.start]
        line, column = before.count("\n") + 1, token.start - (before.rfind("\n") + 1) + 1
        return _error(f"{self.at}:{line}:{column}", f"line {line}, column {column}: {detail}")


def _error(at: str, detail: str) -> InvalidInputError:
    return InvalidInputError(detail, code=CODE, errors=[{"at": at, "detail": detail}])
