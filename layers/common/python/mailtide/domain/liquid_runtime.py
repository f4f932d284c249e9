"""What compiled Liquid calls: the engine's own meaning of values, with a short way for common ones.

A compiled template never decides a doubtful case. Where a limit may be near, or a value is one that
the short ways are not made for, it raises `Doubtful` and the engine itself fills that part. So the
limits here (`liquid_budget`) only have to be well below the engine's, not equal to them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
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
from mailtide.domain.liquid_budget import LOOKUP, SPACE, Doubtful, Room, light, take

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
        take(room, len(encoded))
    return encoded


def _shown(value: object, *, autoescape: bool) -> str:
    """Write a value, whose length shows in what is written."""
    text = to_liquid_string(value, autoescape=autoescape)
    if isinstance(value, list | range) and len(value) > len(text):
        raise Doubtful
    return text


def _html(value: object, room: Room) -> bytes:
    return _piece(_shown(value, autoescape=True), room)


def _plain(value: object, room: Room) -> bytes:
    return _piece(_shown(value, autoescape=False), room)


def _calm(value: object, room: Room) -> bytes:
    text = _shown(value, autoescape=False)
    if not text or not plain_text.is_calm(text):
        raise Doubtful
    return _piece(text, room)


def _calm_or_empty(value: object, room: Room) -> bytes:
    text = _shown(value, autoescape=False)
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
    return _held(_shown(value, autoescape=True), room)


def text(value: object, room: Room) -> str:
    """Write a value into plain text that is kept in a variable."""
    return _held(_shown(value, autoescape=False), room)


@lru_cache(maxsize=256)
def settle(spaces: str) -> bytes:
    """Settle and encode white space that stands before something."""
    return quoted_printable.piece(plain_text.settled_gap(spaces))


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
    if isinstance(value, str) and 0 < len(value) <= LOOKUP:
        return value
    if value is None or value.__class__ is Undefined:
        return other
    light(value)
    return engine_default(value, other)


def field(value: object) -> str:
    """Our `mt_field`."""
    if isinstance(value, str) and value.isalnum() and value.isascii() and len(value) <= LOOKUP:
        return Markup(value)
    light(value)
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
    items = _items(value)
    length = len(items)
    start = 0 if offset is _ABSENT else to_int(offset)
    stop = 0 if limit is _ABSENT else to_int(limit) + start
    first, last = min(max(start, 0), length), min(stop or length, length)
    if length > LOOKUP or last < 0:
        raise Doubtful
    chosen = items[first:last]
    return (reversed(chosen) if is_reversed else iter(chosen)), len(chosen)


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


def _held(text: str, room: Room) -> str:
    text = one_line_end(text)
    text.encode()  # half a surrogate pair is no text
    if len(text) > quoted_printable.PLAIN:
        take(room, len(text))
    return text


def _items(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Mapping):
        return list(value.items())
    return value if isinstance(value, Sequence) else []


def _number(value: Any) -> int:
    try:
        return to_int(value)
    except (ValueError, TypeError):
        return 0
