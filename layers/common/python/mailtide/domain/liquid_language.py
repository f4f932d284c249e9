"""Liquid: the language of templates: its filters, how a text of it is read and filled.

Values are escaped where HTML is made, and a template's time comes in with its data.
Source: docs/domain/rendering.md; the Liquid language as Shopify documents it.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import chain
from typing import Any, TypeAlias
from urllib.parse import quote

from dateutil import parser as dates  # type: ignore[import-untyped]
from liquid import BoundTemplate, Environment, Markup, Node, RenderContext
from liquid.builtin.expressions.logical import ContainsExpression
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.filter import liquid_filter, with_context
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.token import Token

from mailtide.domain.faults import fault_at, refusal
from mailtide.domain.liquid_limits import Limited
from mailtide.domain.markup import constructs
from mailtide.errors import PermanentError

_LONGEST_DATE = 100  # characters; what is longer is none, and takes long to be read as one
Parsed: TypeAlias = BoundTemplate
MAX_REASON = 300  # characters; it is kept in the message's row
NOW = "mt now"  # names in the data that no template can spell
BIND = "mt bind"
TAG = "mt tag"
OURS = "mt_"  # begins the filters that only what we add to a template uses
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What filters raise on values they were not made for, beside Liquid's own errors.
_FAILURES = (LiquidError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError)
_GIVEN = frozenset({"context", "environment"})  # what filters get from the engine, by keyword


class RenderError(PermanentError):
    """The template fails for this one contact; `detail` says where and why.

    `part` is the part of the message that failed, and `construct` the piece of its Liquid that did,
    as far as they are known.
    """

    code = "template_error"

    def __init__(self, detail: str, *, part: str = "", construct: str = "") -> None:
        super().__init__(detail)
        self.part = part
        self.construct = construct


class _Liquid(Limited):
    """Liquid as templates speak it."""

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape)
        for tag in ("include", "render"):  # there is nothing to include
            del self.tags[tag]
        del self.filters["safe"]  # it would let a contact's own words be markup
        self.add_filter("date", _date)
        self.add_filter("mt_field", field)
        self.add_filter("mt_bind", _bind)
        self.add_filter("mt_tag", _tag)
        self.limit()


@with_context
@liquid_filter
def _date(value: object, form: object = "", *, context: RenderContext) -> object:
    """Liquid's `date`, with the message's time as "now" and UTC where none is named."""
    now: datetime = context.resolve(NOW)
    if value in ("now", "today"):
        at = now
    elif isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        at = _UNIX_EPOCH + timedelta(seconds=int(value))
    elif isinstance(value, str) and len(value) > _LONGEST_DATE:
        return value
    elif isinstance(value, str) and value.strip():
        try:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            at = dates.parse(value, default=midnight, tzinfos=_offset)
        except dates.ParserError:
            return value
    else:
        return ""
    return at.strftime(str(form)) if form else str(value)


def _offset(_name: str | None, seconds: int | None) -> int | None:
    """Take a numeric offset; a time zone's name that is not known is ignored without a warning."""
    return seconds


@liquid_filter
def field(value: object) -> str:
    """Encode a value for a place inside a URL, where it can change neither host nor path depth."""
    return Markup(quote("" if value is None else str(value), safe=""))


@with_context
@liquid_filter
def _bind(url: object, index: int, *, context: RenderContext) -> str:
    """Sign a link that was made for this one message; answer its token."""
    return Markup(context.resolve(BIND)(str(url), index))


@with_context
@liquid_filter
def _tag(url: object, *, context: RenderContext) -> str:
    """Append the campaign's UTM parameters to a link that was made for this one message."""
    return Markup(context.resolve(TAG)(str(url)))


@liquid_filter
def _as_it_is(value: object) -> object:
    """Leave a value as it is, where there is no markup that it could be taken for."""
    return value


class Use(Enum):
    """What a text of Liquid is made into."""

    HTML = "html"  # every value is escaped
    PLAIN = "plain"
    MADE = "made"  # plain, of Liquid that was written for HTML: filters that escape do nothing


_PLAIN = _Liquid(autoescape=False)
_MADE = _Liquid(autoescape=False)
_MADE.filters |= dict.fromkeys(("escape", "escape_once", "newline_to_br"), _as_it_is)
_ENVIRONMENTS = {Use.HTML: _Liquid(autoescape=True), Use.PLAIN: _PLAIN, Use.MADE: _MADE}


def engine(use: Use) -> Environment:
    """Return the engine that fills texts for a use."""
    return _ENVIRONMENTS[use]


# The names of the engine's own nodes are no tags that a template can use.
TAGS = frozenset(_PLAIN.tags) - {"content", "illegal", "output"}
FILTERS = frozenset(name for name in _PLAIN.filters if not name.startswith(OURS))


@dataclass(frozen=True, slots=True)
class Program:
    """One part of a template, read and ready to be filled."""

    part: str
    template: BoundTemplate
    use: Use

    def fill(self, data: Mapping[str, Any]) -> str:
        """Fill the part for one message.

        Raises:
            RenderError: when it fails for this message's data.
        """
        try:
            return self.template.render(data)
        except _FAILURES as error:
            detail = f"{self.part}: {_reason(error)}"
            raise RenderError(detail, part=self.part, construct=_construct(error)) from error


def read(part: str, source: str, use: Use = Use.PLAIN) -> Program:
    """Read one part.

    Raises:
        InvalidInputError: `template_error`, when it is no Liquid.
    """
    stopped = syntax_error(source)
    if stopped is not None:
        raise refusal([fault_at(part, source, *stopped)])
    return Program(part, _ENVIRONMENTS[use].from_string(source), use)


def syntax_error(source: str) -> tuple[int, str] | None:
    """Return (position, what is wrong) where reading stops; None when it does not."""
    stream = None
    try:
        stream = TokenStream(_PLAIN.tokenizer()(source))
        get_parser(_PLAIN).parse(stream)
    except LiquidError as error:
        tokens: list[Token | None] = [error.token, stream.current if stream else None]
        known = [token.start_index for token in tokens if token and token.start_index >= 0]
        return (known[0] if known else len(source)), str(error.message)
    return None


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a filter."""

    index: int  # in the source
    name: str
    arguments: int  # by position
    keywords: tuple[str, ...]


def parsed(source: str) -> Parsed:
    """Return a text without syntax errors as the engine reads it."""
    return _PLAIN.from_string(source)


def calls(text: Parsed) -> list[Call]:
    """Return the filters that a text uses, in order."""
    found = {}
    used = (getattr(part, "filters", None) for part in _walk(text.nodes))
    for filter_ in chain.from_iterable(filter(None, used)):
        at = filter_.token.start_index
        named = tuple(arg.name for arg in filter_.args if hasattr(arg, "name"))
        found[at] = Call(at, filter_.name, len(filter_.args) - len(named), named)
    return [found[at] for at in sorted(found)]


def misfit(call: Call) -> str | None:
    """Say why the arguments do not fit a known filter; None when they do."""
    parameters = inspect.signature(_PLAIN.filters[call.name]).parameters.values()
    taken = [p for p in parameters if p.name not in _GIVEN][1:]  # the first is the value
    most = sum(p.kind is not p.KEYWORD_ONLY for p in taken)
    least = sum(p.default is p.empty for p in taken)
    for name in call.keywords:
        if name not in {p.name for p in taken}:
            return f"the filter '{call.name}' has no argument '{name}'"
    if not least <= call.arguments + len(call.keywords) <= max(most, len(taken)):
        wanted = str(least) if least == most else f"{least} to {most}"
        return f"the filter '{call.name}' takes {wanted} arguments, not {call.arguments}"
    return None


def names(text: Parsed) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (position, path) of each name that a text takes from outside; paths as in `a.b`."""
    for uses in text.analyze().globals.values():
        for use in uses:
            yield use.span.index, tuple(str(segment) for segment in use.segments)


def given(text: Parsed) -> Iterator[tuple[int, str]]:
    """Yield (position, name) of each name that a text gives to a value, or to a loop's element."""
    for node in _walk(text.nodes):
        if isinstance(node, Node):
            for name in (*node.template_scope(), *node.block_scope()):
                yield name.token.start_index, str(name)


def searched_ranges(text: Parsed) -> Iterator[int]:
    """Yield the position of each range that is looked through with `contains`."""
    for part in _walk(text.nodes):
        if isinstance(part, ContainsExpression) and isinstance(part.left, RangeLiteral):
            yield part.token.start_index


def _walk(nodes: Iterable[Node]) -> Iterator[Node | Expression]:
    """Yield nodes and expressions with all that is below them."""
    context = RenderContext(_PLAIN.from_string(""))
    waiting: list[Node | Expression] = list(nodes)
    while waiting:
        here = waiting.pop()
        yield here
        if isinstance(here, Node):
            waiting += [*here.expressions(), *here.children(context)]
        else:
            waiting += here.children()


def _construct(error: Exception) -> str:
    """Return the output or tag that an error of the engine's own arose in."""
    token = error.token if isinstance(error, LiquidError) else None
    if token is None or token.start_index < 0:
        return ""
    at = token.start_index
    return next((c.text for c in constructs(token.source) if c.start <= at < c.end), "")


def _reason(error: Exception) -> str:
    if not isinstance(error, LiquidError):
        return f"{type(error).__name__}: {error}"[:MAX_REASON]
    token = error.token
    known = token is not None and token.start_index >= 0
    line = token.source.count("\n", 0, token.start_index) + 1 if token and known else 0
    return f"{f'line {line}: ' if line else ''}{error.message}"[:MAX_REASON]
