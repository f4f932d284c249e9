"""Inlining: the styles of a document written at its elements, where every mail program reads them.

Nothing of the author's text changes but `style` attributes: the elements are numbered, the library
works out each one's styles in a copy, and they are written into the tags they belong to. So no row
moves out of its table because of a loop around it, and no comparison turns into an entity. The
`style` elements stay, for media queries, states and dark mode, for what only some mail programs
match, and for conditional comments. Nothing is fetched.

No `!important` of a `style` element that stays is written into a tag: it would win over all media
queries, and Outlook's reader drops what has it. Its declaration stands behind the author's own.
Source: docs/domain/rendering.md; CSS Cascading and Inheritance Level 4 (what wins).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from css_inline import CSSInliner

from mailtide.domain import markup
from mailtide.domain.faults import MAX_BYTES, TooLargeError
from mailtide.domain.markup import Attribute, Kind, Masked, Token

MARK = "data-mt-inline"  # on a `style` element that is inlined and then taken out
_NUMBER = "data-mt-number"
_UNSTYLED = frozenset(
    {"base", "head", "link", "meta", "noscript", "script", "style", "template", "title"}
)
_LEFT_OUT = frozenset({"base", "link"})  # of the copy: they name what is elsewhere
_EVERYWHERE = frozenset({"", "all", "screen"})
_MAX_MATCHES = 3_000_000  # declarations times elements; the library takes some seconds for them
_INLINER = CSSInliner(load_remote_stylesheets=False)

# One declaration: strings and what is in brackets may hold semicolons.
_DECLARATION = re.compile(r"(?:\"[^\"]*+\"|'[^']*+'|\([^)]*+\)|[^;\"'(]|[\"'(])++")
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)

_Edit = tuple[int, int, str]  # from, to, what stands there instead


@dataclass(frozen=True, slots=True)
class Sheet:
    """One `style` element."""

    tag: Token
    end: int  # of its content
    after: int  # its end tag
    attributes: dict[str, str]
    tags_of_liquid: bool  # Liquid chooses pieces of it

    @property
    def is_inlined(self) -> bool:
        """Say whether it holds for every message and every screen."""
        return not self.tags_of_liquid and self.attributes.get("media", "").lower() in _EVERYWHERE


def sheets(masked: Masked) -> Iterator[Sheet]:
    """Yield the `style` elements of a document."""
    opened: Token | None = None
    for token in markup.tokens(masked.text):
        if opened is not None:
            attributes = {a.name: a.value or "" for a in markup.attributes(masked.text, opened)}
            liquid = any(one.startswith("{%") for one in masked.inside(opened.end, token.start))
            yield Sheet(opened, token.start, token.end, attributes, liquid)
        is_style = token.kind is Kind.OPENING and token.name == "style"
        opened = token if is_style else None


def inlined(masked: Masked, *, marked_only: bool = False) -> str:
    """Return the masked text with its styles inlined.

    Args:
        masked: an HTML document or a piece of one.
        marked_only: take only the `style` elements that carry `MARK`.

    Raises:
        TooLargeError: when the styles alone are too large, or more than can be worked out.
    """
    found = list(sheets(masked))
    marked = [sheet for sheet in found if MARK in sheet.attributes]
    used = {s.tag.start for s in (marked if marked_only else found) if s.is_inlined}
    edits: list[_Edit] = []
    if used:
        tags = [
            token
            for token in markup.tokens(masked.text)
            if token.kind is Kind.OPENING and token.name not in _UNSTYLED
        ]
        declarations = sum(_declarations(masked.text, s) for s in found if s.tag.start in used)
        if declarations * len(tags) > _MAX_MATCHES:
            raise TooLargeError(
                f"{declarations:,} declarations of style for {len(tags):,} elements are too many"
            )
        copy = _edited(masked.text, sorted(_copied(masked, tags, found, used)))
        page = _INLINER.inline(copy)
        if len(page) - len(copy) > MAX_BYTES:
            raise TooLargeError(f"styles at its elements alone have over {MAX_BYTES:,} bytes")
        styles = _Styles(page).found
        split = _unsplit if marked_only else _split
        edits = [
            _styled(masked.text, tag, *split(styles[number]))
            for number, tag in enumerate(tags)
            if styles.get(number)
        ]
    edits += [(sheet.tag.start, sheet.after, "") for sheet in marked if sheet.tag.start in used]
    return _edited(masked.text, sorted(edits))


def _declarations(text: str, sheet: Sheet) -> int:
    return sum(text.count(mark, sheet.tag.end, sheet.end) for mark in "{;")


def _copied(
    masked: Masked, tags: list[Token], found: list[Sheet], used: set[int]
) -> Iterator[_Edit]:
    """Yield what makes the copy: numbers for `style` attributes, and no Liquid between the tags."""
    text = masked.text
    for number, tag in enumerate(tags):
        behind_name = tag.start + 1 + len(tag.name)
        yield behind_name, behind_name, f' {_NUMBER}="{number}"'
        for attribute in markup.attributes(text, tag):
            if attribute.name == "style":
                yield attribute.start, attribute.end, ""
    for sheet in found:
        if sheet.tag.start not in used:
            yield sheet.tag.end, sheet.end, ""
    for token in markup.tokens(text):
        is_liquid = token.kind is Kind.OTHER and not text.startswith("<", token.start)
        if is_liquid or token.name in _LEFT_OUT:
            yield token.start, token.end, ""


def _unsplit(style: str) -> tuple[str, str]:
    return style, ""


def _split(style: str) -> tuple[str, str]:
    """Return the declarations that are not important, and those that are, without saying so."""
    usual, important = "", ""
    for declaration in _DECLARATION.findall(style):
        bare = _IMPORTANT.sub("", declaration)
        if bare == declaration:
            usual += declaration + ";"
        else:
            important += bare + ";"
    return usual, important


def _styled(text: str, tag: Token, before: str, behind: str) -> _Edit:
    """Return the edit that gives a tag its styles, around those that its author wrote there."""
    before, behind = (s.replace("&", "&amp;").replace("<", "&lt;") for s in (before, behind))
    for attribute in markup.attributes(text, tag):
        if attribute.name == "style" and attribute.value is not None:
            return _around(text, attribute, before, behind)
    behind_name = tag.start + 1 + len(tag.name)
    style = (before + behind).replace('"', "&quot;")
    return behind_name, behind_name, f' style="{style}"'


def _around(text: str, attribute: Attribute, before: str, behind: str) -> _Edit:
    written = text[attribute.value_start : attribute.end]
    quote = written[0] if written[0] in "\"'" else ""
    own = written[1:-1] if quote else written
    quote = quote or '"'
    entity = "&#39;" if quote == "'" else "&quot;"
    before, behind = before.replace(quote, entity), behind.replace(quote, entity)
    gap = ";" if behind and own.strip() and not own.rstrip().endswith(";") else ""
    return attribute.value_start, attribute.end, f"{quote}{before}{own}{gap}{behind}{quote}"


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    pieces, done = [], 0
    for start, end, new in edits:
        pieces += [text[done:start], new]
        done = end
    return "".join([*pieces, text[done:]])


class _Styles(HTMLParser):
    """Reads which numbered element got which styles."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: dict[int, str] = {}
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the styles of one element; an element that was split counts once."""
        values = dict(attrs)
        if _NUMBER in values:
            self.found.setdefault(int(values[_NUMBER] or 0), values.get("style") or "")
