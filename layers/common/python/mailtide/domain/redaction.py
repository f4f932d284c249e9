"""Redaction: put references in the place of the mail addresses in a text, and take them back.

Addresses live in one place, the contacts. What else we keep of other people's words names a person
by reference, `{contact:<contact id>}`, which is shown as the address for as long as there is such a
contact. How the address was spelled stands behind the id (`domain/spelling.py`), so that the words
come back to the letter. What looks like an address but can be nobody's becomes `{address}`.

Of several readings of one place (`domain/quoted_address.py`) the one that names somebody `known`,
whom the text is about, is taken, else the likeliest. The whole of what was read is replaced. The
work is linear in the text.
Source: docs/domain/erasure.md (with the limits).
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mailtide.domain import spelling
from mailtide.domain.quoted_address import SIGNS, Reading, is_whole, readings
from mailtide.domain.spelling import Unit

Name = Callable[[str], str | None]  # address → contact id; None when it can be nobody's
Keep = Callable[[str], bool]  # address, in lower case → whether it stays: it is no person's

NOBODY = "{address}"

# Addresses that we made (`domain/verp.py`, `Tracker.reply_address`): they name a message.
_OURS = re.compile(r"b-[a-z0-9]{1,16}-[0-9a-v]{26}-[0-9a-f]{17}@|[ru]-[0-9a-v]{48}@")

_REFERENCE = rf"\{{contact:(?P<id>[0-9a-z]{{1,64}})(?::(?P<forms>{spelling.RUNS}))?\}}"
_REFERENCES = re.compile(_REFERENCE)
_MARKS = re.compile(rf"(?P<reference>{_REFERENCE})|{SIGNS}")


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hides people from what is kept of an organisation's events; our own addresses stay."""

    name_contact: Callable[[str, str], str | None]  # of an organisation and an address

    def text(self, org_id: str | None, text: str, *known: str) -> str:
        """Return the text as it may be kept; without an organisation everybody is nobody."""

        def name(address: str) -> str | None:
            return None if org_id is None else self.name_contact(org_id, address)

        return hide(text, name, is_ours, known)

    def names(self, org_id: str, text: str, contact_id: str) -> bool:
        """Say whether a text has the address of a contact, in whatever spelling.

        The likeliest reading decides: `ann@x.com.au` is not about who has `ann@x.com`.
        """
        name = partial(self.name_contact, org_id)
        return hide(text, name, keep=lambda address: name(address) != contact_id) != text

    def json(self, org_id: str | None, value: Any, *known: str) -> Any:
        """Return a JSON value as it may be kept."""
        return map_texts(value, lambda text: self.text(org_id, text, *known))

    def document(self, org_id: str | None, body: str) -> str:
        """Return a JSON document, or another text, as it may be kept."""
        try:
            return json.dumps(self.json(org_id, json.loads(body)), ensure_ascii=False)
        except (ValueError, RecursionError):  # no JSON, or nested too deeply to be written
            return self.text(org_id, body)


def is_ours(address: str) -> bool:
    """Say whether an address, in lower case, is one that we made for a message."""
    return _OURS.match(address) is not None


def hide(
    text: str,
    name: Name,
    keep: Keep = lambda _: False,
    known: Collection[str] = (),
) -> str:
    """Return the text with a reference in the place of every address but those to `keep`.

    Args:
        text: any text; line ends, URLs and escapes of any kind may lie in it.
        name: gives the contact id of an address, whether there is such a contact or not.
        keep: says which addresses are no person's.
        known: ids of the contacts that the text is about.
    """
    out = []
    done = 0
    for mark in _MARKS.finditer(text):
        start, end, told = mark.start(), mark.end(), mark[0]
        if mark["reference"] is None:
            found = _replaced(text, mark, done, name, keep, known)
            if found is None:
                continue
            start, end, told = found
        out += [text[done:start], told]
        done = end
    return "".join(out) + text[done:] if out else text


def show(text: str, addresses: Mapping[str, str]) -> str:
    """Return the text with the addresses that are known in the place of their references."""

    def shown(reference: re.Match[str]) -> str:
        address = addresses.get(reference["id"])
        if address is None:
            return reference[0]
        return spelling.write(address.lower(), reference["forms"] or "")

    return _REFERENCES.sub(shown, text)


def references(text: str) -> set[str]:
    """Return the ids of the contacts that a text refers to."""
    return {match["id"] for match in _REFERENCES.finditer(text)}


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it changed, keys too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): map_texts(one, change) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [map_texts(one, change) for one in value]
    return value


def _replaced(
    text: str, mark: re.Match[str], bound: int, name: Name, keep: Keep, known: Collection[str]
) -> tuple[int, int, str] | None:
    """Return (start, end, what stands there now) of the address around an @; None without one."""
    at = Unit("@", mark[0], mark.start())
    found = list(readings(text, at, str(mark.lastgroup), bound))
    if not found:
        return None
    for reading in found if known else ():
        contact_id = name(reading.address)
        if contact_id in known:
            return reading.start, reading.end, _reference(str(contact_id), reading, text)
    first = found[0]
    if keep(first.address):
        return first.start, first.end, text[first.start : first.end]
    contact_id = name(first.address) if is_whole(first.address) else None
    told = NOBODY if contact_id is None else _reference(contact_id, first, text)
    return first.start, first.end, told


def _reference(contact_id: str, reading: Reading, text: str) -> str:
    """Write a reference; with the spelling, if that can be written again from it."""
    forms = [spelling.form(unit) for unit in reading.units]
    packed = spelling.pack(forms)
    spelled = text[reading.start : reading.end]
    exact = reading.address.isascii() and spelling.OTHER not in forms
    if exact and spelling.write(reading.address, packed) == spelled:
        return f"{{contact:{contact_id}{':' if packed else ''}{packed}}}"
    joints = "".join(unit.text for unit in reading.units if unit.joint)
    return f"{{contact:{contact_id}}}{joints}"
