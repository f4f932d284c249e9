"""Quoted address: where in somebody's text an address begins and ends, around one sign for @.

That is guessing: `a=b@example.com` may be one address or the value of a parameter. So there are
several readings, the likeliest first: the local part ends at what is rare in one, the domain goes
as far as it can, on its own line if that is enough.
Units: lengths are characters; what is looked at around a sign is bounded.
Source: RFC 5321 sections 4.1.2 and 4.5.3.1 (form, lengths); docs/domain/erasure.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mailtide.domain import spelling
from mailtide.domain.spelling import PLAIN, QUOTED_PRINTABLE, XTEXT, Unit

# Signs for @, by what escapes the characters around them.
SIGNS = (
    r"(?P<plain>@|\\u0040|&\#64;|&\#[xX]40;|&commat;|%(?:25)*40)|(?P<printable>=40)|(?P<xtext>\+40)"
)

_MODES: Mapping[str, tuple[str, ...]] = {
    "plain": (PLAIN, XTEXT, QUOTED_PRINTABLE),
    "printable": (QUOTED_PRINTABLE,),
    "xtext": (XTEXT,),
}
_ATOM = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.")  # RFC 5322 3.2.3
_RARE = frozenset("=/?&#|{}~^$!*`%")  # allowed in a local part, and more often around one
_LOCAL = 64  # RFC 5321 section 4.5.3.1.1
_DOMAIN = 253
_BEFORE = 256  # of a text before an @ that are looked at; escapes make an address longer
_BEHIND = 1024
_CODE = 24  # as long as the line end and the codes of a reply may be
_APART = frozenset(" \t,:;<>()[]")  # no local part ends with it, but a line before may
_ESCAPED_N = "\\n"
_READINGS = 8  # beginnings, and ends, of one address


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read an address out of a text."""

    units: tuple[Unit, ...]
    address: str  # in lower case

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        return self.units[0].start

    @property
    def end(self) -> int:
        """Where the text goes on behind it."""
        return self.units[-1].end


def is_whole(address: str) -> bool:
    """Say whether an address, in lower case, can be a contact's, as far as its form goes."""
    local, _, domain = address.rpartition("@")
    return "." in domain and domain[-1].isalpha() and _ATOM.issuperset(local)


def readings(text: str, at: Unit, kind: str, bound: int) -> Iterator[Reading]:
    """Yield the ways to read the address around an @, the likeliest first.

    Args:
        text: the whole text.
        at: the sign.
        kind: the name of its group in `SIGNS`.
        bound: no address begins before this place.
    """
    first, *others = _MODES[kind]
    near = text[max(bound, at.start - _BEFORE) : at.end + _BEHIND]
    for mode in (first, *(mode for mode in others if mode in near)):
        domains = _domains(text, at.end, mode)
        locals_ = _locals(text, at.start, bound, mode) if domains else ()
        for local in locals_:
            for domain in domains:
                whole = (*local, at, *domain)
                yield Reading(whole, "".join(unit.char for unit in whole).lower())


def _locals(text: str, end: int, bound: int, mode: str) -> list[tuple[Unit, ...]]:
    """Return the local parts that may end before an @, the shortest first."""
    near = text[max(bound, end - _CODE) : end]
    if near[-1:] in _APART and not ("\n" in near or "\\n" in near):
        return []
    found = list(spelling.units(text, max(bound, end - _BEFORE), end, mode))
    if found and found[-1].char == '"':
        return _quoted(found)
    starts = (_trimmed(found, start) for start in _starts(found))
    kept = islice(dict.fromkeys(start for start in starts if start < len(found)), _READINGS)
    locals_ = [tuple(found[start:]) for start in kept]
    if not locals_ and found and found[-1].text == _ESCAPED_N:
        return [(_unquoted(found[-1])[-1],)]
    return locals_


def _starts(found: Sequence[Unit]) -> Iterator[int]:
    """Yield where a local part may begin: behind rare characters and line ends, or as far back."""
    length = 0
    index = len(found)
    for index in range(len(found) - 1, -1, -1):
        char = found[index].char.lower()
        if length and (found[index].joint or char in _RARE):
            yield index + 1
        if char and not (char in _ATOM or (char > "\x7f" and char.isalnum())):
            break
        length += len(char)
        if length > _LOCAL:
            break
    else:
        index = -1
    yield index + 1


def _trimmed(found: Sequence[Unit], start: int) -> int:
    """Return the first unit from `start` on that a local part can begin with."""
    while start < len(found) and found[start].char in ("", ".", "'"):
        start += 1
    return start


def _quoted(found: Sequence[Unit]) -> list[tuple[Unit, ...]]:
    """Return the quoted local part that ends here; its quotes and backslashes say nothing."""
    quote = found[-1].text
    for index in range(len(found) - 2, -1, -1):
        if found[index].joint and found[index].text != _ESCAPED_N:
            break
        if found[index].text == quote:
            inner = [one for unit in found[index + 1 : -1] for one in _unquoted(unit)]
            whole = (found[index].silent(), *inner, found[-1].silent())
            return [whole] if inner else []
    return []


def _unquoted(unit: Unit) -> tuple[Unit, ...]:
    """Return what a unit is where a backslash only stands before a character."""
    if unit.joint:  # the line end that it is in JSON, if this were JSON
        return Unit("", "\\", unit.start), Unit("n", "n", unit.start + 1)
    return (unit.silent() if unit.char == "\\" else unit,)


def _domains(text: str, start: int, mode: str) -> list[tuple[Unit, ...]]:
    """Return the domains that may begin behind an @, the longest on its line first.

    When the text ends within one, that piece is all there is.
    """
    stop = min(len(text), start + _BEHIND)
    run = list(_host(spelling.units(text, start, stop, mode)))
    line = next((i for i, unit in enumerate(run) if unit.joint), len(run))
    ends = sorted(_ends(run), key=lambda end: (end > line, -end))
    if not ends and line == len(run) and (run[-1].end if run else start) == len(text):
        return [tuple(run)]
    return [tuple(run[:end]) for end in ends[:_READINGS]]


def _host(units: Iterable[Unit]) -> Iterator[Unit]:
    """Yield the units that a domain may be made of."""
    last = "."
    for unit in islice(units, _DOMAIN):
        if unit.char and not (unit.char.isalnum() or unit.char == "-" or last != unit.char == "."):
            return
        last = unit.char or last
        yield unit


def _ends(run: Sequence[Unit]) -> Iterator[int]:
    """Yield how many units of a run make a whole domain: a dot in it, letters at its end."""
    dotted = False
    for end, unit in enumerate(run, start=1):
        dotted = dotted or unit.char == "."
        goes_on = end < len(run) and run[end].char.isalpha()
        if dotted and unit.char.isalpha() and not goes_on:
            yield end
