"""CSV records: the same records wherever the stream is cut, and no bad one takes others along."""

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.csv_records import LIMIT, SHOWN, Place, Record, records

CELLS = st.text(st.sampled_from('ab,;"\n\r é'), max_size=5)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=8)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, size: int = 1 << 20) -> list[Record]:
    return list(records(cut(data, size), Place(), ","))


def written(table: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    return text.getvalue().encode()


@given(table=TABLES, size=st.integers(1, 12))
def test_what_csv_writes_is_read_back_however_it_is_cut(table: list[list[str]], size: int) -> None:
    found = read(written(table), size)
    assert [list(one.fields) for one in found] == [row for row in table if any(row)]
    assert not any(one.problem for one in found)


@given(
    data=st.binary(max_size=60) | st.text('a,"\n\r', max_size=60).map(str.encode), cut_at=st.data()
)
def test_any_record_is_a_place_to_go_on_from(data: bytes, cut_at: st.DataObject) -> None:
    found = read(data)
    if not found:
        return
    index = cut_at.draw(st.integers(0, len(found) - 1))
    place = found[index].after
    rest = list(records([data[place.offset :]], place, ","))
    assert rest == found[index + 1 :]


@given(data=st.binary(max_size=200), size=st.integers(1, 7))
def test_any_bytes_end_in_the_same_records_however_they_are_cut(data: bytes, size: int) -> None:
    assert read(data, size) == read(data)


def test_a_record_over_several_lines_is_named_by_its_first() -> None:
    first, second = read(b'a,"one\ntwo"\nb,c\n')
    assert (first.line, first.fields, first.after) == (1, ("a", "one\ntwo"), Place(12, 3))
    assert (second.line, second.fields) == (3, ("b", "c"))


def test_blank_lines_count_as_lines_but_are_no_records() -> None:
    assert [(one.line, one.fields) for one in read(b"a\r\n\r\n,,\n\nb")] == [
        (1, ("a",)),
        (5, ("b",)),
    ]


def test_an_unclosed_quote_costs_one_line() -> None:
    bad, *good = read(b'a,"open\nb,c\nd,e\n')
    assert bad.problem is not None
    assert (bad.line, bad.text) == (1, 'a,"open')
    assert [one.fields for one in good] == [("b", "c"), ("d", "e")]


def test_an_unclosed_quote_before_a_long_rest_costs_one_line() -> None:
    rest = b"".join(b"x%d,y\n" % n for n in range(20_000))
    bad, *good = read(b'a,"open\n' + rest, 1000)
    assert bad.problem is not None
    assert (bad.line, len(good)) == (1, 20_000)


def test_text_behind_a_closing_quote_is_refused() -> None:
    bad, good = read(b'"a"b,c\nd,e\n')
    assert bad.problem is not None
    assert good.fields == ("d", "e")


def test_a_quote_within_an_unquoted_field_is_a_character() -> None:
    assert [one.fields for one in read(b'5" pipe,x\nb,c\n')] == [('5" pipe', "x"), ("b", "c")]


def test_a_line_that_is_not_utf8_is_refused_alone() -> None:
    bad, good = read("é,x\n".encode("latin-1") + "é,y\n".encode())
    assert bad.problem == "this is not UTF-8 text"
    assert good.fields == ("é", "y")


def test_a_nul_byte_is_refused() -> None:
    bad, good = read(b"a\0b,x\nc,d\n")
    assert bad.problem == "it holds a NUL byte"
    assert good.fields == ("c", "d")


@pytest.mark.parametrize(("size", "refused"), [(LIMIT, False), (LIMIT + 1, True)])
def test_a_record_over_the_limit_is_refused(size: int, refused: bool) -> None:
    record, _ = read(b"x" * (size - 1) + b"\n" + b"b\n", 1000)
    assert bool(record.problem) is refused
    assert len(record.text) == SHOWN


def test_a_line_of_ten_megabytes_is_refused_in_bounded_memory() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a,b\n"
        yield from (b"x" * 65_536 for _ in range(160))
        yield b"\nc,d\n"

    tracemalloc.start()
    found = list(records(blocks(), Place(), ","))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [one.problem is None for one in found] == [True, False, True]
    assert found[2].fields == ("c", "d")
    assert peak < 1_000_000


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_an_argument(delimiter: str) -> None:
    (record,) = records([delimiter.join("abc").encode()], Place(), delimiter)
    assert record.fields == ("a", "b", "c")
