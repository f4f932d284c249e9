"""Export CSV: a file of contacts, read by the import, gives the same contacts."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.memory.pages import page
from mailtide.domain.contact import Contact
from mailtide.domain.csv_records import records
from mailtide.domain.csv_rows import Row, read_layout, read_row
from mailtide.domain.export_csv import MOST_COLUMNS, contact_header, contact_lines, with_columns
from mailtide.domain.page import every

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ANN = Contact("acme", "a1", "ann@example.com", "other", NOW)

_text = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\"\r\n\t\0 ,;{"), max_size=6
)
_values = st.recursive(
    _text
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_text, inner, max_size=2),
    max_leaves=4,
)
_names = _text | st.sampled_from(
    ["name", "Email", "TIMEZONE", "mailtide:x", "Mailtide:attributes", "=1", "x" * 101]
)
_attributes = st.dictionaries(_names, _values, max_size=4)
_contacts = st.lists(
    st.builds(
        lambda attributes, timezone: replace(ANN, attributes=attributes, timezone=timezone),
        _attributes,
        st.sampled_from([None, "Europe/Rome"]),
    ),
    max_size=5,
).map(lambda drawn: [replace(one, email=f"{'=+x'[n % 3]}{n}@b.com") for n, one in enumerate(drawn)])


def written(contacts: Sequence[Contact]) -> bytes:
    columns = with_columns([], contacts)
    return contact_header(columns) + contact_lines(contacts, columns)


def read(file: bytes) -> list[Row]:
    layout = read_layout(file)
    return [
        read_row(record, layout)
        for record in records([file[layout.start.offset :]], layout.start, layout.delimiter)
    ]


def facts(one: Contact | Row) -> tuple[str, dict[str, Any], str | None]:
    return one.email, dict(one.attributes), one.timezone


@given(_contacts)
def test_an_export_that_is_imported_gives_the_same_contacts(contacts: list[Contact]) -> None:
    assert [facts(row) for row in read(written(contacts))] == [facts(one) for one in contacts]


def test_a_file_reads_well_in_a_spreadsheet() -> None:
    contacts = [
        replace(ANN, attributes={"name": "Ann", "orders": 3}, timezone="Europe/Rome"),
        replace(ANN, email="bob@example.com", attributes={"city": "=Bonn"}, last_open_at=NOW),
    ]
    rows = list(csv.DictReader(io.StringIO(written(contacts).decode(), newline="")))
    assert list(rows[0])[:5] == ["email", "timezone", "city", "name", "mailtide:attributes"]
    assert rows[0] | {"name": "Ann", "city": "", "mailtide:attributes": '{"orders":3}'} == rows[0]
    assert rows[0]["mailtide:created_at"] == "2026-11-24T10:00:00Z"
    assert rows[1]["city"] == "'=Bonn"
    assert rows[1]["mailtide:last_open_at"] == "2026-11-24T10:00:00Z"
    assert written(contacts).count(b"\r\n") == 3


@given(
    names=st.lists(st.lists(st.integers(0, 250), max_size=60), max_size=8),
    cut=st.integers(1, 5),
)
def test_the_columns_follow_from_the_contacts_alone(names: list[list[int]], cut: int) -> None:
    contacts = {
        f"c{n}": replace(ANN, attributes={f"a{one:03}": "x" for one in some})
        for n, some in enumerate(names)
    }
    at_once = with_columns([], contacts.values())
    paged: list[str] = []
    for one in every(lambda after: page(contacts, cut, after)):
        paged = with_columns(paged, [one])
    assert paged == at_once
    assert len(at_once) <= MOST_COLUMNS


def test_the_widest_header_is_one_record() -> None:
    contacts = [replace(ANN, attributes={f"{n:03}{'ä' * 97}": "x"}) for n in range(150)]
    assert len(read_layout(written(contacts)).columns) == MOST_COLUMNS + 9
    assert [facts(row) for row in read(written(contacts))] == [facts(one) for one in contacts]


def test_what_only_we_know_stands_under_our_own_names() -> None:
    seen = replace(ANN, last_open_at=NOW, last_reply_at=NOW)
    [line] = csv.DictReader(io.StringIO(written([seen]).decode()))
    ours = {name: value for name, value in line.items() if name.startswith("mailtide:")}
    at = "2026-11-24T10:00:00Z"
    assert ours == {
        "mailtide:attributes": "",
        "mailtide:contact_id": "a1",
        "mailtide:provider": "other",
        "mailtide:created_at": at,
        "mailtide:last_open_at": at,
        "mailtide:last_click_at": "",
        "mailtide:last_reply_at": at,
    }
