"""Import jobs: how they start and move on, and what they remember of contacts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import identifiers
from mailtide.domain.csv_records import Place
from mailtide.domain.import_job import (
    Counts,
    ImportJob,
    ImportState,
    Seen,
    advanced,
    pack,
    started,
)
from mailtide.errors import ConflictError

JOB = ImportJob("acme", "i1", "l1", datetime(2026, 11, 24, tzinfo=UTC))
CONTACTS = st.integers(0, 60).map(lambda n: identifiers.contact_id(b"k", "acme", f"{n}@x.com"))


def test_a_start_takes_the_file() -> None:
    assert started(JOB, "etag", 9) == replace(
        JOB, state=ImportState.RUNNING, etag="etag", bytes_total=9
    )


def test_a_second_start_changes_nothing() -> None:
    running = started(JOB, "etag", 9)
    assert started(running, "other", 5) == running


@pytest.mark.parametrize("state", [ImportState.DONE, ImportState.FAILED])
def test_what_is_over_does_not_start_again(state: ImportState) -> None:
    with pytest.raises(ConflictError, match=state.value):
        started(replace(JOB, state=state), "etag", 9)


def test_only_chunks_with_refused_rows_are_in_the_report() -> None:
    first = advanced(JOB, Place(10, 4), Counts(imported=2, refused=1))
    second = advanced(first, Place(30, 9), Counts(imported=3, merged=1))
    assert (second.chunks, second.refused_chunks) == ((0, 10), (0,))
    assert second.counts == Counts(5, 1, 1)
    assert second.counts.rows_read == 7


@given(contacts=st.lists(CONTACTS))
def test_a_contact_is_new_once(contacts: list[str]) -> None:
    seen = Seen()
    new = [contact for contact in contacts if seen.add(contact)]
    assert new == list(dict.fromkeys(contacts))


@given(first=st.lists(CONTACTS), second=st.lists(CONTACTS), after=st.lists(CONTACTS))
def test_what_was_packed_is_known_again(
    first: list[str], second: list[str], after: list[str]
) -> None:
    seen = Seen([pack(first), pack(second)])
    before = [*first, *second]
    assert [seen.add(one) for one in dict.fromkeys(after)] == [
        one not in before for one in dict.fromkeys(after)
    ]


@given(st.binary(min_size=16, max_size=16))
def test_a_contact_is_packed_as_the_first_half_of_its_id(raw: bytes) -> None:
    assert pack([identifiers.encode(raw)]) == raw[:8]
