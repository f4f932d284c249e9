"""Liquid check: everything that is wrong with the Liquid of one part of a template, with its place.

The engine stops at the first error and names the end of the text for a block that is not closed.
So each `{{ … }}` and `{% … %}` is read for itself, and blocks are paired here.
Source: docs/domain/rendering.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mailtide.domain import liquid_language as language
from mailtide.domain.faults import MAX_FAULTS, Fault, fault_at, instead
from mailtide.domain.markup import constructs

NAMES = {
    "campaign": {"name"},
    "contact": set[str](),
    "unsubscribe_url": set[str](),
    "variables": set[str](),  # of a single message
}
_TAG = re.compile(r"\{%-?\s*(?P<name>#|[a-z_A-Z]\w*)?")
_OPENING = re.compile(r"\{[{%]")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")
_DEEPER = re.compile(r"\[|\b(?:and|or)\b")
MAX_DEPTH = 100  # brackets and operators of one line; the library's reader calls itself for each
_VERBATIM = frozenset({"raw", "comment", "doc"})
_BLOCKS = frozenset({"capture", "case", "for", "if", "ifchanged", "tablerow", "unless"}) | _VERBATIM
_BRANCHES = {
    "else": frozenset({"case", "for", "if", "unless"}),
    "elsif": frozenset({"if", "unless"}),
    "when": frozenset({"case"}),
    "break": frozenset({"for", "tablerow"}),
    "continue": frozenset({"for", "tablerow"}),
}
_KNOWN_TAGS = language.TAGS | frozenset(_BRANCHES)
_HINTS = (
    (re.compile(r"&#?\w+;"), "write the character itself, not its entity"),
    (re.compile("[\u2018-\u201f]"), "use straight quotes"),
    (re.compile("&&"), "write 'and'"),
    (re.compile(r"\|\|"), "write 'or'"),
)
_READ_WITH_THEIR_BLOCK = frozenset({"else", "break", "continue"})
_BEFORE = {"elsif": "{% if true %}", "when": "{% case 1 %}"}  # what a branch is read behind
_CLOSED_BY = {"elsif": "endif", "when": "endcase"}


_Found = Iterator[tuple[int, str]]  # position, what is wrong


@dataclass(frozen=True, slots=True)
class _Open:
    name: str
    index: int


def faults(part: str, source: str) -> list[Fault]:
    """Return all that is wrong, in order; names and filters only when the syntax is right."""
    torn = _first(_delimiters(part, source), _blocks(part, source))
    if torn:
        return sorted({*torn, *_first(_constructs(part, source))})
    stopped = language.syntax_error(source)
    if stopped is None:
        text = language.parsed(source)
        kinds = (_calls(text), _names(text), _given(text), _searched(text))
        return _first(*(_placed(part, source, kind) for kind in kinds))
    return _first(_constructs(part, source)) or [fault_at(part, source, *stopped)]


def _first(*found: Iterator[Fault]) -> list[Fault]:
    """Return the first faults of each kind, in order."""
    return sorted({fault for kind in found for fault in islice(kind, MAX_FAULTS)})


def _delimiters(part: str, source: str) -> Iterator[Fault]:
    """Find what begins as Liquid and does not end, between constructs or inside of one."""
    done = 0
    for construct in constructs(source):
        yield from _unclosed(part, source, done, construct.start)
        done = construct.end
        if not construct.verbatim and _nested(construct.text):
            yield _not_ended(part, source, construct.start)
        elif not construct.verbatim and _depth(construct.text) > MAX_DEPTH:
            yield fault_at(part, source, construct.start, f"it is nested over {MAX_DEPTH} deep")
    yield from _unclosed(part, source, done, len(source))


def _depth(text: str) -> int:
    """Return how deep the reader would go for one line of a construct, at most."""
    return max(len(_DEEPER.findall(line)) for line in text.split("\n"))


def _unclosed(part: str, source: str, start: int, end: int) -> Iterator[Fault]:
    for opening in _OPENING.finditer(source, start, end):
        yield _not_ended(part, source, opening.start())


def _not_ended(part: str, source: str, index: int) -> Fault:
    opening = source[index : index + 2]
    closing = "}}" if opening == "{{" else "%}"
    return fault_at(part, source, index, f"'{opening}' is not ended by '{closing}'")


def _tags(source: str) -> Iterator[tuple[int, str]]:
    """Yield (position, name) of each tag; what is raw or a comment is none."""
    for construct in constructs(source):
        if construct.is_tag:
            name = _TAG.match(construct.text)
            yield construct.start, (name and name["name"]) or ""


def _blocks(part: str, source: str) -> Iterator[Fault]:
    """Pair what opens a block with what ends it."""
    opened: list[_Open] = []
    for index, name in _tags(source):
        if name in _BLOCKS:
            opened.append(_Open(name, index))
        elif name in _BRANCHES:
            if not _stands_in(name, opened):
                inside = " or ".join(sorted(_BRANCHES[name]))
                yield fault_at(part, source, index, f"'{name}' stands outside of {inside}")
        elif name.startswith("end") and name[3:] in _BLOCKS:
            yield from _end(part, source, index, name[3:], opened)
    yield from (_left_open(part, source, block) for block in opened)


def _stands_in(name: str, opened: list[_Open]) -> bool:
    blocks = {block.name for block in (opened if name in ("break", "continue") else opened[-1:])}
    return bool(blocks & _BRANCHES[name])


def _end(part: str, source: str, index: int, name: str, opened: list[_Open]) -> Iterator[Fault]:
    if name not in {block.name for block in opened}:
        yield fault_at(part, source, index, f"'end{name}' ends no '{name}'")
        return
    while (block := opened.pop()).name != name:
        yield _left_open(part, source, block)


def _left_open(part: str, source: str, block: _Open) -> Fault:
    return fault_at(part, source, block.index, f"'{block.name}' is not ended by 'end{block.name}'")


def _constructs(part: str, source: str) -> Iterator[Fault]:
    """Read every output and tag for itself."""
    for construct in constructs(source):
        text, start = construct.text, construct.start
        tag = _TAG.match(text)
        name = (tag["name"] or "") if tag else ""
        if construct.verbatim or name in _VERBATIM or _nested(text) or _depth(text) > MAX_DEPTH:
            continue
        if tag is not None and not _is_known(name):
            detail = f"unknown tag '{name}'{instead(name, _KNOWN_TAGS)}" if name else "an empty tag"
            yield fault_at(part, source, start, detail)
        elif name not in _READ_WITH_THEIR_BLOCK and not name.startswith("end"):
            before = _BEFORE.get(name, "")
            stopped = language.syntax_error(before + text + _rest(name))
            if stopped is not None:
                index = min(max(stopped[0] - len(before), 0), len(text) - 1)
                detail = stopped[1] + _hint(text, index)
                yield fault_at(part, source, start + index, detail)


def _is_known(name: str) -> bool:
    return name in _KNOWN_TAGS or name.removeprefix("end") in _BLOCKS


def _hint(text: str, index: int) -> str:
    """Say what to write instead of what editors of text and of HTML write on their own."""
    return next((f"; {hint}" for found, hint in _HINTS if found.match(text, index)), "")


def _nested(text: str) -> bool:
    """Say whether a construct holds the beginning of another one, outside of its strings."""
    return _OPENING.search(_STRINGS.sub("", text[2:-2])) is not None


def _rest(name: str) -> str:
    closing = f"end{name}" if name in _BLOCKS else _CLOSED_BY.get(name)
    return f"{{% {closing} %}}" if closing else ""


def _placed(part: str, source: str, found: _Found) -> Iterator[Fault]:
    return (fault_at(part, source, index, detail) for index, detail in found)


def _calls(text: language.Parsed) -> _Found:
    for call in language.calls(text):
        if call.name not in language.FILTERS:
            why = f"unknown filter '{call.name}'{instead(call.name, language.FILTERS)}"
            yield call.index, why
        elif (misfit := language.misfit(call)) is not None:
            yield call.index, misfit


def _names(text: language.Parsed) -> _Found:
    for index, (root, *rest) in language.names(text):
        if root not in NAMES:
            known = ", ".join(sorted(NAMES))
            yield index, f"unknown name '{root}'; there are {known}"
        elif rest and root == "campaign" and rest[0] not in NAMES[root]:
            yield index, f"unknown name 'campaign.{rest[0]}'"


def _given(text: language.Parsed) -> _Found:
    """Find names of ours that are given to something else: links are made with them."""
    for index, name in language.given(text):
        if name in NAMES or name.startswith(language.OURS):
            yield index, f"the name '{name}' cannot be given to something else; choose another"


def _searched(text: language.Parsed) -> _Found:
    """Find ranges that would be looked through number by number, however long they are."""
    for index in language.searched_ranges(text):
        yield index, "a range takes no 'contains'; compare with <= and >="
