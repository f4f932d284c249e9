"""MJML compiler: MJML made into HTML, with Liquid and all text kept from the compiler.

The compiler reads XML, and writes some attributes with escapes that are no HTML's. So it gets only
the skeleton: Liquid between elements stands in comments, and what is between the tags of a
component, Liquid in attributes and letters beyond ASCII are replaced by words of ours, which are
replaced again in what it writes.
Source: docs/domain/rendering.md.
"""

import re
from collections.abc import Iterator

import mjml

from mailtide.domain import markup
from mailtide.domain.faults import MAX_BYTES, TooLargeError
from mailtide.domain.inlining import MARK
from mailtide.domain.markup import Attribute, Masked
from mailtide.domain.mjml_document import Document, Element

_KEPT_BACK = re.compile(rf"{markup.OPEN}[0-9]+{markup.CLOSE}|[^\x20-\x7e]+|\\+")
_PLACE = re.compile(r" in (?:element in )?root template.*")
_STYLE_TAG = '<style type="text/css">'


class CompileError(ValueError):
    """The compiler refused it; `position` is that of the element, in the masked text."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position


def compiled(masked: Masked, document: Document) -> str:
    """Return the HTML, with the placeholders of `masked`, of a document that was checked.

    A style that is to be inlined carries `inlining.MARK`.

    Raises:
        CompileError: for the smallest element that the compiler does not take.
        TooLargeError: when a few values are written into very many places.
    """
    (root,) = document.root.children
    skeleton = _Skeleton(masked.text)
    try:
        page = mjml.mjml2html(skeleton.write(root))
    except ValueError as error:
        reason = _PLACE.sub("", str(error))  # a place in the skeleton, which nobody has seen
        raise CompileError(_culprit(skeleton, root).tag.start, reason) from error
    before, after = masked.text[: root.tag.start], masked.text[root.end :]
    return before + skeleton.filled(page) + after


def _culprit(skeleton: "_Skeleton", root: Element) -> Element:
    """Find the innermost element that the compiler refuses with none of the others beside it."""
    here = root
    while (worse := next((c for c in here.children if _fails(skeleton, c)), None)) is not None:
        here = worse
    return here


def _fails(skeleton: "_Skeleton", element: Element) -> bool:
    text, above = skeleton.write(element), element.parent
    while above is not None and above.parent is not None:
        text = f"<{above.name}>{text}</{above.name}>"
        above = above.parent
    try:
        mjml.mjml2html(text)
    except ValueError:
        return True
    return False


class _Skeleton:
    """Writes the part of a document that the compiler needs, and fills in the rest."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: dict[str, str] = {}  # by what each stands for
        self._inline: set[str] = set()  # those of styles that are to be inlined
        number = 0
        while f"mt{number}x" in text:
            number += 1
        self._prefix = f"mt{number}x"

    def write(self, element: Element) -> str:
        """Return an element as the compiler reads it."""
        attributes = "".join(
            f' {attribute.name}="{self._value(attribute)}"'
            for attribute in markup.attributes(self._text, element.tag)
        )
        content = "".join(self._content(element))
        return f"<{element.name}{attributes}>{content}</{element.name}>"

    def filled(self, page: str) -> str:
        """Return what the compiler made, with all that was kept from it.

        Raises:
            TooLargeError: before it is made.
        """
        for word in filter(None, self._inline):
            page = page.replace(_STYLE_TAG + word, f'{_STYLE_TAG[:-1]} {MARK}="">{word}')
        texts = list(self._words)
        pattern = re.compile(rf"<!--{self._prefix}(\d+)z-->|{self._prefix}(\d+)z")
        size = len(page)
        for match in pattern.finditer(page) if size <= MAX_BYTES else ():
            size += len(texts[int(match[1] or match[2])]) - len(match[0])
        if size > MAX_BYTES:
            raise TooLargeError(f"it becomes HTML of over {MAX_BYTES:,} bytes")
        return pattern.sub(lambda m: texts[int(m[1] or m[2])], page)

    def _content(self, element: Element) -> Iterator[str]:
        if element.is_ending:
            text = self._text[element.tag.end : element.content_end]
            if element.name == "mj-title":  # it stands in an attribute too
                text = text.replace('"', "&quot;")
            word = self._kept(text) if text else ""
            if element.name == "mj-style" and self._is_inline(element):
                self._inline.add(word)
            yield word
            return
        pieces: list[tuple[int, int, Element | None]]
        pieces = [(token.start, token.end, None) for token in element.loose]
        pieces += [(child.tag.start, child.end, child) for child in element.children]
        for start, end, child in sorted(pieces, key=lambda piece: piece[0]):
            if child is not None:
                yield self.write(child)
            elif markup.holds_liquid(self._text[start:end]):
                yield f"<!--{self._kept(self._text[start:end])}-->"

    def _is_inline(self, element: Element) -> bool:
        attributes = markup.attributes(self._text, element.tag)
        return any(a.name == "inline" and a.value == "inline" for a in attributes)

    def _value(self, attribute: Attribute) -> str:
        written = self._text[attribute.value_start + 1 : attribute.end - 1]
        kept = _KEPT_BACK.sub(lambda match: self._kept(match[0]), written)
        return kept.replace('"', "&quot;").replace("<", "&lt;")

    def _kept(self, text: str) -> str:
        """Return the word that stands for a text, the same for the same text."""
        return self._words.setdefault(text, self._word(len(self._words)))

    def _word(self, number: int) -> str:
        return f"{self._prefix}{number}z"
