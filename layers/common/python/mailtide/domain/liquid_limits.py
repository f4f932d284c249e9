"""Liquid limits: what one part of a message may cost, so that no template uses up a sender.

The engine limits each loop with those around it, what is written, and what is kept in variables.
What that leaves open is counted here as work: what a loop goes over; what it repeats, each time it
does; values that are looked up or given a name; what filters take, and what is made of it by those
that multiply.
It is counted and not timed, so that the same message fails everywhere or nowhere.

Units: characters; an element of a list counts as one more.
Source: docs/domain/rendering.md.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import BlockNode
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.tags.for_tag import ForTag
from liquid.builtin.tags.tablerow_tag import TablerowTag
from liquid.exceptions import ResourceLimitError
from liquid.filter import with_context
from liquid.stream import TokenStream
from liquid.token import Token

MAX_WORK = 5_000_000  # of one part of one message: two seconds, if it is of the slowest kind
_COMPARED = 10  # pairs of elements that take as long as one character

_Filter = Callable[..., Any]


class Limited(Environment):
    """Liquid with limits."""

    loop_iteration_limit = 10_000  # passes, those of the loops around it multiplied
    local_namespace_limit = 200_000  # bytes
    output_stream_limit = 1_000_000  # bytes

    def limit(self) -> None:
        """Let all filters and loops that there are count what they do."""
        self.filters = {name: _metered(name, function) for name, function in self.filters.items()}
        self.add_tag(_ForTag)
        self.add_tag(_TablerowTag)


class _Context(RenderContext):
    """What one part of one message is filled with, and the work that was done for it."""

    __slots__ = ("held", "work")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.work = 0
        self.held = 0  # bytes of all variables; the engine would add them up at each assignment

    def spend(self, work: int) -> None:
        """Count some work.

        Raises:
            ResourceLimitError: when it is too much.
        """
        self.work += work
        if self.work > MAX_WORK:
            raise ResourceLimitError("it takes too much work for one message", token=None)

    def get(self, path: list[object], *, token: Token | None, **default: object) -> object:
        """Look a value up, as the engine does."""
        value = super().get(path, token=token, **default)
        self.spend(_length(value))
        return value

    def assign(self, key: str, val: object) -> None:
        """Give a value a name, as the engine does."""
        self.spend(_length(val))
        self.held += sys.getsizeof(val, 1) - sys.getsizeof(self.locals.get(key), 1)
        super().assign(key, val)

    def get_size_of_locals(self) -> int:
        """Return how many bytes the variables have."""
        return self.held


class _Template(BoundTemplate):
    context_class = _Context


Limited.template_class = _Template


class _Repeated(BlockNode):
    """What a loop does in each pass; a pass costs its length in the source."""

    __slots__ = ("length",)

    def __init__(self, block: BlockNode, start: Token, end: Token) -> None:
        super().__init__(block.token, block.nodes)
        self.length = max(1, end.start_index - start.start_index)

    def render_to_output(self, context: Any, buffer: TextIO) -> int:  # it is a `_Context`
        """Do one pass."""
        context.spend(self.length)
        return super().render_to_output(context, buffer)


class _Passes(LoopExpression):
    """What a loop goes over; to skip some of it takes time too."""

    __slots__ = ()

    def _to_iter(self, obj: object, context: Any) -> tuple[Iterator[Any], int]:
        items, length = super()._to_iter(obj, context)
        context.spend(length)
        return items, length


class _ForTag(ForTag):
    def parse(self, stream: TokenStream) -> Any:
        return _repeated(stream, super().parse)


class _TablerowTag(TablerowTag):
    def parse(self, stream: TokenStream) -> Any:
        return _repeated(stream, super().parse)


def _repeated(stream: TokenStream, parse: Callable[[TokenStream], Any]) -> Any:
    """Read a loop; the stream stands at its first tag, and then at its last."""
    start, node = stream.current, parse(stream)
    node.block = _Repeated(node.block, start, stream.current)
    loop = node.expression
    node.expression = _Passes(
        loop.token,
        loop.identifier,
        loop.iterable,
        limit=loop.limit,
        offset=loop.offset,
        reversed_=loop.reversed,
        cols=loop.cols,
    )
    return node


def _metered(name: str, function: _Filter) -> _Filter:
    grown = _GROWTH.get(name)
    takes_context = getattr(function, "with_context", False)

    @with_context
    @wraps(function)
    def run(value: object, *args: object, context: _Context, **kwargs: object) -> object:
        context.spend(weight(value) + weight(args) + weight(kwargs))
        if grown is not None:
            context.spend(grown(value, *args, **kwargs))
        if takes_context:
            kwargs["context"] = context
        return function(value, *args, **kwargs)

    return run


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | range) else 0


def weight(value: object) -> int:
    """Return how long a value is with all that is in it."""
    if isinstance(value, list | tuple):
        return len(value) + sum(map(weight, value))
    if isinstance(value, Mapping):
        return len(value) + sum(map(weight, value.values()))
    return _length(value)


def _replaced(value: object, seq: object = "", sub: object = "", **_: object) -> int:
    return str(value).count(str(seq)) * len(str(sub))


def _joined(value: object, separator: object = " ", **_: object) -> int:
    return _length(value) * len(str(separator))


def _compared(value: object, *_: object, **__: object) -> int:
    return _length(value) ** 2 // _COMPARED


# Filters whose result, or whose time, is more than a few times what they take; the parameters
# have the names that the filters' own have, because templates may use them.
_GROWTH: Mapping[str, Callable[..., int]] = {
    "join": _joined,
    "replace": _replaced,
    "uniq": _compared,
}
