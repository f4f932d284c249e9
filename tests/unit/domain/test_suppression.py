"""Suppression: which reason stops which stream, and which reason is named."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression, stops

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
reasons = st.dictionaries(st.sampled_from(Reason), st.integers(0, 3), min_size=1)


def suppression(ages: dict[Reason, int]) -> Suppression:
    """Return a suppression whose reasons arose so many minutes ago."""
    evidence = {r: Evidence(NOW - timedelta(minutes=n), "words") for r, n in ages.items()}
    return Suppression("org", "0" * 26, evidence)


@pytest.mark.parametrize("stream", Stream)
def test_a_contact_without_suppression_gets_everything(stream: Stream) -> None:
    assert stops(None, stream) is None


@pytest.mark.parametrize(
    ("reason", "transactional"),
    [
        (Reason.HARD_BOUNCE, Reason.HARD_BOUNCE),
        (Reason.COMPLAINT, Reason.COMPLAINT),
        (Reason.UNSUBSCRIBE, None),  # a password reset still comes
        (Reason.MANUAL, None),
    ],
)
def test_each_reason_stops_marketing_and_the_grave_ones_all(
    reason: Reason, transactional: Reason | None
) -> None:
    one = suppression({reason: 5})
    assert stops(one, Stream.MARKETING) is reason
    assert stops(one, Stream.TRANSACTIONAL) is transactional


def test_the_earliest_reason_is_named() -> None:
    one = suppression({Reason.COMPLAINT: 1, Reason.UNSUBSCRIBE: 2, Reason.HARD_BOUNCE: 0})
    assert one.reason is Reason.UNSUBSCRIBE
    assert stops(one, Stream.MARKETING) is Reason.UNSUBSCRIBE


def test_the_earliest_grave_reason_stops_transactional_mail() -> None:
    one = suppression({Reason.COMPLAINT: 1, Reason.UNSUBSCRIBE: 9, Reason.HARD_BOUNCE: 2})
    assert stops(one, Stream.TRANSACTIONAL) is Reason.HARD_BOUNCE


def test_of_two_reasons_at_one_instant_the_first_by_name_is_named() -> None:
    one = suppression({Reason.UNSUBSCRIBE: 1, Reason.COMPLAINT: 1, Reason.HARD_BOUNCE: 1})
    assert one.reason is Reason.COMPLAINT


@given(reasons)
def test_the_order_in_which_reasons_were_added_does_not_matter(ages: dict[Reason, int]) -> None:
    backwards = dict(reversed(ages.items()))
    for stream in Stream:
        assert stops(suppression(ages), stream) is stops(suppression(backwards), stream)


@given(reasons)
def test_what_stops_transactional_mail_stops_marketing_too(ages: dict[Reason, int]) -> None:
    one = suppression(ages)
    assert stops(one, Stream.MARKETING) in ages
    assert stops(one, Stream.TRANSACTIONAL) in {None, Reason.HARD_BOUNCE, Reason.COMPLAINT}
