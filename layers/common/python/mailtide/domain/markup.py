"""Markup: a template's HTML with its Liquid set aside, the links in it, and its plain text.

Liquid knows nothing of HTML and HTML nothing of Liquid. So each `{{ … }}` and `{% … %}` gives its
place to a placeholder, the HTML is read and changed, and the Liquid is put back.
Source: docs/domain/rendering.md.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

# Noncharacters, which no text that is exchanged holds (Unicode 23.7): a placeholder is <index>.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_LIQUID = re.compile(
    r"\{%-?\s*(?P<verbatim>raw|comment|doc)\s*-?%\}.*?\{%-?\s*end(?P=verbatim)\s*-?%\}"
    r"|\{\{.*?\}\}|\{%.*?%\}",
    re.DOTALL,
)
_PLACEHOLDER = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_LINK_TAG = re.compile(
    r"<(?:a|area|v:[a-z]+)(?=[\s/])(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*>", re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    rf"(?P<name>[^\s\"'<>/={_OPEN}{_CLOSE}]+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?"
)
NO_TRACKING = "data-mt-notrack"

_HIDDEN = frozenset({"head", "style", "script", "title", "template"})
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"}
)
_LINES = frozenset({"div", "tr", "li", "section", "article", "header", "footer", "center"})


@dataclass(frozen=True, slots=True)
class Masked:
    """A source whose Liquid is set aside."""

    text: str
    liquid: tuple[str, ...]

    def restore(self, text: str) -> str:
        """Put the Liquid back into a text made from `text`."""
        return _PLACEHOLDER.sub(lambda match: self.liquid[int(match[1])], text)

    def pieces(self, text: str) -> Iterator[tuple[bool, str]]:
        """Yield (is Liquid, piece) in order; literal pieces may be empty."""
        for number, piece in enumerate(_PLACEHOLDER.split(text)):
            is_liquid = number % 2 == 1
            yield is_liquid, self.liquid[int(piece)] if is_liquid else piece

    def line(self, position: int) -> int:
        """Return the line of the source, from 1, that a position in `text` lies on."""
        return self.restore(self.text[:position]).count("\n") + 1


@dataclass(frozen=True, slots=True)
class Href:
    """The address of one link, as it stands in a masked text."""

    start: int  # of the attribute's value, its quotes included
    end: int
    address: str  # without entities and the white space that browsers drop
    marked: bool  # the template asks to leave it alone


def set_aside(source: str) -> Masked:
    """Replace each Liquid construct by a placeholder; what is raw or a comment goes whole."""
    liquid: list[str] = []

    def replace(match: re.Match[str]) -> str:
        liquid.append(match[0])
        return f"{_OPEN}{len(liquid) - 1}{_CLOSE}"

    clean = source.replace(_OPEN, "").replace(_CLOSE, "")
    return Masked(_LIQUID.sub(replace, clean), tuple(liquid))


def holds_liquid(text: str) -> bool:
    """Say whether a masked text holds Liquid."""
    return _OPEN in text


def hrefs(masked: str) -> Iterator[Href]:
    """Yield the addresses of all links in order, those in conditional comments too."""
    for tag in _LINK_TAG.finditer(masked):
        attributes = list(_ATTRIBUTE.finditer(masked, tag.start() + 1, tag.end() - 1))
        marked = any(a["name"].lower() == NO_TRACKING for a in attributes)
        for attribute in attributes:
            value = attribute["value"]
            if attribute["name"].lower() == "href" and value is not None:
                address = html.unescape(value[1:-1] if value[0] in "\"'" else value)
                # Browsers drop line ends and tabs inside an address and spaces around it.
                address = re.sub(r"[\t\r\n]", "", address).strip()
                yield Href(*attribute.span("value"), address, marked)


def end_of_body(masked: str) -> int:
    """Return where the last thing of the body goes: before its end tag, or at the end."""
    place = masked.lower().rfind("</body")
    return len(masked) if place < 0 else place


def plain_text(masked: Masked, shown: Callable[[str], str]) -> str:
    """Make the text part's template from the HTML's.

    Args:
        masked: the HTML.
        shown: writes a link's masked address as it stands behind the link's words, as Liquid.
    """
    reader = _TextReader(shown)
    reader.feed(masked.text)
    reader.close()
    return masked.restore(reader.text())


class _TextReader(HTMLParser):
    """Collects the readable text of an HTML document."""

    def __init__(self, shown: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._shown = shown
        self._parts: list[str] = []
        self._hidden = 0
        self._links: list[tuple[str, int]] = []  # address, and where its words begin

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break lines, mark list items, remember links."""
        values = dict(attrs)
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "body":  # the head's end tag may be left out
            self._hidden = 0
        self._break(tag)
        if tag == "br":
            self._parts.append("\n")
        elif tag == "li":
            self._parts.append("- ")
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self._parts)))
        elif tag == "img" and values.get("alt"):
            self.handle_data(values["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        """Break lines and write a link's address behind its words."""
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
        """Keep visible text; of hidden text only the Liquid that may set or choose something."""
        if self._hidden:
            self._parts.extend(match[0] for match in _PLACEHOLDER.finditer(data))
        else:
            self._parts.append(verbatim(re.sub(r"\s+", " ", data)))

    def handle_comment(self, data: str) -> None:
        """Keep the Liquid of a comment, so that no block of it stays open."""
        self._parts.extend(match[0] for match in _PLACEHOLDER.finditer(data))

    def text(self) -> str:
        """Return the text with tidy white space."""
        text = re.sub(r"[^\S\n]+", " ", "".join(self._parts))
        text = re.sub(r" ?\n ?", "\n", text)
        return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._parts.append("\n\n")
        elif tag in _LINES and "".join(self._parts[-2:])[-1:] != "\n":
            self._parts.append("\n")

    def _end_link(self, address: str, start: int) -> None:
        words = "".join(self._parts[start:]).strip()
        plain = address.strip().removeprefix("mailto:").removeprefix("tel:")
        if plain and not plain.startswith("#") and plain != words:
            shown = self._shown(address) if plain == address.strip() else verbatim(plain)
            self._parts.append(f" ({shown})" if words else shown)


def verbatim(text: str) -> str:
    """Keep what reads like Liquid, once its entities are decoded, from being Liquid."""
    return re.sub(r"\{[{%]", lambda match: "{% raw %}" + match[0] + "{% endraw %}", text)
