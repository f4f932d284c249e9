"""Markup: a template's HTML or MJML with its Liquid set aside, its tags and the links in it.

Liquid knows nothing of HTML and HTML nothing of Liquid. So each `{{ … }}` and `{% … %}` gives its
place to a placeholder, the HTML is read and changed, and the Liquid is put back.
Source: docs/domain/rendering.md.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

# Noncharacters, which no text that is exchanged holds (Unicode 23.7): a placeholder is <index>.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
_RESERVED = re.compile("[\ufdd0-\ufdd4]")  # those that placeholders and texts are made with
_OPENING = re.compile(r"\{\{|\{%(?:-?\s*(?P<verbatim>raw|comment|doc)\s*-?%\})?")
PLACEHOLDER = re.compile(f"{OPEN}([0-9]+){CLOSE}")
_LINK_TAG = re.compile(
    r"<(?:a|area|v:[a-z]+|mj-(?:button|carousel-image|image|social-element))(?=[\s/])(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    rf"{OPEN}[0-9]+{CLOSE}|(?P<name>[^\s\"'<>/={OPEN}{CLOSE}]+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?"
)
NO_TRACKING = "data-mt-notrack"
_NAME = rf"[a-zA-Z][^\s/<>{OPEN}]*+"
_ONE_ATTRIBUTE = (
    rf"[^\s\"'<>/={OPEN}{CLOSE}]++"
    r"(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>][^\s<>]*+)?)?"
)
# As the HTML standard reads them (section 13.2.5): a comment that is not ended holds all the rest.
_TOKEN = re.compile(
    r"(?P<comment><!--(?:-?>|.*?--!?>|(?P<endless>.*\Z)))"
    r"|<[!?][^>]*+(?:>|\Z)"
    rf"|<(?P<closing>/?)(?P<name>{_NAME})"
    rf"(?P<attributes>(?:[\s/]++|{_ONE_ATTRIBUTE}|{OPEN}[0-9]++{CLOSE})*+)>"
    rf"|(?P<broken><(?P<half>/?)(?P<stump>[a-zA-Z][^\s<>{OPEN}]*+))"
    rf"|{OPEN}[0-9]+{CLOSE}",
    re.DOTALL,
)
BROKEN = "a tag is not ended by '>', or has a quote too many or too few"
ENDLESS = "a comment is not ended by '-->'"
RAW_TEXT = frozenset({"script", "style", "textarea", "title"})  # no tags and no comments in them


class Kind(Enum):
    """What a token is."""

    OPENING = "opening tag"
    CLOSING = "closing tag"
    COMMENT = "comment"
    ENDLESS = "comment that is not ended"
    BROKEN = "beginning of a tag that is not ended"
    OTHER = "declaration, or Liquid"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a masked text that is no words.

    `name` is a tag's, in lower case; a broken one's if it is an opening tag.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    empty: bool = False  # written as `<x/>`


@dataclass(frozen=True, slots=True)
class Masked:
    """A source whose Liquid is set aside."""

    text: str
    liquid: tuple[str, ...]

    def restore(self, text: str) -> str:
        """Put the Liquid back into a text made from `text`."""
        return PLACEHOLDER.sub(lambda match: self.liquid[int(match[1])], text)

    def pieces(self, text: str) -> Iterator[tuple[bool, str]]:
        """Yield (is Liquid, piece) in order; literal pieces may be empty."""
        for number, piece in enumerate(PLACEHOLDER.split(text)):
            is_liquid = number % 2 == 1
            yield is_liquid, self.liquid[int(piece)] if is_liquid else piece

    def index(self, position: int) -> int:
        """Return where a position in `text` lies in the source."""
        return len(self.restore(self.text[:position]))

    def placed(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Yield (position, Liquid) between two positions in `text`."""
        for match in PLACEHOLDER.finditer(self.text, start, end):
            yield match.start(), self.liquid[int(match[1])]

    def inside(self, start: int, end: int) -> Iterator[str]:
        """Yield the Liquid between two positions in `text`."""
        return (liquid for _, liquid in self.placed(start, end))


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a tag."""

    name: str  # in lower case
    value: str | None  # without quotes, entities decoded
    start: int  # of the whole attribute in the masked text
    end: int
    value_start: int  # of the value, its quotes included


@dataclass(frozen=True, slots=True)
class Href:
    """The address of one link, as it stands in a masked text."""

    start: int  # of the attribute's value, its quotes included
    end: int
    address: str  # without entities and the white space that browsers drop
    marked: bool  # the template asks to leave it alone


@dataclass(frozen=True, slots=True)
class Construct:
    """An output or tag of Liquid, or a whole block whose content is none."""

    start: int
    end: int
    text: str
    verbatim: bool  # from `{% raw %}` to its end, say

    @property
    def is_tag(self) -> bool:
        """Say whether it is one tag."""
        return not self.verbatim and self.text.startswith("{%")


def constructs(source: str) -> Iterator[Construct]:
    """Yield the Liquid of a text in order, in time that grows as its length does."""
    position = 0
    missing: set[str] = set()  # ends that do not come any more
    while (opening := _OPENING.search(source, position)) is not None:
        start, end = opening.start(), -1
        verbatim = opening["verbatim"]
        if verbatim is not None and verbatim not in missing:
            end = _end(source, opening.end(), rf"\{{%-?\s*end{verbatim}\s*-?%\}}")
            if end < 0:
                missing.add(verbatim)
        whole = end >= 0
        closing = "}}" if opening[0] == "{{" else "%}"
        if end < 0 and closing not in missing:
            end = source.find(closing, start + 2) + 2
            if end < 2:
                missing.add(closing)
        position = max(end, start + 2)
        if end >= 2:
            yield Construct(start, end, source[start:end], verbatim=whole)


def _end(source: str, position: int, pattern: str) -> int:
    match = re.compile(pattern).search(source, position)
    return match.end() if match else -1


def set_aside(source: str) -> Masked:
    """Replace each Liquid construct by a placeholder; what is raw or a comment goes whole."""
    clean = _RESERVED.sub("", source)
    pieces: list[str] = []
    liquid: list[str] = []
    done = 0
    for construct in constructs(clean):
        pieces += [clean[done : construct.start], f"{OPEN}{len(liquid)}{CLOSE}"]
        liquid.append(construct.text)
        done = construct.end
    return Masked("".join([*pieces, clean[done:]]), tuple(liquid))


def holds_liquid(text: str) -> bool:
    """Say whether a masked text holds Liquid."""
    return OPEN in text


def hrefs(masked: str) -> Iterator[Href]:
    """Yield the addresses of all links in order, those in conditional comments too."""
    for tag in _LINK_TAG.finditer(masked):
        attributes = list(_named(masked, tag.start() + 1, tag.end() - 1))
        marked = any(a["name"].lower() == NO_TRACKING for a in attributes)
        for attribute in attributes:
            value = attribute["value"]
            if attribute["name"].lower() == "href" and value is not None:
                address = link_address(html.unescape(_unquoted(value)))
                yield Href(*attribute.span("value"), address, marked)


def link_address(written: str) -> str:
    """Return an address without what browsers drop: line ends and tabs, and spaces around it."""
    return re.sub(r"[\t\r\n]", "", written).strip()


def tokens(masked: str) -> Iterator[Token]:
    """Yield tags, comments, declarations and placeholders; of raw text only its end tag."""
    token = next_token(masked, 0)
    while token is not None:
        yield token
        position = token.end
        if token.kind is Kind.OPENING and token.name in RAW_TEXT and not token.empty:
            position = end_tag(masked, token.name, position)[0]
        token = next_token(masked, position)


def next_token(masked: str, position: int) -> Token | None:
    """Return the first token from a position on."""
    match = _TOKEN.search(masked, position)
    return None if match is None else _token(match)


def end_tag(masked: str, name: str, position: int) -> tuple[int, int]:
    """Return where the next end tag of a name begins and ends; the text's end when none does."""
    match = re.compile(rf"</{name}(?=[\s/>])[^>]*+(?:>|\Z)", re.IGNORECASE).search(masked, position)
    return match.span() if match else (len(masked), len(masked))


def _token(match: re.Match[str]) -> Token:
    start, end = match.span()
    if match["name"] is not None:
        kind = Kind.CLOSING if match["closing"] else Kind.OPENING
        return Token(kind, start, end, match["name"].lower(), match["attributes"].endswith("/"))
    if match["comment"] is not None:
        return Token(Kind.COMMENT if match["endless"] is None else Kind.ENDLESS, start, end)
    if match["broken"] is not None:
        return Token(Kind.BROKEN, start, end, "" if match["half"] else match["stump"].lower())
    return Token(Kind.OTHER, start, end)


def attributes(masked: str, tag: Token) -> Iterator[Attribute]:
    """Yield the attributes of an opening tag; what Liquid writes is none."""
    for found in _named(masked, tag.start + 1 + len(tag.name), tag.end - 1):
        value = found["value"]
        yield Attribute(
            found["name"].lower(),
            None if value is None else html.unescape(_unquoted(value)),
            *found.span(),
            found.start("value"),
        )


def _named(masked: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Yield what is an attribute, and not Liquid, between two positions of a tag."""
    return (found for found in _ATTRIBUTE.finditer(masked, start, end) if found["name"])


def _unquoted(value: str) -> str:
    return value[1:-1] if value[0] in "\"'" else value


def end_of_body(masked: str) -> int:
    """Return where the last thing of the body goes: before its end tag, or at the end."""
    places = [match.start() for match in re.finditer("</body", masked, re.IGNORECASE)]
    return places[-1] if places else len(masked)


def verbatim(text: str) -> str:
    """Keep what reads like Liquid, once its entities are decoded, from being Liquid."""
    return re.sub(r"\{[{%]", lambda match: "{% raw %}" + match[0] + "{% endraw %}", text)
