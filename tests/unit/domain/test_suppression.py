"""Suppression: which reason stops which stream, and which reason is named."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.suppression import (
    Evidence,
    Extent,
    History,
    Reason,
    Stream,
    Suppression,
    extent_of,
    reason_of,
    shown_as,
    stops,
)
from mailtide.errors import InvalidInputError

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
        (Reason.MANUAL_ALL, Reason.MANUAL_ALL),
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
    grave = {Reason.HARD_BOUNCE, Reason.COMPLAINT, Reason.MANUAL_ALL}
    assert stops(one, Stream.TRANSACTIONAL) in {None, *grave}


@pytest.mark.parametrize(
    ("shown", "extent", "reason"),
    [
        (Reason.MANUAL, None, Reason.MANUAL),
        (Reason.MANUAL, Extent.MARKETING, Reason.MANUAL),
        (Reason.MANUAL, Extent.ALL, Reason.MANUAL_ALL),
        (Reason.MANUAL_ALL, None, Reason.MANUAL_ALL),
        (Reason.COMPLAINT, Extent.ALL, Reason.COMPLAINT),
        (Reason.HARD_BOUNCE, None, Reason.HARD_BOUNCE),
        (Reason.UNSUBSCRIBE, Extent.MARKETING, Reason.UNSUBSCRIBE),
    ],
)
def test_a_word_and_an_extent_mean_a_reason(
    shown: Reason, extent: Extent | None, reason: Reason
) -> None:
    assert reason_of(shown, extent) is reason
    assert reason_of(shown_as(reason), extent_of(reason)) is reason


@pytest.mark.parametrize(
    ("shown", "extent"),
    [
        (Reason.UNSUBSCRIBE, Extent.ALL),
        (Reason.COMPLAINT, Extent.MARKETING),
        (Reason.MANUAL_ALL, Extent.MARKETING),
    ],
)
def test_an_extent_that_a_reason_has_not_is_refused(shown: Reason, extent: Extent) -> None:
    with pytest.raises(InvalidInputError) as error:
        reason_of(shown, extent)
    assert error.value.code == "suppression_scope"


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


_steps = st.lists(
    st.tuples(st.sampled_from([*Reason, None]), st.integers(0, 5), st.sampled_from("ab")),
    max_size=8,
)


def lived(steps: list[tuple[Reason | None, int, str]]) -> History:
    history = History()
    for reason, minutes, text in steps:
        if reason is None:
            history = history.lifted(at(minutes))
        else:
            history = history.told(reason, Evidence(at(minutes), text))
    return history


@given(steps=_steps, data=st.data())
def test_additions_and_liftings_commute_and_may_be_repeated(
    steps: list[tuple[Reason | None, int, str]], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(steps + steps[:3]))
    assert lived(again) == lived(steps)


@given(_steps)
def test_a_reason_stands_if_something_newer_than_the_last_lifting_says_it(
    steps: list[tuple[Reason | None, int, str]],
) -> None:
    lifted = max((minutes for reason, minutes, _ in steps if reason is None), default=-1)
    newer = {reason for reason, minutes, _ in steps if reason and minutes > lifted}
    standing = lived(steps).standing()
    assert set(standing) == newer
    assert all(evidence.at > at(lifted) for evidence in standing.values())


@given(steps=_steps, now=st.integers(0, 6))
def test_a_lifting_takes_all_that_stands_back_and_a_renewal_stands_again(
    steps: list[tuple[Reason | None, int, str]], now: int
) -> None:
    history = lived(steps)
    bare = history.lifted(history.lifting(at(now)))
    assert bare.standing() == {}
    renewed = bare.told(Reason.MANUAL, Evidence(bare.renewal(at(now)), "again"))
    assert set(renewed.standing()) == {Reason.MANUAL}


def test_without_a_lifting_the_earliest_evidence_is_shown() -> None:
    history = lived([(Reason.COMPLAINT, 3, "a"), (Reason.COMPLAINT, 1, "b")])
    assert history.standing() == {Reason.COMPLAINT: Evidence(at(1), "b")}
    assert history.renewal(NOW) == NOW
