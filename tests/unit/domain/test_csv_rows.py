"""CSV rows: which files are refused as a whole, which rows alone, and what a good row says."""

import csv
import io

import pytest

from mailtide.domain.contact_fields import ATTRIBUTES_LIMIT
from mailtide.domain.csv_records import Place, records
from mailtide.domain.csv_rows import HEAD_BYTES, Layout, Row, read_layout, read_row, write_refused
from mailtide.errors import InvalidInputError

LAYOUT = Layout(("email", "name", "timezone"), ",", Place(20, 2))


def row(line: str, layout: Layout = LAYOUT) -> Row:
    (record,) = records([line.encode()], layout.start, layout.delimiter)
    return read_row(record, layout)


def test_the_header_names_the_columns() -> None:
    layout = read_layout(b"Name, E-Mail ,EMAIL,TimeZone,\r\nx")
    assert layout == Layout(("Name", "E-Mail", "email", "timezone", ""), ",", Place(31, 2))


def test_a_byte_order_mark_of_utf8_is_no_part_of_the_first_column() -> None:
    layout = read_layout(b"\xef\xbb\xbfemail,name\na@b.com,x\n")
    assert layout == Layout(("email", "name"), ",", Place(14, 2))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_that_gives_an_email_column(delimiter: str) -> None:
    layout = read_layout(f"name{delimiter}email\n".encode())
    assert (layout.columns, layout.delimiter) == (("name", "email"), delimiter)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"name,mail\n", "no column `email`; its columns are: name, mail"),
        (b"ann@example.com,Ann\n", "no column `email`; its columns are: {address}, Ann"),
        (b"x" * 190 + b",ann@example.com\n", "x, {address"),
        (b"email,a@b.org,a@b.org\n", "`{address}` stands in the header line twice"),
        (b"email,a,a\n", "`a` stands in the header line twice"),
        (b"email,Email\n", "`email` stands in the header line twice"),
        ("email,name\na@b.com,é\n".encode("utf-16"), "UTF-16"),
        ("email,name\n".encode("utf-16-le"), "UTF-16"),
        ("email,name\n".encode("utf-32"), "UTF-32"),
        ("email,name\na@b.com,x\nc@d.com,é\n".encode("latin-1"), "line 3 is not UTF-8"),
        (b"PK\x03\x04rest of a spreadsheet", "spreadsheet"),
        (b"email,name\ra@b.com,x\r", "header line cannot be used"),
        (b'email,"name\n', "header line cannot be used"),
        (b"email" + b"x" * HEAD_BYTES, "header line cannot be used"),
    ],
)
def test_a_file_that_cannot_be_a_list_of_contacts_is_refused(head: bytes, words: str) -> None:
    with pytest.raises(InvalidInputError, match="The file cannot be imported") as caught:
        read_layout(head)
    assert caught.value.code == "import_file_invalid"
    assert words in caught.value.detail


def test_a_character_cut_by_the_end_of_the_head_is_no_wrong_encoding() -> None:
    assert read_layout("email\na@b.com\né".encode()[:-1]).columns == ("email",)


def test_a_row_gives_address_attributes_and_time_zone() -> None:
    assert row(" Ann@Example.COM , Ann ,Europe/Paris\n") == Row(
        2, "Ann@example.com", "example.com", {"name": "Ann"}, "Europe/Paris"
    )


def test_empty_values_say_nothing() -> None:
    assert row("ann@example.com,,\n") == Row(2, "ann@example.com", "example.com", {}, None)


def test_columns_without_a_name_and_empty_fields_too_many_do_no_harm() -> None:
    layout = Layout(("email", ""), ",", Place(7, 2))
    assert row("ann@example.com,note,,\n", layout).attributes == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ann@example.com,Ann\n", "2 fields; the header line has 3"),
        ("ann@example.com,Ann,,x\n", "4 fields; the header line has 3"),
        ("ann.example.com,Ann,\n", "@-sign"),
        (",Ann,\n", "@-sign"),
        ("ann@example.com,Ann,Mars/Olympus\n", "`Mars/Olympus` is not an IANA time zone"),
        (f"ann@example.com,{'x' * ATTRIBUTES_LIMIT},\n", "limit is 8192"),
        ('"ann"x,Ann,\n', "cannot be read"),
    ],
)
def test_a_row_that_cannot_be_a_contact_is_refused_with_the_reason(line: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        row(line)


def test_of_two_rows_the_later_values_win_where_there_are_any() -> None:
    first = Row(2, "ann@example.com", "example.com", {"name": "Ann", "city": "Bonn"}, "Europe/Rome")
    later = Row(9, "ANN@example.com", "example.com", {"name": "Anna"}, None)
    assert first.merged(later) == Row(
        9, "ANN@example.com", "example.com", {"name": "Anna", "city": "Bonn"}, "Europe/Rome"
    )


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_a_refused_row_is_no_formula_in_the_report(sign: str) -> None:
    row = f'{sign}HYPERLINK("https://evil.example/","x")'
    [shown] = csv.reader(io.StringIO(write_refused([(7, "it is no address", row)]).decode()))
    assert shown == ["7", "it is no address", "'" + row]


def test_a_refused_row_is_reported_as_it_stands() -> None:
    row = 'nobody,"Ann, the ""first"""'
    [shown] = csv.reader(io.StringIO(write_refused([(2, "it is no address", row)]).decode()))
    assert shown == ["2", "it is no address", row]


def ours(attributes: str, value: str = "") -> bytes:
    text = attributes.replace('"', '""')
    head = "email,mailtide:attributes,mailtide:provider,city"
    return f'{head}\na@example.com,"{text}",gmail,{value}\n'.encode()


def only_row(file: bytes) -> Row:
    layout = read_layout(file)
    (record,) = records([file[layout.start.offset :]], layout.start, layout.delimiter)
    return read_row(record, layout)


def test_an_export_of_ours_gives_its_attributes_back() -> None:
    row = only_row(ours('{"orders": 3, "mailtide:x": "y"}', "'=Bonn"))
    assert row.attributes == {"orders": 3, "mailtide:x": "y", "city": "=Bonn"}


def test_a_file_of_others_keeps_its_apostrophes() -> None:
    assert only_row(b"email,city\na@example.com,'=Bonn\n").attributes == {"city": "'=Bonn"}


@pytest.mark.parametrize(
    "text", ["{", "[1]", '"x"', '{"a": NaN}', '{"a": "\\ud800"}', "[" * 5000, "1"]
)
def test_attributes_that_are_no_object_refuse_the_row(text: str) -> None:
    with pytest.raises(InvalidInputError, match="mailtide:attributes"):
        only_row(ours(text))
