"""Preheader: the words that inboxes show behind the subject, hidden at the top of the body.

Source: docs/domain/rendering.md.
"""

import html
import re

from mailtide.domain import markup
from mailtide.domain.markup import OPEN, Kind, Masked

MAX_LENGTH = 500  # characters; inboxes show about a hundred
_STYLE = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;"
    "overflow:hidden;mso-hide:all"
)
# Inboxes fill a short preheader with the body's first words unless something invisible follows it:
# a joiner and a space as wide as a figure, too many of them for any line.
_PADDING = "&#847;&#8199;" * 120
_AROUND_THE_HEAD = frozenset(
    {(Kind.OPENING, "html"), (Kind.OPENING, "head"), (Kind.CLOSING, "head")}
)
_SETS_SOMETHING = re.compile(r"\{%-?\s*(?:assign|comment|doc|#)")


def added(masked: Masked, preheader: str) -> str:
    """Return the masked text's Liquid and HTML with a preheader first in its body."""
    own = markup.set_aside(preheader)
    words = own.restore(html.escape(own.text, quote=False))
    place = _top(masked)
    hidden = f'<div style="{_STYLE}">{words}{_PADDING}</div>'
    return masked.restore(masked.text[:place]) + hidden + masked.restore(masked.text[place:])


def _top(masked: Masked) -> int:
    """Return where the body begins: behind its tag, or the head's, or what comes before it."""
    place, begun = 0, False
    for token in markup.tokens(masked.text):
        if token.kind is Kind.OPENING and token.name == "body":
            return token.end
        if (token.kind, token.name) in _AROUND_THE_HEAD:
            place, begun = token.end, False
        elif begun or masked.text[place : token.start].strip() or not _is_silent(masked, token):
            begun = True
        else:
            place = token.end
    return place


def _is_silent(masked: Masked, token: markup.Token) -> bool:
    """Say whether a token writes nothing: a comment, a declaration, Liquid that sets a name."""
    if token.kind is Kind.OTHER and masked.text.startswith(OPEN, token.start):
        return all(map(_SETS_SOMETHING.match, masked.inside(token.start, token.end)))
    return token.kind in (Kind.OTHER, Kind.COMMENT)
