r"""Spelling: the ways in which a character of an address may be written in other people's texts.

A unit is the smallest piece of a text that stands for one character, or for none:

    a A     the character as it is, in lower or upper case
    p P d   %40, %4a, %2540       in a URL (RFC 3986), also encoded twice
    q       =40                   quoted-printable (RFC 2045)
    x       +40                   xtext (RFC 3461)
    j       \u0040                JSON
    h H     &#64; &#x40;          HTML
    Q B E   " \ \"                around and in a quoted local part (RFC 5321): no character
    S s     =CRLF =LF             a soft line break of quoted-printable: no character

A form is one of these letters. The forms and the address give the spelling back; they say nothing
of the address but its length and where it has capitals.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

PLAIN, QUOTED_PRINTABLE, XTEXT = "", "=", "+"  # what escapes characters, beside `%`, `\u` and `&#`
OTHER = ""  # the form of what cannot be written again from it

_HEX = "[2-7][0-9A-Fa-f]"  # of a printable character
# Where a reply of several lines goes on (RFC 5321 section 4.2.1): its code, perhaps the enhanced
# one. In a JSON text the line's end is written \r\n.
_CODE = r"\d{3}[- ](?:\d\.\d{1,3}\.\d{1,3}[- ])?"
_JOINT = rf"\A{_CODE}|(?:\r?\n[ \t]*|(?:\\r)?\\n)(?:{_CODE})?"
_ESCAPES = (
    rf"\\u00(?P<json>{_HEX})|&\#(?P<html>\d{{2,3}});|&\#[xX](?P<hexhtml>{_HEX});"
    rf"|%(?:25)*(?P<url>{_HEX})"
)
_PATTERNS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        mode: re.compile(
            rf"(?P<soft>=\r?\n)|{_ESCAPES}"
            + (rf"|{re.escape(mode)}(?P<mode>{_HEX})" if mode else "")
            + rf'|(?P<joint>{_JOINT})|(?P<quote>\\")|(?P<char>.)',
            re.DOTALL,
        )
        for mode in (PLAIN, QUOTED_PRINTABLE, XTEXT)
    }
)
_WRITERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "a": str,
        "A": str.upper,
        "p": lambda char: f"%{ord(char):02X}",
        "P": lambda char: f"%{ord(char):02x}",
        "d": lambda char: f"%25{ord(char):02X}",
        "q": lambda char: f"={ord(char):02X}",
        "x": lambda char: f"+{ord(char):02X}",
        "j": lambda char: f"\\u{ord(char):04x}",
        "h": lambda char: f"&#{ord(char)};",
        "H": lambda char: f"&#x{ord(char):x};",
    }
)
_SILENT: Mapping[str, str] = MappingProxyType(
    {"Q": '"', "B": "\\", "E": '\\"', "S": "=\r\n", "s": "=\n"}
)
_SILENT_FORMS = MappingProxyType({text: form for form, text in _SILENT.items()})
_RUN = re.compile(r"(\d{0,3})([a-zA-Z])")

RUNS = r"(?:\d{0,3}[a-zA-Z])+"  # what `pack` writes


class Unit(NamedTuple):
    """A piece of a text and the character it stands for; "" for none."""

    char: str
    text: str
    start: int  # in the whole text
    joint: bool = False  # a line's end within a reply

    @property
    def end(self) -> int:
        """Where the next unit begins."""
        return self.start + len(self.text)

    def silent(self) -> "Unit":
        """Return the unit as one that stands for nothing."""
        return self._replace(char="")


def units(text: str, start: int, end: int, mode: str) -> Iterator[Unit]:
    """Cut a stretch of a text into units, which stand side by side."""
    for match in _PATTERNS[mode].finditer(text, start, end):
        yield Unit(_char(match), match[0], match.start(), match.lastgroup == "joint")


def form(unit: Unit) -> str:
    """Return how a unit is written; `OTHER` when it cannot be written again from that."""
    if not unit.char:
        return _SILENT_FORMS.get(unit.text, OTHER)
    char = unit.char.lower()
    return next((name for name, write in _WRITERS.items() if write(char) == unit.text), OTHER)


def pack(forms: Iterable[str]) -> str:
    """Write forms in short: `3aA2a` is three plain characters, a capital, two plain ones.

    Nothing is written of an address that is plain throughout.
    """
    runs = [(name, len(list(run))) for name, run in groupby(forms)]
    if [name for name, _ in runs] == ["a"]:
        return ""
    return "".join(f"{count if count > 1 else ''}{name}" for name, count in runs)


def write(address: str, packed: str) -> str:
    """Write a plain address, in lower case, in the forms that `pack` packed."""
    written = []
    place = 0
    for count, name in _RUN.findall(packed):
        times = int(count or 1)
        if name in _SILENT:
            written.append(_SILENT[name] * times)
        else:
            chars = address[place : place + times]
            written += map(_WRITERS.get(name, str), chars)
            place += len(chars)
    return "".join(written) + address[place:]


def _char(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind in ("soft", "joint"):
        return ""
    text = match[str(kind)]
    if kind == "char":
        return text
    if kind == "quote":
        return '"'
    return chr(int(text, 10 if kind == "html" else 16))
