"""MJML document: its elements as the author wrote them, with their places, however broken it is.

Source: docs/domain/rendering.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailtide.domain import markup
from mailtide.domain.markup import BROKEN, ENDLESS, Kind, Token
from mailtide.domain.mjml_schema import ATTRIBUTES, DEFAULTS, ENDING

MAX_DEPTH = 50  # elements; a right document has 8 at most
_OUTSIDE = "stands outside of a component; put it into an mj-text or an mj-raw"


@dataclass(slots=True)
class Element:
    """One element; positions are in the masked text."""

    tag: Token
    parent: "Element | None"
    content_end: int = -1  # of what is between its tags; -1 when it was not ended
    end: int = -1
    children: list["Element"] = field(default_factory=list)
    loose: list[Token] = field(default_factory=list)  # Liquid and comments between the children

    @property
    def name(self) -> str:
        """The tag's name."""
        return self.tag.name

    @property
    def is_ending(self) -> bool:
        """Say whether its content is HTML or text."""
        outside = self.parent is None or self.parent.name != "mj-attributes"
        return self.name in ENDING and outside

    def walk(self) -> Iterator["Element"]:
        """Yield the element and all below it, in the order of their beginnings."""
        waiting = [self]
        while waiting:
            here = waiting.pop()
            yield here
            waiting += reversed(here.children)


@dataclass(slots=True)
class Document:
    """What was read; `root` has no tag of its own, its children are what stands outermost."""

    root: Element
    stray: list[tuple[int, str]] = field(default_factory=list)  # (position, what is wrong)


def read(masked: str) -> Document:
    """Read a masked text."""
    return _Reader(masked).read()


class _Reader:
    """Builds the elements token by token."""

    def __init__(self, masked: str) -> None:
        self._masked = masked
        self._position = 0
        self._depth = 0
        self._cut_short = False  # what follows was not read, so nothing is said of what is open
        root = Element(Token(Kind.OTHER, 0, 0), None, len(masked), len(masked))
        self._here = root
        self._document = Document(root)

    def read(self) -> Document:
        """Return all that was read."""
        while (token := markup.next_token(self._masked, self._position)) is not None:
            self._words(token.start)
            self._position = token.end
            self._take(token)
        self._words(len(self._masked))
        if not self._cut_short:
            self._leave(self._document.root)
        return self._document

    def _take(self, token: Token) -> None:
        if token.kind in (Kind.OPENING, Kind.CLOSING) and not token.name.startswith("mj"):
            self._stray(token.start, f"'<{token.name}>' {_OUTSIDE}")
            self._skip(token)
        elif token.kind is Kind.OPENING:
            self._begin(token)
        elif token.kind is Kind.CLOSING:
            self._end(token)
        elif token.kind is Kind.BROKEN:
            self._stray(token.start, BROKEN)
        elif token.kind is Kind.ENDLESS:
            self._stray(token.start, ENDLESS)
            self._cut_short = True
        else:
            self._here.loose.append(token)

    def _skip(self, token: Token) -> None:
        """Go on behind an element that does not belong here, so that it is one mistake."""
        start, end = markup.end_tag(self._masked, token.name, token.end)
        inside = self._masked[token.end : start].lower()
        if token.kind is Kind.OPENING and end > start and "<mj" not in inside:
            self._position = end

    def _begin(self, token: Token) -> None:
        element = Element(token, self._here)
        self._here.children.append(element)
        if token.empty:
            element.content_end = element.end = token.end
        elif token.name not in ATTRIBUTES and token.name not in DEFAULTS:
            self._skip(token)
            element.content_end = element.end = self._position
        elif element.is_ending:
            element.content_end, element.end = markup.end_tag(self._masked, token.name, token.end)
            self._position = element.end
            if element.content_end == len(self._masked):
                self._not_ended(element)
                self._cut_short = True
        elif self._depth == MAX_DEPTH:
            self._stray(token.start, f"elements are nested over {MAX_DEPTH} deep")
            self._position = len(self._masked)
            self._cut_short = True
        else:
            self._here = element
            self._depth += 1

    def _end(self, token: Token) -> None:
        element: Element | None = self._here
        while element is not None and (element.name != token.name or element.parent is None):
            element = element.parent
        if element is None:
            self._stray(token.start, f"'</{token.name}>' ends nothing")
            return
        self._leave(element)
        element.content_end, element.end = token.start, token.end
        self._up()

    def _leave(self, element: Element) -> None:
        """Go back up to an element; all below it was not ended."""
        while self._here is not element:
            self._not_ended(self._here)
            self._up()

    def _up(self) -> None:
        self._here = self._here.parent or self._document.root
        self._depth -= 1

    def _not_ended(self, element: Element) -> None:
        self._stray(element.tag.start, f"'<{element.name}>' is not ended by '</{element.name}>'")

    def _words(self, end: int) -> None:
        """Note words that stand between the elements."""
        words = self._masked[self._position : end]
        if words.strip():
            start = self._position + len(words) - len(words.lstrip())
            self._stray(start, f"text {_OUTSIDE}")

    def _stray(self, position: int, detail: str) -> None:
        self._document.stray.append((position, detail))
