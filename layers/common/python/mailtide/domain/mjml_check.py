"""MJML check: tags and attributes that there are not, and what stands in the wrong place.

The compiler lets most of it pass, or says neither where it is nor what it would take. What stands
in the ending tags (mj-text and such) is HTML, and checked as HTML is.
Source: docs/domain/rendering.md; docs of MJML 4 (`mjml_schema`).
"""

import re
from collections.abc import Iterator

from mailtide.domain import html_check, markup, mjml_schema
from mailtide.domain.faults import instead
from mailtide.domain.markup import Attribute, Kind, Masked
from mailtide.domain.mjml_document import Document, Element
from mailtide.domain.mjml_schema import ATTRIBUTES, CHILDREN, DEFAULTS

_Found = Iterator[tuple[int, str]]

_TEXT_ONLY = frozenset({"mj-preview", "mj-style", "mj-title"})
_CONTROL = re.compile(r"\{%-?\s*(\w+)")
_BLOCKS = frozenset({"capture", "case", "for", "if", "ifchanged", "tablerow", "unless"})
_COUNTS = re.compile(r"\{%-?\s*(cycle|decrement|increment)\b")
_SIZE = {"px": re.compile(r"\d+(?:\.\d+)?px"), "px or %": re.compile(r"\d+(?:\.\d+)?(?:px|%)")}


def faults(masked: Masked, document: Document) -> list[tuple[int, str]]:
    """Return (position in the masked text, what is wrong), where its Liquid is right."""
    named = list(_captured(masked))
    found = [one for one in document.stray if not any(one[0] in words for words in named)]
    found += [*_outermost(document), *_liquid_blocks(masked, document)]
    for element in document.root.walk():
        if element.parent is not None:
            found += _element(masked, element)
    return sorted(set(found))


def _captured(masked: Masked) -> Iterator[range]:
    """Yield what `{% capture %}` gives a name to before the document begins."""
    start: int | None = None
    for position, liquid in masked.placed(0, max(masked.text.find("<mjml"), 0)):
        control = _CONTROL.match(liquid)
        if control and control[1] == "capture":
            start = position
        elif control and control[1] == "endcapture" and start is not None:
            yield range(start, position)


def _outermost(document: Document) -> _Found:
    names = [element.name for element in document.root.children]
    if names.count("mjml") != 1:
        yield 0, "the document needs one '<mjml>' around all of it"
        return
    mjml = document.root.children[names.index("mjml")]
    inside = [child.name for child in mjml.children]
    if inside.count("mj-body") != 1:
        yield mjml.tag.start, "'<mjml>' needs one '<mj-body>'"
    if inside.count("mj-head") > 1 or ("mj-head" in inside and inside[0] != "mj-head"):
        yield mjml.tag.start, "'<mj-head>' stands once, and first, in '<mjml>'"


def _element(masked: Masked, element: Element) -> _Found:
    start, name = element.tag.start, element.name
    written = masked.text[start + 1 : start + 1 + len(name)]
    parent = element.parent.name if element.parent else ""
    if written != name:
        yield start, f"'<{written}>' is written in lower case: '<{name}>'"
    if name not in ATTRIBUTES and name not in DEFAULTS:
        yield start, f"unknown tag '<{name}>'{instead(name, ATTRIBUTES)}"
        return
    if parent in ATTRIBUTES and name not in CHILDREN.get(parent, frozenset()):
        yield start, f"'<{name}>' cannot stand in '<{parent}>'{_place_of(name)}"
    elif parent == "" and name != "mjml":
        yield start, f"'<{name}>' cannot stand outside of '<mjml>'"
    yield from _attributes(masked, element)
    yield from _loose(masked, element)
    if element.is_ending and name not in _TEXT_ONLY:
        yield from _content(masked, element)


def _place_of(name: str) -> str:
    parents = sorted(parent for parent, names in CHILDREN.items() if name in names)
    parents = [parent for parent in parents if parent != "mj-attributes"]
    return f"; it stands in {' or '.join(parents)}" if parents else ""


def _attributes(masked: Masked, element: Element) -> _Found:
    tag, name = element.tag, element.name
    is_default = element.parent is not None and element.parent.name == "mj-attributes"
    known = ATTRIBUTES.get(name, mjml_schema.ANY_ATTRIBUTE)
    known |= frozenset({"name"}) if is_default else frozenset()
    seen: set[str] = set()
    done = tag.start + 1 + len(name)
    for attribute in markup.attributes(masked.text, tag):
        yield from _between(masked, done, attribute.start)
        done = attribute.end
        if attribute.name not in known:
            yield (
                attribute.start,
                (f"'<{name}>' has no attribute '{attribute.name}'{instead(attribute.name, known)}"),
            )
        elif attribute.name in seen:
            yield attribute.start, f"the attribute '{attribute.name}' stands twice"
        else:
            yield from _value(masked, name, attribute)
        seen.add(attribute.name)
    yield from _between(masked, done, tag.end)


def _between(masked: Masked, start: int, end: int) -> _Found:
    """Find Liquid between the attributes of a tag."""
    place = masked.text.find(markup.OPEN, start, end)
    if place >= 0:
        yield place, "Liquid can stand in an attribute's value, not between the attributes"


def _value(masked: Masked, name: str, attribute: Attribute) -> _Found:
    written = masked.text[attribute.value_start : attribute.end] if attribute.value else ""
    if attribute.value is None or (written and written[0] not in "\"'"):
        yield attribute.start, f"the value of '{attribute.name}' needs quotes"
        return
    unit = mjml_schema.MEASURES.get((name, attribute.name))
    if unit is not None and not _SIZE[unit].fullmatch(attribute.value.strip()):
        detail = f"the '{attribute.name}' of '<{name}>' is a number and {unit}, and no Liquid"
        yield attribute.start, detail
    for place, liquid in masked.placed(attribute.start, attribute.end):
        if counts := _COUNTS.match(liquid):  # the compiler writes a value more than once
            detail = f"'{counts[1]}' cannot stand in an attribute; capture it before the element"
            yield place, detail


def _loose(masked: Masked, element: Element) -> _Found:
    """Find Liquid where the compiler has no place for it."""
    for token in element.loose:
        is_liquid = any(masked.inside(token.start, token.end))
        if is_liquid and element.name not in mjml_schema.OPEN_TO_LIQUID:
            yield token.start, f"Liquid cannot stand between the elements of '<{element.name}>'"
        elif not is_liquid and token.kind is Kind.OTHER:
            yield token.start, "this declaration has no meaning here"


def _content(masked: Masked, element: Element) -> _Found:
    start, end = element.tag.end, element.content_end
    inside = next((t for t in markup.tokens(masked.text[start:end]) if t.name in ATTRIBUTES), None)
    if inside is not None:
        yield element.tag.start, f"'<{element.name}>' is not ended before '<{inside.name}>'"
        return
    for position, detail in html_check.faults(Masked(masked.text[start:end], masked.liquid)):
        if element.name != "mj-raw" or detail in (markup.BROKEN, markup.ENDLESS):
            yield start + position, detail


def _liquid_blocks(masked: Masked, document: Document) -> _Found:
    """Find blocks of Liquid that begin in one element and end in another."""
    opened: list[tuple[int, str, object]] = []
    for start, end, owner in sorted(_places(masked, document), key=lambda place: place[0]):
        for position, liquid in masked.placed(start, end):
            control = _CONTROL.match(liquid)
            name = control[1] if control else ""
            if name in _BLOCKS:
                opened.append((position, name, owner))
            elif opened and name == f"end{opened[-1][1]}":
                began_at, _, began_in = opened.pop()
                if began_in is not owner:
                    yield began_at, f"'{name[3:]}' begins in one element and ends in another"


def _places(masked: Masked, document: Document) -> Iterator[tuple[int, int, object]]:
    """Yield (from, to, owner) of each text that Liquid can stand in."""
    for element in document.root.walk():
        yield from ((token.start, token.end, element) for token in element.loose)
        if element.is_ending:
            # Pieces of raw text may belong together, around what is between them.
            owner = element.parent if element.name == "mj-raw" else element
            yield element.tag.end, element.content_end, owner
        if element.parent is not None:
            for attribute in markup.attributes(masked.text, element.tag):
                yield attribute.start, attribute.end, attribute
