"""Plain text: the text part of a message, made from its HTML.

What is not shown in HTML is not in the text: hidden elements, comments, styles. Their Liquid that
sets or chooses something stays, so that no block is torn.
Source: docs/domain/rendering.md.
"""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from mailtide.domain.html_check import VOID
from mailtide.domain.markup import NO_TRACKING, PLACEHOLDER, Masked, verbatim

Shown = Callable[[str, bool], str]

_HIDDEN = frozenset({"head", "style", "script", "title", "template"})
_NOT_DISPLAYED = re.compile(r"(?:^|;)\s*display\s*:\s*none", re.IGNORECASE)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"}
)
_LINES = frozenset({"div", "tr", "li", "section", "article", "header", "footer", "center"})
# What begins behind an element whose end tag was left out (HTML standard, section 13.1.2.4).
_CELL_ENDS = frozenset({"td", "th", "tr", "tbody", "tfoot"})
_ENDED_BY = {
    "li": frozenset({"li"}),
    "p": _PARAGRAPHS | _LINES,
    "tbody": frozenset({"tbody", "tfoot"}),
    "td": _CELL_ENDS,
    "th": _CELL_ENDS,
    "thead": frozenset({"tbody", "tfoot"}),
    "tr": frozenset({"tr", "tbody", "tfoot"}),
}
# What breaks lines: noncharacters, until the text is filled and its empty pieces are known.
_LINE, _PARAGRAPH, _NEW_LINE = "\ufdd2", "\ufdd3", "\ufdd4"
START = "\ufdd5"  # where nothing stands before: stripped white space
_BREAKS = re.compile(f"[{_LINE}{_PARAGRAPH}{_NEW_LINE}]")
_SPACES = re.compile(rf"[\s{_LINE}{_PARAGRAPH}{_NEW_LINE}]+")
_BLOCK = re.compile(r"\{%-?\s*(?P<end>end)?(?P<name>case|for|if|ifchanged|tablerow|unless)\b")
_ALTERNATIVE = re.compile(r"\{%-?\s*(?:else|elsif|when)\b")
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


def settled_gap(spaces: str) -> str:
    """Settle white space that stands between two things, or before the first (`START`)."""
    return "" if spaces.startswith(START) else _SPACES.sub(_settle, spaces)


def is_calm(text: str) -> bool:
    """Say whether settling a text around it leaves a value as it is, and its neighbours apart."""
    return text == " ".join(text.split()) and _BREAKS.search(text) is None


def begins_with_words(text: str) -> bool:
    """Say whether something other than white space comes first."""
    return text != "" and _SPACES.match(text) is None


def gaps(text: str) -> tuple[str, str, str]:
    """Cut a piece of text: white space before, what is between, settled, and white space behind.

    Where there is nothing else, all of it is before.
    """
    first = _SPACES.match(text)
    start, end = first.end() if first else 0, len(text)
    while end > start and _SPACES.fullmatch(text[end - 1]):
        end -= 1
    return text[:start], _SPACES.sub(_settle, text[start:end]), text[end:]


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
        self._undisplayed: list[
            str
        ] = []  # an element that is not displayed, and what is open in it
        self._blocks = 0  # of Liquid that are open since
        self._links: list[tuple[str, bool, int]] = []  # address, marked, where its words begin

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element as displayed, or remember that it is not."""
        values = dict(attrs)
        if not self._hides(tag, values.get("style") or ""):
            self._begin(tag, values)
        elif tag not in VOID:
            self._undisplayed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Break lines and write a link's address behind its words."""
        if self._undisplayed and not self._ends_outside(tag):
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
            self._hidden_data(data)
        else:
            self._parts.append(verbatim(re.sub(r"\s+", " ", data)))

    def handle_comment(self, data: str) -> None:
        """Keep the Liquid of a comment, so that no block of it stays open."""
        for match in PLACEHOLDER.finditer(data):
            self._keep(match[0], self._masked.liquid[int(match[1])])

    def text(self) -> str:
        """Return the text, to be settled when it is filled."""
        return "".join(self._parts)

    def _begin(self, tag: str, values: dict[str, str | None]) -> None:
        """Break lines, mark list items, remember links."""
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "body":  # the head's end tag may be left out
            self._hidden = 0
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

    def _hidden_data(self, data: str) -> None:
        """Go through hidden text, as far as it is hidden."""
        for match in PLACEHOLDER.finditer(data):
            liquid = self._masked.liquid[int(match[1])]
            self._keep(match[0], liquid)
            if self._undisplayed and self._leaves_branch(liquid):
                self._undisplayed.clear()
                self.handle_data(data[match.end() :])
                return

    def _keep(self, placeholder: str, liquid: str) -> None:
        if _WRITES.match(liquid) is None:
            self._parts.append(placeholder)

    def _leaves_branch(self, liquid: str) -> bool:
        """Say whether it ends the branch that began the element: what follows may be displayed."""
        block = _BLOCK.match(liquid)
        if block is not None:
            self._blocks += -1 if block["end"] else 1
        return self._blocks < 0 or (self._blocks == 0 and _ALTERNATIVE.match(liquid) is not None)

    def _hides(self, tag: str, style: str) -> bool:
        """Say whether an element is not displayed, or stands in one that is not."""
        while self._undisplayed and tag in _ENDED_BY.get(self._undisplayed[-1], ()):
            self._undisplayed.pop()
        if self._undisplayed:
            return True
        self._blocks = 0
        return _NOT_DISPLAYED.search(style) is not None

    def _ends_outside(self, tag: str) -> bool:
        """Say whether an end tag is of an element that the one that is not displayed stands in."""
        if tag in self._undisplayed:
            place = len(self._undisplayed) - 1 - self._undisplayed[::-1].index(tag)
            del self._undisplayed[place:]
            return False
        if self._undisplayed[0] in _ENDED_BY:
            self._undisplayed.clear()
        return not self._undisplayed

    def _break(self, tag: str) -> None:
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
