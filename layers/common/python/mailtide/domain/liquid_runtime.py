"""What compiled Liquid calls: the engine's own meaning of values, with a short way for common ones.

A compiled template never decides a doubtful case. Where a limit may be near, or a value is one that
the short ways are not made for, it raises `Doubtful` and the engine itself fills that part. So the
limits here only have to be well below the engine's (`liquid_limits`), not equal to them: what they
leave out of 5,000,000 pieces of work are 2,400,000 for passes of loops and for values that are
looked up, 500,000 for filters, 500,000 for what is long in the part, and a line for each value.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from sys import getsizeof
from typing import Any

from liquid import Markup
from liquid.builtin.expressions.logical import _eq as engine_equal
from liquid.builtin.filters.misc import default as engine_default
from liquid.context import RenderContext
from liquid.limits import to_int
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined

from mailtide.domain import liquid_language as language
from mailtide.domain import plain_text, quoted_printable

CEILING = 500_000  # bytes of one message; the engine allows 1,000,000 of a part
PIECES = 5_000  # of a list that a loop adds to
SPACE = 8_192  # bytes of all variables
LOOKUP = 8_192  # work that a value may be: as long as all attributes of a contact are at most
WORK = 2_400_000  # of passes and lookups
FILTERED = 500_000  # work of filters
OUTPUTS = 10_000  # values that a part may write
TURNS = 10_000  # of nested loops; as the engine
PACKED = "mt packed"  # the message's id as bytes
UNSET = object()
_ABSENT = object()
_DIGITS = 200  # binary ones; they are no more than 61 decimal ones
# What stands on a line of its own as it is: in HTML nothing that is escaped, in text nothing that
# settling changes.
_AS_IT_IS_IN_HTML = re.compile(r"(?!\.|From )[ !#-%(-;?-~]{1,75}").fullmatch
_AS_IT_IS = re.compile(r"(?!\.|From )(?=.{1,75}\Z)[!-<>-~]+(?: [!-<>-~]+)*").fullmatch
_AS_IT_IS_ANYWHERE = re.compile(
    r"(?!\.|From )(?=.{1,75}\Z)[!#-%(-;?-~]+(?: [!#-%(-;?-~]+)*"
).fullmatch
_LINE = 78  # bytes
_SPECIAL = frozenset({"size", "first", "last"})


# How the engine takes one step of a path; it looks at its settings only.
_step = RenderContext(language.engine(language.Use.PLAIN).from_string("")).get_item


class Doubtful(Exception):  # noqa: N818 (nothing is wrong yet)
    """The short way does not know what the engine would do."""


# Bytes that the values of a part may still take, those apart that fit on one line: one number.
Room = list[int]


def _take(room: Room, size: int) -> None:
    room[0] -= size
    if room[0] < 0:
        raise Doubtful


def short(value: Any) -> bytes | None:
    """Encode a value that every part can hold as it is, on a line of its own; None for others."""
    if isinstance(value, str):
        return f"{value}=\r\n".encode() if _AS_IT_IS_ANYWHERE(value) else None
    if value.__class__ is int and value.bit_length() < _DIGITS:
        return f"{value}=\r\n".encode()
    return None


def _slot(
    as_it_is: Callable[[str], object], encoded: Callable[[Any, Room], bytes]
) -> Callable[[Any, Room], bytes]:
    """Return what writes a value: as it is when it can stand so, on a line of its own."""

    def write(value: Any, room: Room) -> bytes:
        if isinstance(value, str):
            if as_it_is(value):
                return f"{value}=\r\n".encode()
        elif value.__class__ is int and value.bit_length() < _DIGITS:
            return f"{value}=\r\n".encode()
        return encoded(value, room)

    return write


def _piece(text: str, room: Room) -> bytes:
    encoded = quoted_printable.piece(text)
    if len(encoded) > _LINE:
        _take(room, len(encoded))
    return encoded


def _html(value: object, room: Room) -> bytes:
    return _piece(to_liquid_string(value, autoescape=True), room)


def _plain(value: object, room: Room) -> bytes:
    return _piece(to_liquid_string(value, autoescape=False), room)


def _calm(value: object, room: Room) -> bytes:
    text = to_liquid_string(value, autoescape=False)
    if not text or not plain_text.is_calm(text):
        raise Doubtful
    return _piece(text, room)


def _calm_or_empty(value: object, room: Room) -> bytes:
    text = to_liquid_string(value, autoescape=False)
    return _calm(text, room) if text else b""


html = _slot(_AS_IT_IS_IN_HTML, _html)
plain = _slot(_AS_IT_IS, _plain)
# Into a text that is settled: what settling neither changes nor joins; and what may be empty, since
# there is white space on one side of it at most.
calm = _slot(_AS_IT_IS, _calm)
calm_or_empty = _slot(_AS_IT_IS, _calm_or_empty)


def one_line_end(text: str) -> str:
    """Write line ends as the engine does: each piece of text by itself."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def html_text(value: object, room: Room) -> str:
    """Write a value into HTML that is kept in a variable."""
    return _held(to_liquid_string(value, autoescape=True), room)


def text(value: object, room: Room) -> str:
    """Write a value into plain text that is kept in a variable."""
    return _held(to_liquid_string(value, autoescape=False), room)


@lru_cache(maxsize=256)
def settle(spaces: str) -> bytes:
    """Settle and encode white space that stands before something."""
    return quoted_printable.piece(plain_text.settled_gap(spaces))


def sized(variable: object, space: int) -> int:
    """Return how much space the variables take with this one, and what it stands for."""
    space += getsizeof(variable, 1) + (len(variable) if isinstance(variable, list | range) else 0)
    if space > SPACE:
        raise Doubtful
    return space


def within(pieces: Sequence[bytes | str]) -> None:
    """Hold that what loops wrote can be joined."""
    if sum(map(len, pieces)) > CEILING:
        raise Doubtful


def captured(pieces: Sequence[str]) -> str:
    """Join what was captured."""
    if sum(map(len, pieces)) > SPACE:
        raise Doubtful
    return "".join(pieces)


def truthy(value: object) -> bool:
    """Say whether a condition holds."""
    return value is not None and value is not False and value.__class__ is not Undefined


def equal(left: object, right: object) -> bool:
    """Compare as `==` does."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return bool(engine_equal(left, right))


def step(value: Any, key: str, undefined: Undefined) -> Any:
    """Follow a path of one step, to a name that means nothing special."""
    if value.__class__ is dict:
        return value.get(key, undefined)
    return dig(value, (key,), undefined)


def dig(value: Any, keys: Sequence[Any], undefined: Undefined) -> Any:
    """Follow a path; the engine takes the steps that are not into a mapping of ours."""
    try:
        for key in keys:
            if value.__class__ is dict and key not in _SPECIAL and key.__class__ is str:
                value = value[key]
            else:
                value = _step(value, key)
    except (KeyError, TypeError, IndexError):
        return undefined
    return value


def default(value: object, other: object = "") -> object:
    """Liquid's `default`."""
    if isinstance(value, str) and value:
        return value
    return engine_default(value, other)


def field(value: object) -> str:
    """Our `mt_field`."""
    if isinstance(value, str) and value.isalnum() and value.isascii():
        return Markup(value)
    encoded: str = language.field(value)
    return encoded


def bind(data: Mapping[str, Any], url: object, index: int) -> str:
    """Our `mt_bind`."""
    return Markup(data[language.BIND](str(url), index, data[PACKED]))


def tag(data: Mapping[str, Any], url: object) -> str:
    """Our `mt_tag`."""
    return Markup(data[language.TAG](str(url)))


def numbers(start: Any, stop: Any) -> range:
    """Liquid's `(start..stop)`."""
    first, last = _number(start), _number(stop)
    return range(first, last + 1) if first <= last else range(0)


def loop(
    value: Any, is_reversed: bool, limit: Any = _ABSENT, offset: Any = _ABSENT
) -> tuple[Iterator[Any], int]:
    """Return what a `for` goes over, and how many turns it has."""
    items, length = _items(value)
    start = 0 if offset is _ABSENT else to_int(offset)
    stop = 0 if limit is _ABSENT else to_int(limit) + start
    first, last = min(max(start, 0), length), min(stop or length, length)
    if last - first > TURNS:
        raise Doubtful
    chosen = islice(items, first, last)
    return (reversed(list(chosen)) if is_reversed else chosen), max(last - first, 0)


def group(value: object) -> str:
    """Name a group of `cycle`."""
    return "__UNDEFINED" if value.__class__ is Undefined else str(value)


def cycle(turns: dict[str, int], name: str, choices: list[Any]) -> Any:
    """Return the next of the choices of a `cycle`."""
    key = name or str(choices)
    turn = turns.get(key, 0)
    if turn >= len(choices):
        return ""
    turns[key] = (turn + 1) % len(choices)
    return choices[turn]


class Names:
    """The data by name, and the work that was done, as filters ask the engine for them."""

    __slots__ = ("left", "resolve")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.resolve = data.__getitem__
        self.left = FILTERED

    def spend(self, work: int) -> None:
        """Count some work."""
        self.left -= work
        if self.left < 0:
            raise Doubtful


def _held(text: str, room: Room) -> str:
    text = one_line_end(text)
    text.encode()  # half a surrogate pair is no text
    if len(text) > quoted_printable.PLAIN:
        _take(room, len(text))
    return text


def _items(value: Any) -> tuple[Iterable[Any], int]:
    if isinstance(value, str):
        return ([value], 1) if value else ([], 0)
    if isinstance(value, Mapping):
        return value.items(), len(value)
    return (value, len(value)) if isinstance(value, Sequence) else ([], 0)


def _number(value: Any) -> int:
    try:
        return to_int(value)
    except (ValueError, TypeError):
        return 0
