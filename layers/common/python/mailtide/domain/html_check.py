"""HTML check: tags that are not ended or end nothing, found where the author wrote them.

It is as tolerant as browsers are (the HTML standard, section 13.1.2: which end tags may be left
out), and knows that Liquid chooses between pieces of markup: what only some branches open or end is
taken as it comes.
Source: docs/domain/rendering.md.
"""

import re
from dataclasses import dataclass, field

from mailtide.domain import markup
from mailtide.domain.markup import Kind, Masked, Token

VOID = frozenset(
    {
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)
_END_MAY_BE_LEFT_OUT = frozenset(
    {
        "body",
        "caption",
        "colgroup",
        "dd",
        "dt",
        "head",
        "html",
        "li",
        "optgroup",
        "option",
        "p",
        "rb",
        "rp",
        "rt",
        "rtc",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    }
)
# Their beginning may be left out too, or an end tag without one does no harm.
_END_MAY_STAND_ALONE = frozenset({"body", "br", "colgroup", "head", "html", "p", "tbody"})
MAX_DEPTH = 500  # elements; mail programs give up earlier, and each costs time here
_FOREIGN = frozenset({"svg", "math"})  # in them `<x/>` is a whole element
_CONTROL = re.compile(r"\{%-?\s*(\w+)")
_BRANCHING = frozenset({"case", "for", "if", "ifchanged", "tablerow", "unless"})
_LOOPS = frozenset({"for", "tablerow"})
_ALTERNATIVE = frozenset({"else", "elsif", "when"})
_CONDITIONAL = re.compile(r"<!--\[if\b", re.IGNORECASE)
_CONDITION_ENDS = re.compile(r"<!\[endif\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that was opened."""

    name: str
    start: int
    sure: bool = True  # False when only some branches opened it, or some have ended it


_Stack = tuple[_Open, ...]


@dataclass(slots=True)
class _Branches:
    """A block of Liquid that chooses between pieces of markup."""

    name: str
    before: _Stack
    ends: list[_Stack] = field(default_factory=list)
    strays: list[tuple[int, str]] = field(default_factory=list)  # ends of nothing that was open
    begun: bool = False  # an alternative was seen: what is before the first of a `case` is nothing
    exhaustive: bool = False  # one of its pieces is always taken


def faults(masked: Masked) -> list[tuple[int, str]]:
    """Return (position in the masked text, what is wrong), where its Liquid is right."""
    return _Checker(masked).run()


class _Checker:
    """Follows the open elements through a document."""

    def __init__(self, masked: Masked) -> None:
        self._masked = masked
        self._open: _Stack = ()
        self._branches: list[_Branches] = []
        self._condition: int | None = None  # where a conditional comment began
        self._found: list[tuple[int, str]] = []

    def run(self) -> list[tuple[int, str]]:
        """Return (position in the masked text, what is wrong)."""
        done = 0
        for token in markup.tokens(self._masked.text):
            if len(self._open) > MAX_DEPTH:
                return [(token.start, f"elements are nested over {MAX_DEPTH} deep")]
            for liquid in self._masked.inside(done, token.end):
                self._follow(liquid)
            done = token.end
            self._take(token)
        self._left_open(self._open)
        if self._condition is not None:
            self._found.append((self._condition, "a conditional comment has no '<![endif]-->'"))
        return sorted(set(self._found))

    def _take(self, token: Token) -> None:
        if token.kind is Kind.OPENING:
            self._begin(token)
        elif token.kind is Kind.CLOSING:
            self._end(token)
        elif token.kind is Kind.COMMENT:
            self._comment(token)
        elif token.kind is Kind.ENDLESS:
            self._found.append((token.start, markup.ENDLESS))
        elif token.kind is Kind.BROKEN:
            self._found.append((token.start, markup.BROKEN))
            if token.name:
                self._open += (_Open(token.name, token.start, sure=False),)

    def _begin(self, token: Token) -> None:
        whole = ":" in token.name or any(one.name in _FOREIGN for one in self._open)
        if token.name in VOID or (token.empty and whole):
            return
        last = self._open[-1] if self._open else None
        if last is not None and last.name == token.name and last.name in _END_MAY_BE_LEFT_OUT:
            self._open = self._open[:-1]
        self._open += (_Open(token.name, token.start),)

    def _end(self, token: Token) -> None:
        if token.name in VOID:
            return
        names = [one.name for one in self._open]
        if token.name not in names:
            if token.name not in _END_MAY_STAND_ALONE:
                self._stray((token.start, token.name))
            return
        place = len(names) - 1 - names[::-1].index(token.name)
        self._left_open(self._open[place + 1 :])
        self._open = self._open[:place]

    def _stray(self, place: tuple[int, str]) -> None:
        """Take an end of nothing: one in a loop may end what an earlier pass of it has begun."""
        for block in reversed(self._branches):
            if block.name == "capture":
                return
            if block.name in _LOOPS:
                block.strays.append(place)
                return
        self._found.append((place[0], f"'</{place[1]}>' ends nothing"))

    def _left_open(self, elements: _Stack) -> None:
        for one in elements:
            if one.sure and one.name not in _END_MAY_BE_LEFT_OUT:
                self._found.append((one.start, f"'<{one.name}>' is not ended by '</{one.name}>'"))

    def _comment(self, token: Token) -> None:
        """Look after conditional comments, which only Outlook reads."""
        text = self._masked.text[token.start : token.end]
        if _CONDITIONAL.match(text):
            if self._condition is not None:
                self._found.append((self._condition, "a conditional comment has no '<![endif]-->'"))
            self._condition = token.start
        if _CONDITION_ENDS.search(text):
            self._condition = None

    def _follow(self, liquid: str) -> None:
        """Go into a branch, to the next one, or on behind all of them."""
        control = _CONTROL.match(liquid)
        name = control[1] if control else ""
        if name in _BRANCHING or name == "capture":
            self._branches.append(_Branches(name, self._open))
        elif not self._branches:
            return
        elif name in _ALTERNATIVE:
            here = self._branches[-1]
            if here.begun or here.name != "case":
                here.ends.append(self._open)
            here.begun = True
            here.exhaustive |= name == "else"
            self._open = here.before
        elif name == f"end{self._branches[-1].name}":
            here = self._branches.pop()
            self._leave(here)
            self._open = _merged(here, self._open)

    def _leave(self, loop: _Branches) -> None:
        """Report the ends in a loop of what no pass of it leaves open."""
        before = {one.start for one in loop.before}
        begun = {one.name for one in self._open if one.start not in before}
        for place in loop.strays:
            if place[1] not in begun:
                self._stray(place)


def _merged(block: _Branches, last: _Stack) -> _Stack:
    """Return what is open behind a block: surely where all ways through it agree."""
    if block.name == "capture":  # what is captured is used elsewhere
        return block.before
    ways = [*block.ends, last]
    if not block.exhaustive:
        ways.append(block.before)
    first = ways[0]
    if all(_places(way) == _places(first) for way in ways):
        return first
    sure = set.intersection(*({(one.name, one.start) for one in way if one.sure} for way in ways))
    known = {(one.name, one.start): one for way in ways for one in way}
    return tuple(
        _Open(name, start, sure=(name, start) in sure) for name, start in sorted(known, key=_start)
    )


def _places(stack: _Stack) -> list[tuple[str, int]]:
    return [(one.name, one.start) for one in stack]


def _start(place: tuple[str, int]) -> int:
    return place[1]
