"""Suppression CSV: what a row means, and that an export comes in as it went out."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailtide.domain.csv_records import records
from mailtide.domain.csv_rows import read_layout
from mailtide.domain.suppression import Evidence, Reason
from mailtide.domain.suppression_csv import NOTE_LIMIT, Line, Wanted, header, read, write
from mailtide.errors import InvalidInputError

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def rows(file: bytes) -> list[Wanted]:
    layout = read_layout(file)
    found = records([file[layout.start.offset :]], layout.start, layout.delimiter)
    return [read(record, layout) for record in found]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a@b.com,,,", Reason.MANUAL),
        ("a@b.com,manual,marketing,", Reason.MANUAL),
        ("a@b.com,Manual,ALL,", Reason.MANUAL_ALL),
        ("a@b.com,,all,", Reason.MANUAL_ALL),
        ("a@b.com,unsubscribe,,", Reason.UNSUBSCRIBE),
        ("a@b.com,complaint,all,", Reason.COMPLAINT),
        ("a@b.com,hard_bounce,,", Reason.HARD_BOUNCE),
    ],
)
def test_a_row_names_reason_and_scope(row: str, reason: Reason) -> None:
    assert rows(f"email,Reason,scope,other\n{row}\n".encode()) == [Wanted("a@b.com", reason, "")]


def test_an_address_alone_is_enough() -> None:
    assert rows(b"Email\na@b.com\n") == [Wanted("a@b.com", Reason.MANUAL, "")]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("nobody,,", "address"),
        (",manual,", "address"),
        ("a@b.com,bored,", "bored"),
        ("a@b.com,manual_all,", "manual_all"),
        ("a@b.com,,everything", "everything"),
        ("a@b.com,unsubscribe,all", "marketing"),
        ("a@b.com", "fields"),
    ],
)
def test_a_row_that_suppresses_nobody_says_why(row: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        rows(f"email,reason,scope\n{row}\n".encode())


def test_a_long_note_is_cut() -> None:
    (row,) = rows(b"email,note\na@b.com," + b"x" * 600 + b"\n")
    assert len(row.note) == NOTE_LIMIT


_notes = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_lines = st.lists(
    st.builds(
        Line,
        st.sampled_from(["a@b.com", "=b@b.com", "'c@b.com"]),
        st.just("c1"),
        st.sampled_from(Reason),
        st.builds(Evidence, st.just(NOW), _notes),
    ),
    max_size=5,
)


@example([Line("a@b.com", "c1", Reason.HARD_BOUNCE, Evidence(NOW, "\n"))])  # guarded, then stripped
@given(_lines)
def test_an_export_comes_in_as_it_went_out(lines: Sequence[Line]) -> None:
    expected = [Wanted(line.email, line.reason, line.evidence.text.strip()) for line in lines]
    assert rows(header() + write(lines)) == expected
