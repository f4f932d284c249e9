"""Plain text: the text part of a message, made from its HTML.

What is not shown in HTML is not in the text: hidden elements, comments, styles. Their Liquid that
sets or chooses something stays, so that no block is torn.
Source: docs/domain/rendering.md.
"""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from mailtide.domain.markup import NO_TRACKING, PLACEHOLDER, Masked, verbatim

Shown = Callable[[str, bool], str]

_HIDDEN = frozenset({"head", "style", "script", "title", "template"})
_MAY_HIDE = frozenset({"div", "span", "table", "tr", "td", "section", "font", "center"})
_NOT_DISPLAYED = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|mso-hide\s*:\s*all)", re.IGNORECASE)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"}
)
_LINES = frozenset({"div", "tr", "li", "section", "article", "header", "footer", "center"})
# What breaks lines: noncharacters, until the text is filled and its empty pieces are known.
_LINE, _PARAGRAPH, _NEW_LINE = "\ufdd2", "\ufdd3", "\ufdd4"
_SPACES = re.compile(rf"[\s{_LINE}{_PARAGRAPH}{_NEW_LINE}]+")
_WRITES = re.compile(r"\{\{|\{%-?\s*(?:cycle|decrement|echo|increment|raw)\b")


def plain_text(masked: Masked, shown: Shown) -> str:
    """Make the text part's template from the HTML's.

    Args:
        masked: the HTML.
        shown: writes a link's masked address as it stands behind the link's words, as Liquid; it
            is told whether the link is marked to be left alone.
    """
    reader = _TextReader(masked, shown)
    reader.feed(masked.text)
    reader.close()
    return masked.restore(reader.text())


def settled(text: str) -> str:
    """Return a filled text with its breaks as line ends, of which two at most are together."""
    return _SPACES.sub(_settle, text).strip() + "\n"


def _settle(match: re.Match[str]) -> str:
    spaces = match[0]
    if _PARAGRAPH in spaces:
        return "\n\n"
    lines = spaces.count(_NEW_LINE)
    if lines or _LINE in spaces:
        return "\n" * min(max(lines, 1), 2)
    return spaces if "\n" in spaces else " "  # a value's own lines


class _TextReader(HTMLParser):
    """Collects the readable text of an HTML document."""

    def __init__(self, masked: Masked, shown: Shown) -> None:
        super().__init__(convert_charrefs=True)
        self._masked = masked
        self._shown = shown
        self._parts: list[str] = []
        self._hidden = 0
        self._undisplayed: list[str] = []  # elements of the name that hides all in it, to its end
        self._links: list[tuple[str, bool, int]] = []  # address, marked, where its words begin

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break lines, mark list items, remember links."""
        values = dict(attrs)
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "body":  # the head's end tag may be left out
            self._hidden = 0
        if self._hides(tag, values.get("style") or ""):
            self._undisplayed.append(tag)
            return
        self._break(tag)
        if tag == "br":
            self._parts.append(_NEW_LINE)
        elif tag == "li":
            self._parts.append("- ")
        elif tag == "a":
            marked = NO_TRACKING in values
            self._links.append((values.get("href") or "", marked, len(self._parts)))
        elif tag == "img" and values.get("alt"):
            self.handle_data(values["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        """Break lines and write a link's address behind its words."""
        if self._undisplayed:
            if self._undisplayed[0] == tag:
                self._undisplayed.pop()
            return
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag in ("td", "th"):
            self._parts.append(" ")
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read `<br/>` as `<br>`."""
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        """Keep visible text; of hidden text only the Liquid that sets or chooses something."""
        if self._hidden or self._undisplayed:
            self.handle_comment(data)
        else:
            self._parts.append(verbatim(re.sub(r"\s+", " ", data)))

    def handle_comment(self, data: str) -> None:
        """Keep the Liquid of a comment, so that no block of it stays open."""
        for match in PLACEHOLDER.finditer(data):
            if _WRITES.match(self._masked.liquid[int(match[1])]) is None:
                self._parts.append(match[0])

    def text(self) -> str:
        """Return the text, to be settled when it is filled."""
        return "".join(self._parts)

    def _hides(self, tag: str, style: str) -> bool:
        """Say whether an element is not displayed, or stands in one of its name that is not."""
        if self._undisplayed:
            return tag == self._undisplayed[0]
        return tag in _MAY_HIDE and _NOT_DISPLAYED.search(style) is not None

    def _break(self, tag: str) -> None:
        if self._undisplayed:
            return
        if tag in _PARAGRAPHS:
            self._parts.append(_PARAGRAPH)
        elif tag in _LINES:
            self._parts.append(_LINE)

    def _end_link(self, address: str, marked: bool, start: int) -> None:
        words = "".join(self._parts[start:]).strip()
        plain = address.strip().removeprefix("mailto:").removeprefix("tel:")
        if plain and not plain.startswith("#") and plain != words:
            whole = plain == address.strip()
            shown = self._shown(address, marked) if whole else verbatim(plain)
            self._parts.append(f" ({shown})" if words else shown)
