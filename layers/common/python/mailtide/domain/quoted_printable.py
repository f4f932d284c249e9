"""Quoted-printable in pieces: each is encoded by itself, and pieces are joined by nothing.

Every piece begins at the beginning of a line and ends at one: with the line end that its text ends
with, or with a fence, a soft line break that is no part of the text. So what is the same in all
messages is encoded once, and a value stands between two fences on lines of its own:

    <p>Hello =          what the template says
    J=C3=BCrgen=        a value
    ,</p>               what the template says

A line is at most 76 characters, ASCII, and begins neither with a dot nor with `From `: relays have
nothing to stuff or to quote, and the bytes serve DATA, BDAT and SES alike. No line can hold `=_`.
Source: RFC 2045 section 6.7; RFC 5321 section 4.5.2 (dots); RFC 4155 (`From `).
"""

import re
from collections.abc import Sequence

FENCE = b"=\r\n"
PLAIN = 75  # characters that fit on a line before its fence
_CUT = 73  # leaves room for an encoded first character
_AS_IT_IS = re.compile(rf"(?!\.|From )[ -<>-~]{{1,{PLAIN}}}")
_ENCODED = re.compile(rb"[^\t\n -<>-~]|[\t ](?=\n|\Z)")
_CODES = {bytes([byte]): b"=%02X" % byte for byte in range(256)}
_CUTS = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % _CUT)  # never within an encoded byte


def piece(text: str) -> bytes:
    """Encode a piece of a part; the empty one is empty.

    Raises:
        UnicodeEncodeError: when it is no text but half a surrogate pair.
    """
    if _AS_IT_IS.fullmatch(text):
        return text.encode() + FENCE
    lines = _lines(text)
    return lines if not lines or lines.endswith(b"\r\n") else lines + FENCE


def last_piece(text: str) -> bytes:
    """Encode what a part ends with; it ends with one line end at least."""
    lines = _lines(text)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def end(pieces: Sequence[bytes]) -> bytes:
    """Return what ends a part of these pieces: nothing, if they end with a line end already."""
    last = next((piece for piece in reversed(pieces) if piece), FENCE)
    return b"\r\n" if last.endswith(FENCE) else b""


def _lines(text: str) -> bytes:
    raw = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    raw = _ENCODED.sub(lambda match: _CODES[match[0]], raw)
    return b"\r\n".join(FENCE.join(map(_begun, _CUTS.findall(line))) for line in raw.split(b"\n"))


def _begun(line: bytes) -> bytes:
    """Encode the beginning of a line that somebody on the way would change."""
    if line.startswith((b".", b"From ")):
        return _CODES[line[:1]] + line[1:]
    return line
