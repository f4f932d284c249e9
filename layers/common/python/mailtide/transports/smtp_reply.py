"""Replies: what a relay says, cut out of the bytes that come from it.

Source: RFC 5321 section 4.2.
"""

import re
from dataclasses import dataclass

MAX_RESPONSE = 900  # characters kept of a reply; it lies in the message's row
MAX_REPLY = 65_536  # bytes of one reply; nobody's EHLO comes near
NONSENSE = 0  # the code of what is no reply at all
# The first four bytes of a reply of one line; what stands behind the code may be missing.
_CODES = {b"%d%b" % (code, end): code for code in range(200, 600) for end in (b" ", b"\r", b"")}
_SESSION_LIMIT = re.compile(r"4\.4\.5\b|too many messages", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; its lines are joined by line feeds."""

    code: int
    response: str


class ReplyReader:
    """Cuts replies out of a stream of bytes, wherever it was cut before."""

    def __init__(self) -> None:
        self._rest = b""  # of a line
        self._lines: list[bytes] = []  # of a reply

    @property
    def empty(self) -> bool:
        """Whether no reply has begun."""
        return not self._rest and not self._lines

    def read(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the replies that are whole with this data, each as its code and its lines."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        found = []
        for line in lines:
            code = _CODES.get(line[:4])
            if code is None or self._lines:
                found += self._other(line)
            else:
                found.append((code, line))
        if len(self._rest) > MAX_REPLY:
            found.append((NONSENSE, self._rest))
            self._rest = b""
        return found

    def _other(self, line: bytes) -> list[tuple[int, bytes]]:
        """Take a line of a reply of several, or what is no reply; the last line ends it."""
        self._lines.append(line)
        goes_on = line[3:4] == b"-" and line[:3] in _CODES
        if goes_on and sum(map(len, self._lines)) <= MAX_REPLY:
            return []
        lines, self._lines = self._lines, []
        codes = {each[:3] for each in lines}
        code = NONSENSE if goes_on or len(codes) > 1 else _CODES.get(line[:4], NONSENSE)
        texts = [each[4:].strip() for each in lines[1:]]
        return [(code, b"\n".join([lines[0][:3] + b" " + lines[0][4:].strip(), *texts]))]


def words(line: bytes) -> str:
    """Return a reply's lines as they are kept."""
    return line.decode("utf-8", "replace").strip()[:MAX_RESPONSE]


def ends_session(code: int, response: str) -> bool:
    """Say whether a refusal is about the session, so that a new one may bring another answer."""
    return code == 421 or (code == 452 and limits_messages(response))


def limits_messages(response: str) -> bool:
    """Say whether a session has carried all the messages that it may.

    Stalwart takes 10 messages a session unless told otherwise, and says 452 4.4.5 to the next.
    """
    return _SESSION_LIMIT.search(response) is not None
