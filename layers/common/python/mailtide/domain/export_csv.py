"""Export CSV: what rows of contacts and suppressions look like in a file, for people and for us.

A file of contacts has a column per attribute that holds plain text somewhere, and one column for
all else as JSON, so that an import of it gives the same contacts. Names that begin with `mailtide:`
are ours: an import reads `mailtide:attributes`, and nothing from the others.
Source: RFC 4180; docs/domain/exports.md (the columns).
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import Any, TypeGuard

from mailtide.domain.contact import Contact
from mailtide.domain.csv_rows import ATTRIBUTES, EMAIL, MARK, TIMEZONE
from mailtide.domain.formulas import guarded

MOST_COLUMNS = 100  # of attributes; the header is one record, which has 64 KB (csv_records.py)
NAME_LIMIT = 100  # characters of a column's name

_INSTANTS = ("created_at", "last_open_at", "last_click_at", "last_reply_at")
_OF_CONTACT = tuple(MARK + name for name in ("contact_id", "provider", *_INSTANTS))


def with_columns(known: Sequence[str], contacts: Iterable[Contact]) -> list[str]:
    """Return the attributes that get a column of their own, as far as contacts were looked at.

    Of more than `MOST_COLUMNS` the first by name are kept, whatever the order of the contacts.
    """
    found = {
        name
        for contact in contacts
        for name, value in contact.attributes.items()
        if _is_plain(value) and _is_column(name)
    }
    return nsmallest(MOST_COLUMNS, found.union(known))


def contact_header(columns: Sequence[str]) -> bytes:
    """Return the header line of a file of contacts."""
    return lines([[EMAIL, TIMEZONE, *columns, ATTRIBUTES, *_OF_CONTACT]])


def contact_lines(contacts: Iterable[Contact], columns: Sequence[str]) -> bytes:
    """Return contacts as lines."""
    return lines(_contact(contact, columns) for contact in contacts)


def _contact(contact: Contact, columns: Sequence[str]) -> list[str]:
    given = ((name, contact.attributes.get(name)) for name in columns)
    plain: dict[str, str] = {name: value for name, value in given if _is_plain(value)}
    rest = {name: value for name, value in contact.attributes.items() if name not in plain}
    return [
        contact.email,
        contact.timezone or "",
        *(plain.get(name, "") for name in columns),
        json.dumps(rest, ensure_ascii=False, separators=(",", ":")) if rest else "",
        contact.contact_id,
        contact.provider,
        *(written(getattr(contact, name)) for name in _INSTANTS),
    ]


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as lines of a file, guarded against being taken for formulas."""
    text = io.StringIO()
    csv.writer(text).writerows([guarded(value) for value in row] for row in rows)
    return text.getvalue().encode()


def written(at: datetime | None) -> str:
    """Return an instant as ISO 8601 in UTC; nothing for none."""
    return "" if at is None else at.isoformat().replace("+00:00", "Z")


def _is_plain(value: Any) -> TypeGuard[str]:
    """Say whether an import would read a value off its own column as it is."""
    return isinstance(value, str) and value != "" and value == value.strip() and "\0" not in value


def _is_column(name: str) -> bool:
    """Say whether an import would take an attribute's name from a header as it is."""
    return (
        _is_plain(name)
        and len(name) <= NAME_LIMIT
        and name.lower() not in (EMAIL, TIMEZONE)
        and not name.lower().startswith(MARK)
        and guarded(name) == name
    )
