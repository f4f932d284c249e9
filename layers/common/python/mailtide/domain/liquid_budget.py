"""Liquid budget: what a compiled template may do by itself, well below what the engine allows.

Over it a message is in doubt, and the engine says whether it can be made at all. Of the engine's
5,000,000 characters of work (`liquid_limits`) in one part, these are at most:

    2,400,000   passes of loops; values that are looked up, each taken for as long as one can be
    500,000     filters
    8,192       what is given a name, each; 100,000 all together
    500,000     values in the finished message, whose length is seen there
    750,000     values of at most a line that are written into variables
    500,000     longer ones

Source: docs/domain/rendering.md.
"""

from collections.abc import Mapping, Sequence
from sys import getsizeof
from typing import Any

from mailtide.domain.contact_fields import ATTRIBUTES_LIMIT
from mailtide.domain.liquid_limits import weight

CEILING = 500_000  # bytes of one message; the engine allows 1,000,000 of a part
PIECES = 5_000  # of a list that a loop adds to
SPACE = 100_000  # bytes of all variables; the engine allows 200,000
LOOKUP = ATTRIBUTES_LIMIT  # work that one value may be
WORK = 2_400_000  # of passes and lookups
FILTERED = 500_000  # work of filters
OUTPUTS = 10_000  # values that a part may write
TURNS = 10_000  # of nested loops; as the engine

# Bytes that the values of a part may still take, those apart that fit on one line: one number.
Room = list[int]


class Doubtful(Exception):  # noqa: N818 (nothing is wrong yet)
    """The short way does not know what the engine would do."""


def take(room: Room, size: int) -> None:
    """Take some room."""
    room[0] -= size
    if room[0] < 0:
        raise Doubtful


def sized(variable: object, space: int) -> int:
    """Return how much space the variables take with this one."""
    size = getsizeof(variable, 1) + (0 if isinstance(variable, str) else weight(variable))
    space += size
    if size > LOOKUP or space > SPACE:
        raise Doubtful
    return space


def light(value: object) -> None:
    """Hold that a value is no more work than one that was looked up."""
    if weight(value) > LOOKUP:
        raise Doubtful


def within(pieces: Sequence[bytes | str]) -> None:
    """Hold that what was written can be joined."""
    if sum(map(len, pieces)) > CEILING:
        raise Doubtful


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
