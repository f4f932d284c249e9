"""Formulas: the guard can be undone, and leaves nothing that a spreadsheet would calculate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.formulas import guarded, unguarded

texts = st.text(st.sampled_from("=+-@\t\r\n'\uff1dab 1"), max_size=5) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 228", "'+49 228"),
        ("-5", "'-5"),
        ("@name", "'@name"),
        ("\tx", "'\tx"),
        ("\uff1d1", "'\uff1d1"),
        ("'s-Hertogenbosch", "''s-Hertogenbosch"),
        ("'", "''"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_value_is_guarded_and_given_back(value: str, written: str) -> None:
    assert guarded(value) == written
    assert unguarded(written) == value


@given(texts)
def test_the_guard_can_be_undone(value: str) -> None:
    assert unguarded(guarded(value)) == value


@given(texts)
def test_nothing_that_is_written_begins_as_a_formula(value: str) -> None:
    assert not guarded(value).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("value", ["'t Hof", "plain", "'a"])
def test_what_the_guard_would_not_have_written_stays_as_it_is(value: str) -> None:
    assert unguarded(value) == value
